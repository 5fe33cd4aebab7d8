/**
 * Makes a call as whoever makes it: finds out who that is, sends as them, and starts over if somebody else has
 * signed in before anything was sent.
 */

import type { Clock } from "./clock.js";
import { GuardError, TimeoutError, UserChangedError } from "./errors.js";
import { type Emitter, namesOf } from "./events.js";
import type { Identity, IdentityRegistry, Source } from "./identity.js";
import type { OutgoingRequest } from "./request.js";
import type { Route } from "./route.js";
import { patienceFor, type Settings } from "./settings.js";
import type { Passage } from "./stage.js";
import type { Timers } from "./timer.js";
import { UNKNOWN, type User } from "./user.js";

/** Users who come and go faster than this are not waited for. */
const MOST_CHANGES = 2;

/** Something under way that can be ended from outside. */
export interface Abortable {
  abort(reason: unknown): void;
}

export interface CallerParts {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly emitter: Emitter;
  count(ok: boolean, attempts: number): void;
  readonly live: Set<Abortable>;
  readonly identities: IdentityRegistry;
}

/** What differs from user to user in the passage of one request. */
export type Sender = Pick<Passage, "user" | "transport" | "waited">;

export interface Calling {
  readonly request: OutgoingRequest;
  readonly route: Route;
  readonly source: Source;
}

export function sendAsCaller(
  parts: CallerParts,
  calling: Calling,
  send: (sender: Sender) => Promise<Response>,
): Promise<Response> {
  const { request, route, source } = calling;
  if (source.identity === undefined && route.service !== "auth") {
    return send({ user: parts.identities.userOf(request, source) ?? UNKNOWN, transport: source.transport, waited: 0 });
  }
  return sendAsUser(parts, calling, send);
}

async function sendAsUser(
  parts: CallerParts,
  calling: Calling,
  send: (sender: Sender) => Promise<Response>,
): Promise<Response> {
  const { identities, clock } = parts;
  const { request, route, source } = calling;
  const since = clock.now();
  for (let changes = 0; ; changes += 1) {
    const user = identities.userOf(request, source) ?? (await arrival(parts, calling, since));
    const transport = identities.sendingAs(user, request, source);
    try {
      const response = await send({ user, transport, waited: clock.now() - since });
      if (isSignOut(route, request.url, response.status)) identities.signOut(user);
      return response;
    } catch (error) {
      // Nothing was sent as the user who was here when the call began: it is the next one's call.
      if (!(error instanceof UserChangedError) || error.sent || changes === MOST_CHANGES) throw error;
    }
  }
}

/** The user of a client that does not know at once who is signed in, waited for no longer than for an answer. */
function arrival(parts: CallerParts, { request, route, source }: Calling, since: number): Promise<User> {
  const { timers, live, identities } = parts;
  const identity = source.identity as Identity;
  const patience = patienceFor(parts.settings, route);
  return new Promise((resolve, reject) => {
    const onAbort = (): void => waiting.abort(request.signal?.reason);
    const over = (): void => {
      timers.disarm(alarm);
      live.delete(waiting);
      request.signal?.removeEventListener("abort", onAbort);
    };
    const waiting: Abortable = {
      abort(reason) {
        over();
        reject(reason);
      },
    };
    const alarm = timers.arm(since + patience, () => waiting.abort(tooLate(parts, route, patience, since)));
    live.add(waiting);
    request.signal?.addEventListener("abort", onAbort);
    const arrived = (user: User): void => {
      over();
      resolve(user);
    };
    identity.known().then(
      (token) => arrived(identities.owner(identity, token)),
      // A client that cannot tell who it is says what is wrong when it is to send.
      () => arrived(UNKNOWN),
    );
  });
}

function tooLate({ clock, count, emitter }: CallerParts, route: Route, patience: number, since: number): GuardError {
  const facts = { ...namesOf(route), attempts: 0, elapsed: clock.now() - since };
  count(false, 0);
  emitter.emit({ type: "call", ...facts, at: clock.wall(), ok: false, category: "timeout", status: 0, queued: 0, user: 0 });
  return new TimeoutError("timeout", patience, facts);
}

/** The auth service answers so to a session that is gone already, too; ending a user's other sessions is no leaving. */
function isSignOut({ endpoint }: Route, url: string, status: number): boolean {
  if (endpoint !== "/auth/v1/logout" || /[?&]scope=others\b/.test(url)) return false;
  return status < 300 || status === 401 || status === 403 || status === 404;
}
