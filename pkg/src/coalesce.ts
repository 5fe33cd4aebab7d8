/**
 * Identical reads under way share one request.
 *
 * A page that mounts ten widgets asks for the current user's profile ten times in one frame. The same request (same
 * user, transport, URL and headers) is sent once, and each caller gets a whole answer of its own. A
 * caller who gives up leaves the others alone; the last one to leave ends the request.
 *
 * Never joined: what has a body, what goes to auth (`getUser()` is a fresh check by contract) or to functions (what
 * they answer may never end), what anybody may be asking for, a read asked for after a write with one asked for before it, and anything while a
 * circuit is not closed: whether a probe hangs is nobody else's trouble.
 */

import { factsOf } from "./events.js";
import { share, type Shared } from "./sharing.js";
import type { Next, Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { Service } from "./vocabulary.js";

/** Services whose reads are asked for one by one. */
const NEVER = new Set<Service>(["auth", "functions"]);

/** A read under way. */
interface Flight {
  readonly passage: Passage;
  readonly shared: Shared;
}

export function createCoalescing({ settings, emitter, clock }: StageParts): Stage {
  const flights = new Map<string, Flight>();
  /** Circuits that are not closed. */
  const troubled = new Set<string>();
  emitter.on("transition", ({ breaker, to }) => {
    if (to === "closed") troubled.delete(breaker);
    else troubled.add(breaker);
  });

  return (passage, next) => {
    const { request, route, options } = passage;
    if (!isRead(passage)) return sendWrite(passage, next);
    if (troubled.size > 0 || NEVER.has(route.service) || !passage.user.known) return next(passage);
    if (!(options.coalesce ?? settings.flag("coalesce.enabled", route))) return next(passage);
    const key = request.identity();
    const found = flights.get(key);
    if (found && mayShare(found.passage, passage)) {
      emitter.emit({ type: "join", how: "coalesce", ...factsOf(route, clock.wall()) });
      return found.shared.join(request.signal);
    }
    return start(key, passage, next);
  };

  function start(key: string, passage: Passage, next: Next): Promise<Response> {
    const { request } = passage;
    // Its first caller's signal would end it for all. A caller without one never leaves: then nothing can end it.
    const controller = request.signal && new AbortController();
    const own = controller ? { ...passage, request: request.with({ signal: controller.signal }) } : passage;
    const answer = next(own);
    const land = (): void => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    answer.then(land, land);
    const shared = share(answer, (reason) => {
      land();
      controller?.abort(reason);
    });
    const flight = { passage, shared };
    flights.set(key, flight);
    return shared.join(request.signal);
  }

  /** What a read saw before or during a write is old for whoever asks after it. */
  async function sendWrite(passage: Passage, next: Next): Promise<Response> {
    if (passage.route.service === "auth") return next(passage);
    flights.clear();
    try {
      return await next(passage);
    } finally {
      flights.clear();
    }
  }
}

function isRead({ request: { method } }: Passage): boolean {
  return method === "GET" || method === "HEAD";
}

function mayShare(one: Passage, other: Passage): boolean {
  return one.user === other.user && one.transport === other.transport;
}
