/**
 * Drives one call: asks the core what to do, does it, tells the core how it went.
 *
 * Every decision (send, wait, refuse, repeat) is the core's. Here are the things a core without I/O cannot
 * do: sending, sleeping, listening to the caller's signal, watching the body, and throwing.
 */

import { type Attempt, type AttemptEnd, type Send, startAttempt } from "./attempt.js";
import { watchBody, type WatchedBody } from "./body.js";
import type { Abortable } from "./caller.js";
import { PRIORITIES } from "./call-options.js";
import type { Clock } from "./clock.js";
import { Action, Break, CallFlag, type Core, Header } from "./core.js";
import type { Environment } from "./environment.js";
import {
  CircuitOpenError,
  type FailureContext,
  GuardClosedError,
  GuardError,
  NetworkError,
  RateLimitedError,
  TimeoutError,
  UserChangedError,
} from "./errors.js";
import type { CallFacts, Emitter, FailureEvent, GuardEvent } from "./events.js";
import type { Line } from "./line.js";
import type { OutgoingRequest } from "./request.js";
import type { Route } from "./route.js";
import type { Passage } from "./stage.js";
import type { Alarm, Timers } from "./timer.js";
import { CATEGORIES, type Category, type Service } from "./vocabulary.js";

/** What calls share. */
export interface CallParts {
  readonly core: Core;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly emitter: Emitter;
  readonly environment: Environment;
  /** Calls under way, so that closing the guard can end them. */
  readonly live: Set<Abortable>;
  readonly line: Line;
  /** The core may have changed state: events wait to be told, stored state may be old. */
  settled(): void;
}

type Answered = Extract<AttemptEnd, { kind: "answered" }>;

/** Bodies of these services may be long or endless: they must go on coming, but need not end in time. */
const STREAMING = new Set<Service>(["storage", "functions"]);
/** Answers of these have no body. Chromium shows an empty one, with which no `Response` can be made. */
const WITHOUT_BODY = new Set([204, 205, 304]);

export class Call {
  readonly #parts: CallParts;
  readonly #passage: Passage;
  readonly #request: OutgoingRequest;
  readonly #route: Route;
  readonly #started: number;
  readonly #id: number;
  /** Milliseconds one attempt may take, and a body may pause. */
  readonly #patience: number;
  /** The instant by which the whole call has ended. */
  readonly #deadline: number;
  readonly #onAbort = (): void => this.abort(this.#request.signal?.reason);
  #attempt: Attempt | undefined;
  #wake: (() => void) | undefined;
  #stop: { readonly reason: unknown } | undefined;
  #last: AttemptEnd | undefined;
  #attempts = 0;
  /** When the attempt under way is given up, its body included. */
  #limit = 0;
  /** A good answer was delivered and its end is yet to be told. */
  #untold = false;
  #concluded = false;

