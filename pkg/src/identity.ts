/**
 * Who each request is from, and when somebody has left.
 *
 * Most requests say it themselves, in `Authorization`. A part of a supabase-js client does not: the token is
 * added on the way out, behind the guard. So such a client brings an {@link Identity}, asked before anything is
 * looked up, joined or counted. Who calls is known at once and without the token, which may take seconds when it
 * has to be refreshed; the token is fetched when a request really goes out, and must still be the same user's.
 *
 * Where nobody can tell who is calling, the user is {@link UNKNOWN}: nothing of theirs is kept or shared.
 */

import type { Environment } from "./environment.js";
import { UserChangedError } from "./errors.js";
import { createListeners, type Emitter, type Listeners } from "./events.js";
import type { OutgoingRequest } from "./request.js";
import { NOBODY, UNKNOWN, type User, type Users } from "./user.js";

type Fetch = Environment["fetch"];

/** What a client knows of its user. A token is null where nobody is signed in. */
export interface Identity {
  /** What stands for the token where there is none: the application's key. */
  readonly key: string;
  /** The token, perhaps outdated: good for telling whose it is. Undefined where only asking can tell. */
  current(): string | null | undefined;
  /** The token once it is known, or as it is now where only asking can tell. */
  known(): Promise<string | null>;
  /** A token fit to be sent. May take as long as refreshing a session does, or for ever. */
  fresh(): Promise<string | null>;
  /** Sends with a token that {@link Identity.fresh} gave. */
  send(transport: Fetch, token: string | null, input: RequestInfo | URL, init: RequestInit): Promise<Response>;
  /** Calls back when the token is another; returns the way to stop. */
  onChange(listener: (token: string | null) => void): () => void;
}

export type UserListener = (user: User) => void;

/** Everybody who calls through one guard, as stages see them. */
export interface Identities {
  /** Calls back when a user has left: what is kept of them must go. */
  onSignOut(listener: UserListener): () => void;
  /** Calls back when a user becomes known to a client, or says who they are. */
  onUser(listener: UserListener): () => void;
  /** The clients that bring their identity. */
  clients(): Iterable<Identity>;
  /** Who is signed in at a client; undefined while it does not know yet. */
  userAt(identity: Identity): User | undefined;
  /** Who this token of a client is from. */
  owner(identity: Identity, token: string | null): User;
  /** The `Authorization` that a user was last seen with. */
  lastSeen(user: User): string | undefined;
  /** Everybody whose `Authorization` was seen and not forgotten. */
  seen(): User[];
  /** The user behind this `Authorization`, who is present from now on. */
  behind(authorization: string): User;
}

export interface IdentityRegistry extends Identities {
  /** Takes a client's identity up. */
  add(identity: Identity): void;
  /** Says who calls where requests do not: a subject, or null for nobody any more. */
  identify(subject: string | null): void;
  /** Who this request is from; undefined while its client does not know yet. */
  userOf(request: OutgoingRequest, source: Source): User | undefined;
  /** The transport that sends as this user and as nobody else; one for all of a user's requests from a source. */
  sendingAs(user: User, request: OutgoingRequest, source: Source): Fetch;
  /** This user has left. */
  signOut(user: User): void;
  close(): void;
}

/** Where a request comes from. */
export interface Source {
  readonly transport: Fetch;
  /** The client's, where a part of supabase-js sends. */
  readonly identity?: Identity | undefined;
  /** The transport is the application's own, and may add what it likes. */
  readonly foreign?: boolean;
}

export function createIdentities(users: Users, environment: Environment, emitter: Emitter): IdentityRegistry {
  const clients = new Map<Identity, { user: User | undefined; stop: () => void }>();
  const transports = new WeakMap<Source, WeakMap<User, Fetch>>();
  const left = createListeners<User>(environment.report);
  const came = createListeners<User>(environment.report);
  let identified: User | undefined;
  // Asked once: a browser takes longer to say it than a call to be decided.
  const origin = environment.origin();

  const tell = (listeners: Listeners<User>, user: User): void => {
    emitter.emit({ type: "user", state: listeners === left ? "left" : "arrived", at: environment.wallNow() });
    listeners.tell(user);
  };
  const owner = ({ key }: Identity, token: string | null): User => users.behind(bearer(token ?? key));
  const currentOf = (identity: Identity): User | undefined => {
    const token = identity.current();
    return token === undefined ? undefined : owner(identity, token);
  };

  function signOut(user: User): void {
    if (user === NOBODY || user === UNKNOWN) return;
    users.forget(user);
    tell(left, user);
  }

  function changed(before: User | undefined, now: User | undefined): void {
    if (before === now) return;
    if (before) signOut(before);
    if (now) tell(came, now);
  }

  return {
    onSignOut: left.add,
    onUser: came.add,
    signOut,
    owner,
    clients: () => clients.keys(),
    userAt: currentOf,
    lastSeen: users.lastSeen,
    seen: users.seen,
    behind: (authorization) => users.behind(authorization),
    add(identity) {
      const client: { user: User | undefined; stop: () => void } = { user: undefined, stop: () => {} };
      const look = (token: string | null | undefined): void => {
        const before = client.user;
        // Whoever has only the application's key has not signed in, and cannot leave.
        client.user = token ? owner(identity, token) : undefined;
        changed(before, client.user);
      };
      client.stop = identity.onChange(look);
      clients.set(identity, client);
      look(identity.current());
    },
    identify(subject) {
      const before = identified;
      identified = subject === null ? undefined : users.named(subject);
      changed(before, identified);
    },
    userOf(request, { identity, foreign }) {
      const authorization = request.header("authorization");
      if (authorization !== null) return users.behind(authorization);
      if (identity) return currentOf(identity);
      if (identified) return identified;
      return foreign || mayCarryCookies(request, origin) ? UNKNOWN : NOBODY;
    },
    sendingAs(user, request, source) {
      const { transport, identity } = source;
      if (!identity || request.header("authorization") !== null) return transport;
      const found = transports.get(source) ?? new WeakMap<User, Fetch>();
      transports.set(source, found);
      const known = found.get(user);
      if (known) return known;
      const sender: Fetch = async (input, init = {}) => {
        const token = await identity.fresh();
        init.signal?.throwIfAborted();
        if (user.known && owner(identity, token) !== user) throw new UserChangedError();
        return identity.send(transport, token, input, init);
      };
      found.set(user, sender);
      return sender;
    },
    close() {
      for (const { stop } of clients.values()) stop();
      clients.clear();
      left.clear();
      came.clear();
    },
  };
}

function bearer(token: string): string {
  return `Bearer ${token}`;
}

/** Whether a browser may add a cookie to it, which says who is calling and cannot be read. */
function mayCarryCookies({ url, credentials }: OutgoingRequest, origin: string | undefined): boolean {
  if (credentials === "include") return true;
  if (origin === undefined || credentials === "omit") return false;
  return !url.includes("://") || url.startsWith(`${origin}/`);
}
