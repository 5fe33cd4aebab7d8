/** What the guard tells those who listen: typed facts, delivered at once, in order. */

import type { Route } from "./route.js";
import type { Category, CircuitState, OperationClass, Service, TransitionCause } from "./vocabulary.js";

/**
 * A circuit changed its state.
 *
 * @example
 * ```ts
 * guard.on("transition", ({ breaker, from, to, cause, nextProbeIn }) => {
 *   show(`${breaker}: ${from} to ${to} (${cause})`, nextProbeIn);
 * });
 * ```
 */
export interface TransitionEvent {
  readonly type: "transition";
  /** The breaker's key: a service, or a service and an endpoint. */
  readonly breaker: string;
  readonly from: CircuitState;
  readonly to: CircuitState;
  readonly cause: TransitionCause;
  /** Milliseconds until it changes again by itself; null when it does not. */
  readonly nextProbeIn: number | null;
  /** Wall-clock milliseconds. */
  readonly at: number;
}

/**
 * What every event about a call carries.
 *
 * @example
 * ```ts
 * import type { CallFacts } from "seawall";
 *
 * const named = ({ method, endpoint, service }: CallFacts) => `${method} ${endpoint} (${service})`;
 * guard.on("refusal", (event) => show(named(event)));
 * ```
 */
export interface CallFacts {
  readonly service: Service;
  readonly class: OperationClass;
  /** The path that names the resource, without identifiers or query. */
  readonly endpoint: string;
  readonly method: string;
  readonly at: number;
}

/**
 * A call ended, well or not; refused calls end too.
 *
 * @example
 * ```ts
 * guard.on("call", ({ endpoint, ok, category, attempts, elapsed }) => {
 *   if (!ok) show(endpoint, category, `${attempts} attempts in ${elapsed} ms`);
 * });
 * ```
 */
export interface CallEvent extends CallFacts {
  readonly type: "call";
  readonly ok: boolean;
  /** What kind of failure it was; undefined when it was none. */
  readonly category: Category | undefined;
  /** The HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly attempts: number;
  /** The guard's number for the user, which means nothing outside of it; 0 for nobody known. */
  readonly user: number;
  /** Milliseconds it waited for its turn and for a place, waits between attempts apart. */
  readonly queued: number;
  /** Milliseconds from the call to its answer. */
  readonly elapsed: number;
}

/**
 * A call failed; refused calls do, too. Everything for a log or a report, and nothing of tokens or bodies.
 *
 * @example
 * ```ts
 * guard.on("failure", ({ category, code, endpoint, attempts, requestId }) => {
 *   show(`${endpoint}: ${code ?? category}, after ${attempts} attempts`, requestId);
 * });
 * ```
 */
export interface FailureEvent extends CallFacts {
  readonly type: "failure";
  readonly category: Category;
  /** The guard's own code, or the one in the answer; undefined where there is none. */
  readonly code: string | undefined;
  /** What the guard threw says this; undefined for an answer, whose message is its body's. */
  readonly message: string | undefined;
  /** The HTTP status, or 0 when no answer came. */
  readonly status: number;
  readonly attempts: number;
  readonly elapsed: number;
  /** Milliseconds until it is worth trying again, where the guard knows. */
  readonly retryAfter: number | undefined;
  /** The server's name for the request, where it tells one. */
  readonly requestId: string | undefined;
}

/**
 * The guard refused a call before it was sent.
 *
 * @example
 * ```ts
 * guard.on("refusal", ({ reason, endpoint, retryAfter }) => show(endpoint, reason, retryAfter));
 * ```
 */
export interface RefusalEvent extends CallFacts {
  readonly type: "refusal";
  readonly reason: "circuit_open" | "rate_limited";
  /** Milliseconds until it is worth trying again. */
  readonly retryAfter: number | undefined;
}

/**
 * An attempt failed and another follows.
 *
 * @example
 * ```ts
 * guard.on("retry", ({ endpoint, attempt, delay }) => show(endpoint, `attempt ${attempt} in ${delay} ms`));
 * ```
 */
export interface RetryEvent extends CallFacts {
  readonly type: "retry";
  readonly category: Category | undefined;
  /** The number of the attempt that follows; the first retry is 2. */
  readonly attempt: number;
  /** Milliseconds until it is made. */
  readonly delay: number;
}