  constructor(parts: CallParts, passage: Passage) {
    const { request, route } = passage;
    this.#parts = parts;
    this.#passage = passage;
    this.#request = request;
    this.#route = route;
    const now = parts.clock.now();
    this.#started = now - passage.waited;
    this.#id = begin(parts.core, passage, now);
    this.#patience = parts.core.patience(this.#id);
    this.#deadline = parts.core.deadline(this.#id);
    parts.live.add(this);
    request.signal?.addEventListener("abort", this.#onAbort);
  }

  /** Ends the call from outside: its caller gave up, or the guard closes. */
  abort(reason: unknown): void {
    this.#stop ??= { reason };
    this.#attempt?.abort(reason);
    this.#wake?.();
  }

  async run(): Promise<Response> {
    const { core, clock } = this.#parts;
    const send = this.#request.send(this.#passage.transport);
    try {
      for (;;) {
        const action: Action = core.next(this.#id, clock.now());
        switch (action) {
          case Action.Send:
            await this.#sendOnce(send);
            if (this.#untold) return this.#give();
            break;
          case Action.WaitForTurn:
          case Action.WaitForPlace:
          case Action.WaitToRetry:
            await this.#wait(core.until(this.#id), action);
            break;
          case Action.Refuse:
            throw this.#refusal();
          default:
            return this.#give();
        }
      }
    } catch (error) {
      this.#conclude(error);
      this.#release();
      throw error;
    }
  }

  async #sendOnce(send: Send): Promise<void> {
    const { core, timers } = this.#parts;
    this.#attempts += 1;
    this.#limit = core.until(this.#id);
    this.#attempt = startAttempt(send, this.#limit, timers);
    if (this.#stop) this.#attempt.abort(this.#stop.reason);
    this.#last = await this.#attempt.ended;
    // A good answer is told when its body has come; until then its permit is in use.
    this.#untold = isGood(this.#last);
    if (this.#untold) this.#begun();
    else this.#tell(this.#last);
  }

  /** A good answer has begun: its place among those under way is free, and nothing will be repeated. */
  #begun(): void {
    const { core, clock, line } = this.#parts;
    core.deliver(this.#id, clock.now());
    line.call();
  }

  /** How an attempt went, in the core's words. */
  #tell(end: AttemptEnd): void {
    const { core, clock } = this.#parts;
    const now = clock.now();
    if (end.kind === "answered") answered(core, this.#id, end, now, clock.wall());
    else if (end.kind === "timed_out") core.broke(this.#id, Break.TimedOut, now);
    else if (end.kind === "aborted") core.broke(this.#id, Break.Aborted, now);
    else core.broke(this.#id, this.#whoseFault(end.error), now);
    this.#parts.settled();
  }

  #whoseFault(error: unknown): Break {
    if (this.#stop || error instanceof UserChangedError || (error as { name?: unknown } | null)?.name === "AbortError") return Break.Aborted;
    try {
      this.#request.check();
    } catch {
      return Break.Aborted;
    }
    return this.#parts.environment.online() ? Break.Network : Break.Offline;
  }

  async #wait(until: number, action: Action): Promise<void> {
    const { timers, clock, line } = this.#parts;
    const delay = Math.max(0, until - clock.now());
    if (action !== Action.WaitToRetry) {
      const reason = action === Action.WaitForTurn ? "limit" : "inflight";
      this.#emit({ type: "wait", ...this.#facts(), reason, delay });
    } else {
      const attempt = this.#attempts + 1;
      this.#emit({ type: "retry", ...this.#facts(), category: this.#category(), attempt, delay });
    }
    if (!this.#stop) {
      await new Promise<void>((resolve) => {
        const alarm = timers.arm(until, resolve);
        this.#wake = () => {
          timers.disarm(alarm);
          resolve();
        };
        if (action !== Action.WaitToRetry) line.wait(this.#id, this.#wake);
        // What it has given up by waiting may be another's.
        line.call();
      });
      line.leave(this.#id);
    }
    this.#wake = undefined;
    if (this.#stop) throw this.#stop.reason;
  }

  #refusal(): Error {
    const { core, clock } = this.#parts;
    const wait = core.retryAfter(this.#id, clock.now());
    const retryAfter = Number.isFinite(wait) ? wait : undefined;
    const category = this.#category();
    if (category === "timeout") return this.#timeout();
    const isOpen = category === "circuit_open";
    this.#emit({ type: "refusal", ...this.#facts(), reason: isOpen ? "circuit_open" : "rate_limited", retryAfter });
    const context = this.#context();
    return isOpen ? new CircuitOpenError(retryAfter, context) : new RateLimitedError(retryAfter, context);
  }

  /** Hands over what the last attempt brought. */
  #give(): Response {
    const last = this.#last;
    if (this.#stop) throw this.#stop.reason;
    switch (last?.kind) {
      case "answered":
        return this.#deliver(last);
      case "timed_out":
        throw this.#timeout();
      case "aborted":
        throw last.reason;
      case "broke":
        throw this.#broken(last.error);
      default:
        throw new GuardClosedError(this.#context());
    }
  }

  /** The answer, with its body watched until it has come or its reader has left. */
  #deliver(end: Answered): Response {
    const { timers, clock } = this.#parts;
    const { response } = end;
    const mayBeEndless = STREAMING.has(this.#route.service);
    const content = WITHOUT_BODY.has(response.status) ? null : response.body;
    if (content === null || mayBeEndless) this.#settle(end);
    if (content === null) {
      this.#release();
      return response;
    }
    const limit = mayBeEndless ? 0 : this.#limit;
    let alarm: Alarm | undefined;
    const over = (how: AttemptEnd): void => {
      timers.disarm(alarm);
      this.#settle(how);
      this.#release();
    };
    const body = watchBody(response, content, {
      onWait: () => {
        const now = clock.now();
        alarm = timers.arm(now < limit ? limit : now + this.#patience, () => {
          this.#last = { kind: "timed_out" };
          const error = this.#timeout();
          body.fail(error);
          this.#attempt?.abort(error);
          over(this.#last);
        });
      },
      onChunk: () => timers.disarm(alarm),
      onEnd: () => over(end),
      onError: (error) => over(this.#stop ? { kind: "aborted", reason: error } : { kind: "broke", error }),
      onCancel: () => over({ kind: "aborted", reason: undefined }),
    });
    this.#giveUpUnread(end, body);
    return body.response;
  }

  /** A long answer that nobody reads must not keep its permit: the service did answer. */
  #giveUpUnread(end: Answered, body: WatchedBody): void {
    const { timers, clock } = this.#parts;
    if (this.#concluded) return;
    timers.arm(
      clock.now() + this.#patience,
      () => {
        if (!this.#concluded && !body.waiting()) this.#settle(end);
      },
      false,
    );
  }

  /** Tells the core how a delivered answer ended, once. */
  #settle(end: AttemptEnd): void {
    if (this.#concluded) return;
    if (this.#untold) this.#tell(end);
    this.#untold = false;
    this.#conclude();
  }

  #timeout(): TimeoutError {
    const context = this.#context();
    const limit = this.#deadline - this.#started;
    if (context.elapsed >= limit) return new TimeoutError("deadline_exceeded", limit, context);
    return new TimeoutError("timeout", this.#patience, context);
  }

  #broken(error: unknown): unknown {
    if (error instanceof UserChangedError) error.sent = this.#attempts > 1;
    const category = this.#category();
    if (category !== "network" && category !== "offline") return error;
    return new NetworkError(category, this.#context(), error);
  }

  #category(): Category | undefined {
    return CATEGORIES[this.#parts.core.category(this.#id)];
  }

  #facts(): CallFacts {
    const { service, class: operation, endpoint, method } = this.#route;
    return { service, class: operation, endpoint, method, at: this.#parts.clock.wall() };
  }

  #context(): FailureContext {
    const { service, class: operation, endpoint, method } = this.#route;
    const elapsed = this.#parts.clock.now() - this.#started;
    return { service, class: operation, endpoint, method, attempts: this.#attempts, elapsed };
  }

  #emit(event: GuardEvent): void {
    this.#parts.emitter.emit(event);
  }

  /** The call has its end: it is told, and the core forgets it. */
  #conclude(error?: unknown): void {
    if (this.#concluded) return;
    this.#concluded = true;
    const { core, clock } = this.#parts;
    const category = this.#category();
    const last = this.#last?.kind === "answered" ? this.#last : undefined;
    const status = last?.response.status ?? 0;
    const elapsed = clock.now() - this.#started;
    const ok = category === undefined && status > 0;
    const queued = core.queued(this.#id, clock.now());
    core.end(this.#id, clock.now());
    this.#parts.settled();
    const user = this.#passage.user.number;
    this.#emit({ type: "call", ...this.#facts(), ok, category, status, attempts: this.#attempts, user, queued, elapsed });
    if (category) this.#emit({ type: "failure", ...this.#facts(), category, status, attempts: this.#attempts, elapsed, ...detailsOf(error, last) });
  }

  /** Nothing more is under way for this call. */
  #release(): void {
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#parts.live.delete(this);
  }
}

/** A call that says nothing of its priority has no bit set. */
const NORMAL = PRIORITIES.indexOf("normal");

/** What is to be told of a failure beyond its category; nothing of the request's or the answer's contents. */
function detailsOf(error: unknown, last: Answered | undefined): Pick<FailureEvent, "code" | "message" | "retryAfter" | "requestId"> {
  const own = error instanceof GuardError ? error : undefined;
  const header = (name: string): string | undefined => last?.response.headers.get(name) ?? undefined;
  const requestId = header("x-request-id") ?? header("sb-request-id");
  return { code: own?.code ?? last?.code, message: own?.message, retryAfter: own?.retryAfter, requestId };
}

function isGood(end: AttemptEnd | undefined): boolean {
  return end?.kind === "answered" && end.response.status < 400;
}

function begin(core: Core, { request, route, user, options, flags, waited }: Passage, now: number): number {
  if (waited > 0) core.waited(waited);
  const prefer = request.header("prefer");
  if (prefer !== null) core.header(Header.Prefer, prefer);
  const marked = options.idempotent ? CallFlag.Marked : 0;
  const urgency = (PRIORITIES.indexOf(options.priority ?? "normal") ^ NORMAL) << CallFlag.PriorityShift;
  const own = options.idempotent === false ? request.flags & ~CallFlag.Marked : request.flags;
  return core.begin(route.id, user.number, own | flags | marked | urgency, now);
}

/** The headers that advise about waiting; where CORS hides them there are none. */
const ADVICE: readonly [Header, string][] = [
  [Header.RetryAfter, "retry-after"],
  [Header.RateLimit, "ratelimit"],
  [Header.RateLimitPolicy, "ratelimit-policy"],
  [Header.LegacyLimit, "x-ratelimit-limit"],
  [Header.LegacyRemaining, "x-ratelimit-remaining"],
  [Header.LegacyReset, "x-ratelimit-reset"],
];

function answered(core: Core, id: number, { response, code }: Answered, now: number, wall: number): void {
  for (const [number, name] of ADVICE) {
    const text = response.headers.get(name);
    if (text !== null) core.header(number, text);
  }
  core.answered(id, response.status, code, now, wall);
}
