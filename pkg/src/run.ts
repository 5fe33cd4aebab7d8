/**
 * `guard.run`: any asynchronous function behind the guard, with the same breaker, limiter, retries and deadline.
 *
 * For what is no fetch: a whole supabase-js call with its wait for a token, a client of another kind. What it resolves
 * with is judged like an answer: supabase-js resolves with `{ error }` where others throw. It is made to cost next to
 * nothing where nothing goes wrong: one promise, one alarm in the shared timer, and a signal only for who asks for it.
 */

import type { Abortable } from "./caller.js";
import { PRIORITIES, type Priority } from "./call-options.js";
import type { CallParts } from "./call.js";
import { Action, Break, CallFlag, Place } from "./core.js";
import { CircuitOpenError, type FailureContext, GuardClosedError, OptionError, RateLimitedError, TimeoutError } from "./errors.js";
import type { CallFacts } from "./events.js";
import type { Route } from "./route.js";
import type { Alarm } from "./timer.js";
import { CATEGORIES, CLASSES, type OperationClass, type Service, SERVICES } from "./vocabulary.js";

/**
 * What {@link Run} may be told about one call.
 *
 * @example
 * ```ts
 * import type { RunOptions } from "seawall";
 *
 * const urgentRead: RunOptions = { class: "reads", idempotent: true, priority: "high" };
 * await guard.run("rest", (signal) => supabase.from("rooms").select().abortSignal(signal), urgentRead);
 * ```
 */
export interface RunOptions {
  /** What kind of work it is, and so which quota it counts against. Default: `rpc` for rpc and functions, else `reads`. */
  readonly class?: OperationClass;
  /** Twice is the same as once: the function may be called again after a failure. Default `false`. */
  readonly idempotent?: boolean;
  /** Who goes first when calls wait for room. */
  readonly priority?: Priority;
  /** The caller's own way to give up. */
  readonly signal?: AbortSignal;
}

/**
 * Calls a function behind the guard and gives what it gives.
 *
 * `target` is a service, or the path of an endpoint with a breaker or limits of its own. The signal is aborted when the
 * attempt ends early; it is made only for functions that declare a parameter. A result with an `error` in it is given
 * to the caller as it is, and judged by the code and status it carries.
 *
 * @example
 * ```ts
 * import type { Run } from "seawall";
 *
 * const run: Run = guard.run;
 * const { data, error } = await run("rest", (signal) => supabase.from("rooms").select().abortSignal(signal));
 * ```
 */
export type Run = <T>(
  target: Service | `/${string}`,
  work: (signal: AbortSignal) => PromiseLike<T>,
  options?: RunOptions,
) => Promise<T>;

const NOTHING: RunOptions = {};
/** The core's number of no category: nothing failed. */
const NO_CATEGORY = 255;

/** The runs under way. */
export interface Runs {
  readonly run: Run;
  readonly size: number;
  abort(reason: unknown): void;
}

export function createRuns(given: CallParts, route: (path: string) => Route, isClosed: () => boolean): Runs {
  // As they are now that the whole core is here, asked once and not with every run.
  const parts = { ...given };
  const live: Running[] = [];
  const routes = new Map<string, Route>();

  function routeOf(target: string, asked: OperationClass | undefined): Route {
    const name = asked === undefined ? target : `${asked} ${target}`;
    const known = routes.get(name);
    if (known) return known;
    const isService = (SERVICES as readonly string[]).includes(target);
    if (!isService && !target.startsWith("/")) {
      throw new OptionError("target", `target is a service or a path, not ${JSON.stringify(target)}`);
    }
    // A service's name is the path of nothing in it: the service's own rules hold.
    const found = route(isService ? ROOTS[target as Service] : target);
    const operation = asked ?? found.class;
    // Nobody knows what a function does: it is repeated only if its caller says so.
    const chosen = { ...found, kind: (found.kind & 7) | (CLASSES.indexOf(operation) << 3), class: operation, method: "RUN" };
    routes.set(name, chosen);
    return chosen;
  }

  return {
    run: (target, work, options = NOTHING) =>
      new Promise((resolve, reject) => {
        options.signal?.throwIfAborted();
        if (isClosed()) throw new GuardClosedError();
        new Running(parts, live, routeOf(target, options.class), work, options, resolve, reject).begin();
      }),
    get size() {
      return live.length;
    },
    abort(reason) {
      for (const running of [...live]) running.abort(reason);
    },
  };
}

const ROOTS: Record<Service, string> = {
  rest: "/rest/v1",
  rpc: "/rest/v1/rpc",
  auth: "/auth/v1",
  storage: "/storage/v1",
  functions: "/functions/v1",
};