/**
 * A call waits: for its turn because it is over the limit, or for a place among those under way.
 *
 * @example
 * ```ts
 * guard.on("wait", ({ endpoint, delay }) => show(endpoint, `waits ${delay} ms for its turn`));
 * ```
 */
export interface WaitEvent extends CallFacts {
  readonly type: "wait";
  readonly reason: "limit" | "inflight";
  /** Milliseconds until its turn, unless somebody more urgent comes; for a place, the most it will wait. */
  readonly delay: number;
}

/**
 * A call needed no request of its own: it shares one with others.
 *
 * @example
 * ```ts
 * let saved = 0;
 * guard.on("join", () => {
 *   saved += 1;
 * });
 * ```
 */
export interface JoinEvent extends CallFacts {
  readonly type: "join";
  /**
   * `coalesce`: the same read was under way. `batch`: one request asks for this and others of its kind.
   * `debounce`: a later call with the same key was sent for both, or an earlier one.
   */
  readonly how: "coalesce" | "batch" | "debounce";
}

/**
 * A request was too long for one URL and was sent in parts.
 *
 * @example
 * ```ts
 * guard.on("split", ({ endpoint, parts }) => show(`${endpoint} in ${parts} parts`));
 * ```
 */
export interface SplitEvent extends CallFacts {
  readonly type: "split";
  readonly parts: number;
}

/**
 * The cache answered a read, or learnt that the server's answer is another.
 *
 * @example
 * ```ts
 * guard.on("cache", ({ result, changed, endpoint }) => {
 *   if (result === "revalidated" && changed) show(endpoint);
 * });
 * ```
 */
export interface CacheEvent extends CallFacts {
  readonly type: "cache";
  /**
   * `fresh` and `stale`: from what is kept. `miss`: from the server. `revalidated`: the server was asked about what
   * is kept, for the caller or behind its back.
   */
  readonly result: "fresh" | "stale" | "revalidated" | "miss";
  /** The answer's key, for `guard.cache.invalidate({ key })`. */
  readonly key: string;
  /** Milliseconds since the answer came from the server. */
  readonly age: number;
  /** Why the last known answer was given instead of a new one. */
  readonly reason: Category | undefined;
  /** Whether the server's answer differs from the one that was kept. */
  readonly changed: boolean;
}

/**
 * Something about stored state: restored, discarded, or kept in memory only.
 *
 * @example
 * ```ts
 * guard.on("storage", ({ state, reason }) => {
 *   if (state === "memory") show("nothing outlives this page:", reason);
 * });
 * ```
 */
export interface StoredStateEvent {
  readonly type: "storage";
  readonly state: "restored" | "discarded" | "memory";
  readonly reason: string;
  readonly at: number;
}

/**
 * The policy was taken over from the server, or could not be.
 *
 * @example
 * ```ts
 * guard.on("policy", ({ state, reason }) => {
 *   if (state === "failed") show("the policy could not be had:", reason);
 * });
 * ```
 */
export interface PolicyEvent {
  readonly type: "policy";
  readonly state: "applied" | "unchanged" | "failed";
  readonly reason: string;
  readonly at: number;
}

/**
 * A user signed in or became known, or left: what the guard kept of them is gone. Who it was is not told.
 *
 * @example
 * ```ts
 * guard.on("user", ({ state }) => {
 *   if (state === "left") show("signed out");
 * });
 * ```
 */
export interface UserEvent {
  readonly type: "user";
  readonly state: "arrived" | "left";
  readonly at: number;
}

/**
 * Something about a queued write.
 *
 * @example
 * ```ts
 * guard.on("offline", ({ state, method, url, reason }) => show(state, method, url, reason));
 * ```
 */
export interface OfflineEvent {
  readonly type: "offline";
  /**
   * `queued` when it was stored, `replayed` when it was done, `failed` when it waits for another try, `conflict` when it
   * collided, `setAside` when it is not tried any more, `dropped` when it gave way to what is there.
   */
  readonly state: "queued" | "replayed" | "failed" | "conflict" | "setAside" | "dropped";
  readonly id: number;
  readonly method: string;
  readonly url: string;
  /** Why it was set aside, or what failed; empty where all is well. */
  readonly reason: string;
  readonly at: number;
}

