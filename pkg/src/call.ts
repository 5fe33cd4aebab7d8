/**
 * Drives one call: asks the core what to do, does it, tells the core how it went.
 *
 * Every decision (send, wait, refuse, repeat) is the core's. Here are the things a core without I/O cannot
 * do: sending, sleeping, listening to the caller's signal, watching the body, and throwing.
 *
 * While only the first half of the core is here, a call that it lets go is told to the whole later, step by step, and
 * waits for the whole only where there is something to decide: it is not let go, or it failed. Where the whole cannot be
 * had, a failure is given as it is, and what may go is decided by the first half alone.
 */

import { type Attempt, type AttemptEnd, type Send, startAttempt } from "./attempt.js";
import { type BodyWatch, watchBody } from "./body.js";
import type { Abortable } from "./caller.js";
import type { Steps } from "./call.steps.js";
import type { Clock } from "./clock.js";
import { Action, Break, type Core, Leave, Place } from "./core.js";
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
import { type CallFacts, type Emitter, factsOf, type FailureEvent, type GuardEvent, namesOf } from "./events.js";
import type { Line } from "./line.js";
import type { OutgoingRequest } from "./request.js";
import { type Rest, rest } from "./rest.js";
import type { Route } from "./route.js";
import type { Rules } from "./settings.js";
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
  /** Those who wait, once the whole core is here. */
  readonly line: Line | undefined;
  /** Counts a call that has ended. */
  count(ok: boolean, attempts: number): void;
  /** Which rules of the core hold for a route, and what they are. */
  scopeOf(route: Route): number;
  rulesOf(route: Route): Rules;
  /** Asks for the whole core; calls back when it is here, or cannot be had. */
  whole(): Promise<void>;
  /** The core has counted something; with `news`, breakers have something to tell or change by themselves. */
  settled(news: boolean): void;
}

export type Answered = Extract<AttemptEnd, { kind: "answered" }>;

/** Bodies of these services may be long or endless: they must go on coming, but need not end in time. */
const STREAMING = new Set<Service>(["storage", "functions"]);
/** So long is the whole core waited for: a file that takes longer will not come. */
const CORE_PATIENCE = 5_000;
/** The number of no call, and of no category. */
const NONE = 0xffff_ffff;
/** Answers of these have no body. Chromium shows an empty one, with which no `Response` can be made. */
const WITHOUT_BODY = new Set([204, 205, 304]);

export class Call {
  readonly #parts: CallParts;
  readonly #passage: Passage;
  readonly #request: OutgoingRequest;
  readonly #route: Route;
  readonly #started: number;
  /** What the core says is to be done. */
  #action: Action;
  #id = 0;
  /** Milliseconds one attempt may take, and a body may pause. */
  #patience = 0;
  /** The instant by which the whole call has ended. */
  #deadline = 0;
  /** When the sleep, or the attempt under way, ends; its body included. */
  #until = 0;
  #category: Category | undefined;
  #retryAt = Infinity;
  #queued = 0;
  readonly #onAbort = (): void => this.abort(this.#request.signal?.reason);
  #attempt: Attempt | undefined;
  #wake: (() => void) | undefined;
  #stop: { readonly reason: unknown } | undefined;
  #last: AttemptEnd | undefined;
  #attempts = 0;
  /** A good answer was delivered and its end is yet to be told. */
  #untold = false;
  /** Its number among the early calls, for as long as the whole core does not know it. */
  #early = NONE;
  /** The whole core does not hear of it. */
  #alone = true;
  /** It was waited for. */
  #inVain = false;
  #concluded = false;