class Running implements Abortable, Alarm {
  // Its own alarm in the shared timer, and without `#names`: either would make a run slower by a twentieth.
  at = 0;
  readonly held = true;
  place = -1;
  private readonly started: number;
  private seat: number;
  private id = 0;
  private attempts = 0;
  /** Goes on after a sleep; while an attempt is under way there is none. */
  private wake: (() => void) | undefined = undefined;
  private waits = false;
  private controller: AbortController | undefined = undefined;
  /** What the caller gets when no more is tried: nothing, a value, or an error. */
  private gives: 0 | 1 | 2 = 0;
  private given: unknown = undefined;
  private status = 0;
  private over = false;
  private onAbort: (() => void) | undefined = undefined;

  constructor(
    private readonly parts: CallParts,
    /** Those under way; filled from its own end, it costs no memory. */
    private readonly live: Running[],
    private readonly route: Route,
    private readonly work: (signal: AbortSignal) => PromiseLike<unknown>,
    private readonly options: RunOptions,
    private readonly resolve: (value: never) => void,
    private readonly reject: (reason: unknown) => void,
  ) {
    this.seat = live.push(this) - 1;
    this.started = parts.clock.now();
  }

  begin(): void {
    const { core, scopeOf } = this.parts;
    const { priority = "normal", idempotent, signal } = this.options;
    const route = this.route;
    const kind = route.kind | (idempotent ? CallFlag.Marked : 0) | (PRIORITIES.indexOf(priority) << CallFlag.PriorityShift);
    if (signal) {
      this.onAbort = () => this.abort(signal.reason);
      signal.addEventListener("abort", this.onAbort);
    }
    this.act(core.call.begin(core.guard, scopeOf(route), route.number, 0, kind, 0, this.started), this.started);
  }

  abort(reason: unknown): void {
    this.gives = 2;
    this.given = reason;
    this.broke(Break.Aborted, reason);
  }

  private act(action: Action, now: number): void {
    const numbers = this.parts.core.numbers();
    this.id = numbers[Place.Id] ?? 0;
    if (action === Action.Give || action === Action.Refuse) this.conclude(action, now);
    else if (action === Action.Send) this.send(numbers[Place.Until] ?? 0);
    else this.wait(action, numbers, now);
  }

  private wait(action: Action, numbers: Float64Array, now: number): void {
    const { core, timers, clock, emitter, line } = this.parts;
    const until = numbers[Place.Until] ?? 0;
    const delay = Math.max(0, until - now);
    const isRetry = action === Action.WaitToRetry;
    const category = CATEGORIES[numbers[Place.Category] ?? NO_CATEGORY];
    const id = this.id;
    const wake = (): void => {
      timers.disarm(this);
      line?.leave(id);
      if (this.over) return;
      const awake = clock.now();
      this.act(core.call.next(core.guard, id, awake), awake);
    };
    this.wake = wake;
    timers.add(this, until);
    this.waits = !isRetry;
    if (!isRetry) line?.wait(id, wake);
    this.parts.settled((numbers[Place.News] ?? 0) > 0);
    if (isRetry) emitter.emit({ type: "retry", ...this.facts(), category, attempt: this.attempts + 1, delay });
    else emitter.emit({ type: "wait", ...this.facts(), reason: action === Action.WaitForTurn ? "limit" : "inflight", delay });
  }

  /** The alarm: a sleep is over, or the attempt is given up. */
  ring(): void {
    if (this.wake) return this.wake();
    this.gives = 0;
    this.broke(Break.TimedOut, new DOMException("the attempt timed out", "TimeoutError"));
  }

  private send(until: number): void {
    this.attempts += 1;
    const attempt = this.attempts;
    this.wake = undefined;
    this.parts.timers.add(this, until);
    this.controller = this.work.length > 0 ? new AbortController() : undefined;
    try {
      this.work(this.controller?.signal as AbortSignal).then(
        (value) => {
          if (this.isCurrent(attempt)) this.came(value);
        },
        (error: unknown) => {
          if (this.isCurrent(attempt)) this.threw(error);
        },
      );
    } catch (error) {
      this.threw(error);
    }
  }

  private isCurrent(attempt: number): boolean {
    return attempt === this.attempts && !this.over;
  }

  private came(value: unknown): void {
    this.gives = 1;
    this.given = value;
    const failure = failureIn(value);
    if (failure === undefined) this.answered(200, undefined);
    else this.judge(failure, value as Failing);
  }

  private threw(error: unknown): void {
    this.gives = 2;
    this.given = error;
    if ((error as Failing | null)?.name === "AbortError") this.broke(Break.Aborted, undefined);
    else this.judge((error ?? {}) as Failing, {});
  }