/** What is told of a call's route, and nothing else of it. */
export function namesOf({ service, class: operation, endpoint, method }: Route): Omit<CallFacts, "at"> {
  return { service, class: operation, endpoint, method };
}

/** A route as events tell it. */
export function factsOf(route: Route, at: number): CallFacts {
  return { ...namesOf(route), at };
}

/**
 * The guard could not be loaded: its calls are sent unguarded or fail, as the option `unavailable` says.
 *
 * @example
 * ```ts
 * guard.on("unavailable", ({ calls, reason }) => show(calls === "fail" ? "no calls" : "no guard", reason));
 * ```
 */
export interface UnavailableEvent {
  readonly type: "unavailable";
  readonly calls: "passThrough" | "fail";
  readonly reason: string;
  readonly at: number;
}

/**
 * Every event by its name.
 *
 * @example
 * ```ts
 * import type { GuardEvents } from "seawall";
 *
 * function describe({ from, to, cause }: GuardEvents["transition"]) {
 *   return `${from} to ${to}, because of ${cause}`;
 * }
 * ```
 */
export interface GuardEvents {
  transition: TransitionEvent;
  unavailable: UnavailableEvent;
  call: CallEvent;
  failure: FailureEvent;
  refusal: RefusalEvent;
  retry: RetryEvent;
  wait: WaitEvent;
  join: JoinEvent;
  split: SplitEvent;
  cache: CacheEvent;
  storage: StoredStateEvent;
  policy: PolicyEvent;
  offline: OfflineEvent;
  user: UserEvent;
}

/**
 * The name of an event.
 *
 * @example
 * ```ts
 * import type { GuardEventType } from "seawall";
 *
 * const watched: GuardEventType[] = ["refusal", "retry", "wait"];
 * for (const type of watched) guard.on(type, (event) => show(event));
 * ```
 */
export type GuardEventType = keyof GuardEvents;
/**
 * Any event; its `type` says which.
 *
 * @example
 * ```ts
 * import type { GuardEvent } from "seawall";
 *
 * const log: GuardEvent[] = [];
 * for (const type of ["call", "retry", "transition"] as const) guard.on(type, (event) => log.push(event));
 * ```
 */
export type GuardEvent = GuardEvents[GuardEventType];
/**
 * What `guard.on` calls with each event of a type.
 *
 * @example
 * ```ts
 * import type { Listener } from "seawall";
 *
 * const tell: Listener<"transition"> = ({ breaker, to }) => show(breaker, to);
 * const stop = guard.on("transition", tell);
 * stop();
 * ```
 */
export type Listener<Type extends GuardEventType> = (event: GuardEvents[Type]) => void;

export interface Emitter {
  on<Type extends GuardEventType>(type: Type, listener: Listener<Type>): () => void;
  emit(event: GuardEvent): void;
  /** Whether anybody listens: an event that nobody hears need not be made. */
  wants(type: GuardEventType): boolean;
  clear(): void;
}

/** Those who listen for one thing. */
export interface Listeners<T> {
  /** Until the function it returns is called. */
  add(listener: (value: T) => void): () => void;
  tell(value: T): void;
  clear(): void;
  readonly size: number;
}

export function createListeners<T>(report: (error: unknown) => void): Listeners<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    add(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(value) {
      for (const listener of [...listeners]) {
        try {
          listener(value);
        } catch (error) {
          report(error);
        }
      }
    },
    clear: () => listeners.clear(),
    get size() {
      return listeners.size;
    },
  };
}

/** A listener that throws is reported and disturbs neither the call nor the other listeners. */
export function createEmitter(report: (error: unknown) => void): Emitter {
  const listeners = new Map<GuardEventType, Listeners<never>>();
  return {
    on(type, listener) {
      const own = listeners.get(type) ?? createListeners(report);
      listeners.set(type, own);
      return own.add(listener);
    },
    emit: (event) => listeners.get(event.type)?.tell(event as never),
    wants: (type) => (listeners.get(type)?.size ?? 0) > 0,
    clear: () => listeners.clear(),
  };
}
