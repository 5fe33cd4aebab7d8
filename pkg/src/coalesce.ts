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

import { watchBody } from "./body.js";
import type { Passage, Stage } from "./stage.js";
import type { StageParts } from "./stages.js";
import type { Service } from "./vocabulary.js";

/** Services whose reads are asked for one by one. */
const NEVER = new Set<Service>(["auth", "functions"]);

/** A read under way and those who wait for it. */
interface Flight {
  readonly passage: Passage;
  readonly answer: Promise<Response>;
  /** Callers who have not left. */
  callers: number;
  /** Ends the request. */
  abort(reason: unknown): void;
}

export function createCoalescing({ emitter, clock }: Pick<StageParts, "emitter" | "clock">): Stage {
  const flights = new Map<string, Flight>();
  /** Circuits that are not closed. */
  const troubled = new Set<string>();
  emitter.on("transition", ({ breaker, to }) => {
    if (to === "closed") troubled.delete(breaker);
    else troubled.add(breaker);
  });

  return (passage, next) => {
    const { request, route } = passage;
    if (!isRead(passage)) return sendWrite(passage, () => next(passage));
    const alone = passage.options.coalesce === false || NEVER.has(route.service) || !passage.user.known;
    if (alone || troubled.size > 0) return next(passage);
    const key = request.identity();
    const found = flights.get(key);
    if (found && mayShare(found.passage, passage)) {
      const { service, class: operation, endpoint, method } = route;
      emitter.emit({ type: "join", how: "coalesce", service, class: operation, endpoint, method, at: clock.wall() });
      return join(found, passage);
    }
    const flight = start(passage, (own) => next(own), () => {
      if (flights.get(key) === flight) flights.delete(key);
    });
    flights.set(key, flight);
    return join(flight, passage);
  };

  /** What a read saw before or during a write is old for whoever asks after it. */
  async function sendWrite({ route }: Passage, send: () => Promise<Response>): Promise<Response> {
    if (route.service === "auth") return send();
    flights.clear();
    try {
      return await send();
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

function start(passage: Passage, send: (own: Passage) => Promise<Response>, onAnswer: () => void): Flight {
  const { request } = passage;
  // Its first caller's signal would end it for all. A caller without one never leaves: then nothing can end it.
  const controller = request.signal && new AbortController();
  const own = controller ? { ...passage, request: request.with({ signal: controller.signal }) } : passage;
  const answer = send(own);
  answer.then(onAnswer, onAnswer);
  const abort = (reason: unknown): void => {
    onAnswer();
    controller?.abort(reason);
  };
  return { passage, answer, callers: 0, abort };
}

/** One caller's own answer, until its signal says otherwise. */
function join(flight: Flight, { request: { signal } }: Passage): Promise<Response> {
  flight.callers += 1;
  if (!signal) return flight.answer.then((response) => take(flight, response));
  return new Promise((resolve, reject) => {
    let body: ReturnType<typeof watchBody> | undefined;
    const release = (): void => signal.removeEventListener("abort", leave);
    const leave = (): void => {
      release();
      if (body) return body.fail(signal.reason);
      reject(signal.reason);
      flight.callers -= 1;
      if (flight.callers === 0) flight.abort(signal.reason);
    };
    signal.addEventListener("abort", leave);
    flight.answer.then(
      (response) => {
        if (signal.aborted) return;
        const own = take(flight, response);
        if (own.body === null) {
          release();
          return resolve(own);
        }
        body = watchBody(own, own.body, { onWait() {}, onChunk() {}, onEnd: release, onError: release, onCancel: release });
        resolve(body.response);
      },
      (error: unknown) => {
        release();
        reject(error);
      },
    );
  });
}

/** A whole answer for each caller; the last one needs no copy. */
function take(flight: Flight, response: Response): Response {
  flight.callers -= 1;
  return flight.callers === 0 ? response : response.clone();
}