  /** The code of a failure before its status; where there is no status, nobody answered. */
  private judge(error: Failing, result: Failing): void {
    const status = Number(result.status ?? error.status ?? error.statusCode ?? error.context?.status ?? 0);
    const code = typeof error.code === "string" && error.code !== "" ? error.code : undefined;
    if (status >= 400) this.answered(status, code);
    else if (code !== undefined && REFUSALS.has(code)) this.broke(Break.Aborted, undefined);
    else this.broke(this.parts.environment.online() && code !== "offline" ? Break.Network : Break.Offline, undefined);
  }

  private answered(status: number, code: string | undefined): void {
    const { core, clock, timers } = this.parts;
    timers.disarm(this);
    this.status = status;
    const length = code === undefined ? 0 : core.write(`\n\n\n\n\n\n${code}`);
    const now = clock.now();
    // Most that goes well says nothing more.
    const isPlain = status < 400;
    this.act(isPlain ? core.call.stood(core.guard, this.id, status, now) : core.call.answered(core.guard, this.id, status, length, now, 0), now);
  }

  private broke(how: Break, reason: unknown): void {
    const { core, clock, timers } = this.parts;
    timers.disarm(this);
    this.status = 0;
    this.controller?.abort(reason);
    this.controller = undefined;
    const now = clock.now();
    this.act(core.call.broke(core.guard, this.id, how, now), now);
  }

  private conclude(action: Action, now: number): void {
    if (this.over) return;
    this.over = true;
    const { core, count, emitter, line, settled } = this.parts;
    const numbers = core.numbers();
    const failed = numbers[Place.Category] !== NO_CATEGORY;
    // Nobody asks for the figures of a run that went well where nobody listens.
    const figures = failed || emitter.wants("call") ? numbers.slice(0, Place.Queued + 1) : undefined;
    const news = numbers[Place.News] !== 0;
    this.leave();
    if (this.waits) line?.leave(this.id);
    if (this.onAbort) this.options.signal?.removeEventListener("abort", this.onAbort);
    settled(news);
    const attempts = this.attempts;
    const ok = !failed && attempts > 0;
    count(ok, attempts);
    if (ok && !figures) this.resolve(this.given as never);
    else this.tell(action, ok, figures ?? [], now);
  }

  /** Tells of an end that somebody listens for, or that is not a good one. */
  private tell(action: Action, ok: boolean, figures: ArrayLike<number>, now: number): void {
    const { emitter } = this.parts;
    const category = CATEGORIES[figures[Place.Category] ?? NO_CATEGORY];
    const attempts = this.attempts;
    const elapsed = now - this.started;
    const queued = figures[Place.Queued] ?? 0;
    const facts = this.facts();
    emitter.emit({ type: "call", ...facts, ok, category, status: this.status, attempts, user: 0, queued, elapsed });
    if (action === Action.Refuse && category !== "timeout") {
      const wait = Math.max(0, (figures[Place.RetryAt] ?? Infinity) - now);
      const retryAfter = Number.isFinite(wait) ? wait : undefined;
      const isOpen = category === "circuit_open";
      emitter.emit({ type: "refusal", ...facts, reason: isOpen ? "circuit_open" : "rate_limited", retryAfter });
      const context: FailureContext = { ...facts, attempts, elapsed };
      this.reject(isOpen ? new CircuitOpenError(retryAfter, context) : new RateLimitedError(retryAfter, context));
    } else if (this.gives === 1) {
      this.resolve(this.given as never);
    } else if (this.gives === 2) {
      this.reject(this.given);
    } else {
      const limit = (figures[Place.Deadline] ?? 0) - this.started;
      const isLate = elapsed >= limit;
      this.reject(new TimeoutError(isLate ? "deadline_exceeded" : "timeout", isLate ? limit : (figures[Place.Patience] ?? 0), { ...facts, attempts, elapsed }));
    }
  }

  private leave(): void {
    const last = this.live.pop();
    if (!last || last === this) return;
    this.live[this.seat] = last;
    last.seat = this.seat;
  }

  private facts(): CallFacts {
    const { service, class: operation, endpoint, method } = this.route;
    return { service, class: operation, endpoint, method, at: this.parts.clock.wall() };
  }
}

/** The shapes failures come in: supabase-js's parts each have their own. */
interface Failing {
  readonly name?: unknown;
  readonly status?: unknown;
  readonly statusCode?: unknown;
  readonly code?: unknown;
  readonly error?: unknown;
  readonly context?: { readonly status?: unknown } | null;
}

/** A guard inside refused, which says nothing new about the service. */
const REFUSALS = new Set(["circuit_open", "rate_limited", "closed"]);

/** The error in a result of supabase-js. */
function failureIn(value: unknown): Failing | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { error } = value as Failing;
  return typeof error === "object" && error !== null ? error : undefined;
}
