/**
 * Who is signed in at a supabase-js client.
 *
 * supabase-js knows the user from its session, and the token from `getSession()`, which refreshes an old one and
 * may then take half a minute while the auth service is down. So the user is read from the stored session and from
 * auth events, which cost nothing, and the token only when it is to be sent.
 */

import type { Identity } from "./identity.js";

interface Session {
  readonly access_token: string;
}

/** The parts of a supabase-js client of version 2 that know its user. */
export interface SessionClient {
  readonly supabaseKey?: string;
  /** An application's own source of tokens; then there is no `auth`. */
  accessToken?: (() => Promise<string | null>) | undefined;
  readonly auth: Auth;
}

interface Auth {
  getSession(): Promise<{ data: { session: Session | null }; error?: { name: string } | null }>;
  onAuthStateChange(listener: (event: string, session: Session | null) => void): {
    data: { subscription: { unsubscribe(): void } };
  };
  readonly storage?: { getItem(key: string): unknown };
  readonly storageKey?: string;
}

/** Milliseconds in which a token that was just given is not asked for again. */
const FRESH_FOR = 1_000;

export function sessionIdentity(client: SessionClient, now: () => number): Identity {
  const source = client.accessToken ? ownTokens(client.accessToken, now) : authSession(client.auth);
  return {
    ...source,
    key: client.supabaseKey ?? "",
    send: (transport, token, input, init) => withToken(client, token, () => transport(input, init)),
  };
}

type TokenListener = (token: string | null) => void;

/** A token is null where nobody is signed in. */
type TokenSource = Omit<Identity, "key" | "send">;

/** An application's own source of tokens tells no news: whose turn it is, only asking tells. */
function ownTokens(ask: () => Promise<string | null>, now: () => number): TokenSource {
  const listeners = new Set<TokenListener>();
  let latest: string | null | undefined;
  let keptUntil = 0;
  const known = async (): Promise<string | null> => {
    const token = await ask();
    if (token !== latest) tell(listeners, token);
    latest = token;
    keptUntil = now() + FRESH_FOR;
    return token;
  };
  return {
    current: () => undefined,
    known,
    fresh: async () => (latest !== undefined && now() < keptUntil ? latest : known()),
    onChange: (listener) => listen(listeners, listener),
  };
}

function authSession(auth: Auth): TokenSource {
  const listeners = new Set<TokenListener>();
  let current: string | null | undefined;
  let found: (token: string | null) => void = () => {};
  const known = new Promise<string | null>((resolve) => {
    found = resolve;
  });
  const set = (token: string | null): void => {
    current = token;
    found(token);
    tell(listeners, token);
  };
  const { subscription } = auth.onAuthStateChange((event, session) => {
    // A session that could not be refreshed is reported like none, and is still there.
    if (event === "INITIAL_SESSION" && session === null && current) return;
    set(session?.access_token ?? null);
  }).data;
  void storedToken(auth).then((token) => {
    if (current === undefined && token !== undefined) set(token);
  });
  return {
    current: () => current,
    known: () => known,
    async fresh() {
      let found = await auth.getSession();
      // Another tab has stored a fresh session meanwhile; asked again, supabase-js finds it.
      if (found.error?.name === "AuthRefreshDiscardedError") found = await auth.getSession();
      // Who could not be given a fresh token is still signed in.
      if (found.error && current) throw found.error;
      return found.data.session?.access_token ?? null;
    },
    onChange(listener) {
      const stop = listen(listeners, listener);
      return () => {
        stop();
        subscription.unsubscribe();
      };
    },
  };
}

/** The session an earlier page left: whose it is holds although its token may have expired. */
async function storedToken({ storage, storageKey = "" }: Auth): Promise<string | undefined> {
  try {
    const text = await storage?.getItem(storageKey);
    const session = (typeof text === "string" ? JSON.parse(text) : text) as Partial<Session> | null | undefined;
    return typeof session?.access_token === "string" ? session.access_token : undefined;
  } catch {
    return undefined;
  }
}

/**
 * supabase-js asks for the token itself, as the first thing it does when it sends. It is answered with the one
 * that is known: asking again would take a second turn at the session, and might give another user's.
 */
function withToken<T>(client: SessionClient, token: string | null, send: () => T): T {
  const own = client.accessToken;
  client.accessToken = () => Promise.resolve(token);
  try {
    return send();
  } finally {
    client.accessToken = own;
  }
}

function listen(listeners: Set<TokenListener>, listener: TokenListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(listeners: Set<TokenListener>, token: string | null): void {
  for (const listener of [...listeners]) listener(token);
}