  constructor(parts: CallParts, passage: Passage) {
    const { request, route } = passage;
    this.#parts = parts;
    this.#passage = passage;
    this.#request = request;
    this.#route = route;
    const now = parts.clock.now();
    this.#started = now - passage.waited;
    this.#action = this.#begin(now);
    parts.live.add(this);
    request.signal?.addEventListener("abort", this.#onAbort);
  }

  #begin(now: number): Action {
    const { core } = this.#parts;
    this.#alone = !core.whole;
    if (core.whole) return this.#take(this.#steps.begin(this.#parts, this.#passage, now - this.#started, now));
    if (this.#beginEarly(core.room ? core.leave : Leave.Nothing, now) === Action.Send) return Action.Send;
    this.#category = undefined;
    return Action.WaitForCore;
  }

  /** Asks the half that is here; the whole hears of it later. */
  #beginEarly(leave: Leave, now: number): Action {
    const { core, rulesOf } = this.#parts;
    const { values, breaker } = rulesOf(this.#route);
    const { user } = this.#passage;
    core.numbers().set(values);
    const waited = now - this.#started;
    const action = core.call.early(core.number, breaker, this.#route.number, user.number, this.#route.kind, leave, values.length, waited, now);
    this.#read();
    if (action !== Action.Send) return action;
    this.#early = this.#id;
    this.#alone = !core.room;
    this.#soon(() => {
      const decided = this.#steps.begin(this.#parts, this.#passage, waited, now);
      this.#id = core.numbers()[Place.Id] ?? 0;
      this.#early = NONE;
      // After a failure the whole core may think otherwise: this one is not its own.
      this.#alone = decided !== Action.Send;
      if (this.#alone) core.call.broke(core.guard, this.#id, Break.Aborted, now);
    });
    return action;
  }

  /** Ends the call from outside: its caller gave up, or the guard closes. */
  abort(reason: unknown): void {
    this.#stop ??= { reason };
    this.#attempt?.abort(reason);
    this.#wake?.();
  }

  async run(): Promise<Response> {
    const send = this.#request.send(this.#passage.transport);
    try {
      for (;;) {
        switch (this.#action) {
          case Action.WaitForCore:
            await this.#waitForCore();
            break;
          case Action.Send:
            await this.#sendOnce(send);
            if (this.#untold) return this.#give();
            break;
          case Action.WaitForTurn:
          case Action.WaitForPlace:
          case Action.WaitToRetry:
            await this.#wait();
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
    this.#attempts += 1;
    this.#attempt = startAttempt(send, this.#until, this.#parts.timers);
    if (this.#stop) this.#attempt.abort(this.#stop.reason);
    if (!this.#parts.core.whole) void this.#parts.whole();
    this.#last = await this.#attempt.ended;
    // A good answer is told when its body has come; until then its permit is in use.
    this.#untold = isGood(this.#last);
    if (this.#untold) return this.#begun();
    this.#tell(this.#last);
    // What is to be done now, the whole core says; without it, nothing.
    await this.#core();
  }

  /** A good answer has begun: its place among those under way is free, and nothing will be repeated. */
  #begun(): void {
    const { core, clock } = this.#parts;
    const now = clock.now();
    if (this.#early !== NONE) core.call.early_answered(this.#early);
    this.#soon(() => core.call.deliver(core.guard, this.#id, now));
    this.#parts.line?.call();
  }

  /** Tells the whole core, if it is one of its calls. */
  #soon(act: () => void): void {
    this.#parts.core.soon(() => {
      if (!this.#alone) act();
    });
  }

  /** How an attempt went, in the core's words. */
  #tell(end: AttemptEnd): void {
    const { core, clock } = this.#parts;
    const now = clock.now();
    // What is told later, is told as of now.
    const told = core.whole ? 0 : clock.wall();
    const wall = (): number => told || clock.wall();
    const status = end.kind === "answered" ? end.response.status : 0;
    const how = end.kind === "answered" ? 0 : end.kind === "timed_out" ? Break.TimedOut : this.#whoseFault(end);
    if (this.#alone || !core.whole) {
      const category = core.call.early_over(this.#early, status, how, now);
      this.#category = CATEGORIES[category];
      this.#action = Action.Give;
    }
    const delivered = this.#untold ? Break.Delivered : 0;
    this.#soon(() => {
      const { call, guard } = core;
      const id = this.#id;
      const action = end.kind === "answered" ? this.#steps.answered(core, id, end, now, wall) : call.broke(guard, id, how + delivered, now);
      // Nobody waits any more for what the core would do next.
      if (this.#concluded && action !== Action.Give) call.broke(guard, id, Break.Aborted, now);
      else this.#action = this.#take(action);
    });
  }

  /** Waits for the whole core, as long as somebody waits for the call and no longer than makes sense. */
  async #core(): Promise<void> {
    const { core, timers, clock, whole } = this.#parts;
    if (core.whole || this.#inVain || this.#stop) return;
    await new Promise<void>((resolve) => {
      const alarm = timers.arm(Math.min(this.#deadline, clock.now() + CORE_PATIENCE), resolve);
      this.#wake = () => {
        timers.disarm(alarm);
        resolve();
      };
      void whole().then(this.#wake);
    });
    this.#wake = undefined;
    this.#inVain = !core.whole;
  }

  /** The half that is here could not tell whether the call may go. */
  async #waitForCore(): Promise<void> {
    const { core, clock } = this.#parts;
    await this.#core();
    if (this.#stop) throw this.#stop.reason;
    const now = clock.now();
    this.#action = core.whole ? this.#begin(now) : this.#beginEarly(Leave.Alone, now);
  }

  /** Takes over what the core says of the call, and gives what it says to do. */
  #take(action: Action): Action {
    this.#parts.settled(this.#read());
    return action;
  }

  /** The same of the half that is here; whether there is news. */
  #read(): boolean {
    const numbers = this.#parts.core.numbers();
    const at = (place: Place): number => numbers[place] ?? 0;
    this.#id = at(Place.Id);
    this.#until = at(Place.Until);
    this.#category = CATEGORIES[at(Place.Category)];
    this.#retryAt = at(Place.RetryAt);
    this.#queued = at(Place.Queued);
    this.#deadline = at(Place.Deadline);
    this.#patience = at(Place.Patience);
    return at(Place.News) > 0;
  }

  #whoseFault(end: AttemptEnd): Break {
    const { error } = end as { error?: unknown };
    if (end.kind === "aborted" || this.#stop || error instanceof UserChangedError || (error as { name?: unknown } | null)?.name === "AbortError") return Break.Aborted;
    try {
      this.#request.check();
    } catch {
      return Break.Aborted;
    }
    return this.#parts.environment.online() ? Break.Network : Break.Offline;
  }

  async #wait(): Promise<void> {
    const { core, clock } = this.#parts;
    const [id, until, action, category] = [this.#id, this.#until, this.#action, this.#category];
    const attempt = this.#attempts + 1;
    const onWake = (wake: (() => void) | undefined): void => void (this.#wake = wake);
    await this.#steps.wait(this.#parts, { id, until, action, category, attempt, facts: this.#facts(), onWake, isOver: () => !!this.#stop });
    if (this.#stop) throw this.#stop.reason;
    this.#action = this.#take(core.call.next(core.guard, this.#id, clock.now()));
  }

  /** What only the whole core asks for. */
  get #steps(): Steps {
    return (rest() as Rest).steps;
  }

  #refusal(): Error {
    const wait = Math.max(0, this.#retryAt - this.#parts.clock.now());
    const retryAfter = Number.isFinite(wait) ? wait : undefined;
    const category = this.#category;
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
    const isEmpty = WITHOUT_BODY.has(response.status) || response.headers.get("content-length") === "0";
    const content = isEmpty ? null : response.body;
    if (content === null || mayBeEndless) this.#settle(end);
    if (content === null) {
      this.#release();
      return response;
    }
    const limit = mayBeEndless ? 0 : this.#until;
    let alarm: Alarm | undefined;
    const arm = (at: number, callback: () => void): void => {
      timers.disarm(alarm);
      alarm = timers.arm(at, callback, callback === stalled);
    };
    const over = (how: AttemptEnd): void => {
      timers.disarm(alarm);
      this.#settle(how);
      this.#release();
    };
    const stalled = (): void => {
      this.#last = { kind: "timed_out" };
      const error = this.#timeout();
      body.fail(error);
      this.#attempt?.abort(error);
      over(this.#last);
    };
    // A long answer that nobody reads must not keep its permit: the service did answer.
    const leftAlone = (): void => {
      if (!body.isTaken()) return this.#settle(end);
      this.#attempt?.abort(this.#timeout());
      over(end);
    };
    const watch: BodyWatch = {
      onWait: () => {
        const now = clock.now();
        arm(now < limit ? limit : now + this.#patience, stalled);
        return now < limit;
      },
      onChunk: () => arm(clock.now() + this.#patience, leftAlone),
      onEnd: () => over(end),
      onError: (error) => over(this.#stop ? { kind: "aborted", reason: error } : { kind: "broke", error }),
      onCancel: () => over({ kind: "aborted", reason: undefined }),
    };
    const unread = mayBeEndless ? undefined : rest()?.watchReading(response, watch, watchBody);
    const body = unread ?? watchBody(response, content, watch);
    // A stream reads ahead by itself, and waits already.
    if (unread) arm(limit, leftAlone);
    return body.response;
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
    const category = this.#category;
    if (category !== "network" && category !== "offline") return error;
    return new NetworkError(category, this.#context(), error);
  }

  #facts(): CallFacts {
    return factsOf(this.#route, this.#parts.clock.wall());
  }

  #context(): FailureContext {
    return { ...namesOf(this.#route), attempts: this.#attempts, elapsed: this.#parts.clock.now() - this.#started };
  }

  #emit(event: GuardEvent): void {
    this.#parts.emitter.emit(event);
  }

  /** The call has its end: it is told, and the core forgets it. */
  #conclude(error?: unknown): void {
    if (this.#concluded) return;
    this.#concluded = true;
    const { clock, emitter } = this.#parts;
    const category = this.#category;
    const last = this.#last?.kind === "answered" ? this.#last : undefined;
    const status = last?.response.status ?? 0;
    const ok = category === undefined && status > 0;
    this.#parts.count(ok, this.#attempts);
    // Not over, so left in the middle: the core gives it up.
    const isOver = this.#action === Action.Give || this.#action === Action.Refuse;
    if (!isOver) this.#tell({ kind: "aborted", reason: error });
    if (!category && !emitter.wants("call")) return;
    const queued = this.#queued;
    const user = this.#passage.user.number;
    const elapsed = clock.now() - this.#started;
    this.#emit({ type: "call", ...this.#facts(), ok, category, status, attempts: this.#attempts, user, queued, elapsed });
    if (category) this.#emit({ type: "failure", ...this.#facts(), category, status, attempts: this.#attempts, elapsed, ...detailsOf(error, last) });
  }

  /** Nothing more is under way for this call. */
  #release(): void {
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#parts.live.delete(this);
  }
}

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
