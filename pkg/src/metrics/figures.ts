/** What metrics are made of: plain data, safe to keep, to print and to send. No address, no row, no user in it. */

import type { CacheEvent, JoinEvent, TransitionEvent } from "../events.js";
import type { Category, CircuitState, OperationClass, Service, TransitionCause } from "../vocabulary.js";
import type { Latencies } from "./histogram.js";

/**
 * What is known of one endpoint and class of operation.
 *
 * @example
 * ```ts
 * const { endpoints } = await guard.metrics.snapshot();
 * for (const { endpoint, calls, succeeded, latency } of endpoints) show(endpoint, succeeded / calls, latency.p95);
 * ```
 */
export interface EndpointMetrics {
  readonly service: Service;
  readonly class: OperationClass;
  /** The path that names the resource; `other` for all beyond the first hundred. */
  readonly endpoint: string;
  /** Calls that ended, however they ended. Answers from the cache are no calls. */
  readonly calls: number;
  readonly succeeded: number;
  /** The others by what kind of failure they were; refusals by the guard are among them. */
  readonly failures: { readonly [category in Category]?: number };
  /** Requests sent beyond the first of their call. */
  readonly retries: number;
  /** Calls that needed no request of their own, by how they were joined with others. */
  readonly joined: { readonly [how in JoinEvent["how"]]?: number };
  /** Reads that the cache saw, by what it did with them: `fresh` and `stale` needed no request. */
  readonly cache: { readonly [result in CacheEvent["result"]]?: number };
  /** From call to answer, of the calls that were sent and not aborted by their caller. */
  readonly latency: Latencies;
  /** How long calls waited for their turn or for a place, of those that did. */
  readonly queue: Latencies;
}

/**
 * How often a circuit changed its state, and why.
 *
 * @example
 * ```ts
 * const { transitions } = await guard.metrics.snapshot();
 * for (const { breaker, to, cause, count } of transitions) show(`${breaker} went ${to} ${count} times: ${cause}`);
 * ```
 */
export interface TransitionMetrics {
  readonly breaker: string;
  readonly to: CircuitState;
  readonly cause: TransitionCause;
  readonly count: number;
}

/**
 * The calls of one user, named by a hash that is salted for this origin; `other` for those without a name.
 *
 * @example
 * ```ts
 * const { users } = await guard.metrics.snapshot();
 * const [busiest] = [...users].sort((a, b) => b.calls - a.calls);
 * ```
 */
export interface UserMetrics {
  readonly user: string;
  readonly calls: number;
}

/**
 * What was counted over some span of time.
 *
 * @example
 * ```ts
 * import { type Figures, totals } from "seawall/metrics";
 *
 * const failed = (figures: Figures) => totals(figures).calls - totals(figures).succeeded;
 * show(failed(await guard.metrics.snapshot()));
 * ```
 */
export interface Figures {
  readonly endpoints: readonly EndpointMetrics[];
  readonly transitions: readonly TransitionMetrics[];
  readonly users: readonly UserMetrics[];
}

/**
 * One change of a circuit.
 *
 * @example
 * ```ts
 * import type { Transition } from "seawall/metrics";
 *
 * const { history } = await guard.metrics.snapshot();
 * history.forEach(({ breaker, from, to, cause }: Transition) => show(breaker, from, to, cause));
 * ```
 */
export type Transition = Pick<TransitionEvent, "breaker" | "from" | "to" | "cause" | "at">;

/**
 * Everything counted since the guard was made, or since somebody first asked.
 *
 * @example
 * ```ts
 * import type { MetricsSnapshot } from "seawall";
 *
 * const snapshot: MetricsSnapshot = await guard.metrics.snapshot();
 * show(snapshot.endpoints.length, snapshot.breakers, snapshot.sending.unsent);
 * ```
 */
export interface MetricsSnapshot extends Figures {
  /** Wall-clock milliseconds. */
  readonly since: number;
  readonly at: number;
  /** The latest fifty transitions, the latest last. */
  readonly history: readonly Transition[];
  /** How each circuit stands. */
  readonly breakers: readonly { readonly key: string; readonly state: CircuitState }[];
  readonly sending: SendingState;
}

/**
 * What became of the batches.
 *
 * @example
 * ```ts
 * const { sending } = await guard.metrics.snapshot();
 * if (sending.dropped > 0) show(`${sending.dropped} batches are lost`);
 * ```
 */
export interface SendingState {
  /** Batches that wait to be sent. */
  readonly unsent: number;
  readonly sent: number;
  /** Batches given up: too many, too old, or refused. */
  readonly dropped: number;
}

/**
 * What is sent: the figures of one page since its last batch. `page` and `sequence` together are unique.
 *
 * @example
 * ```ts
 * import { createGuard, type MetricsBatch } from "seawall";
 *
 * const send = (batch: MetricsBatch) => navigator.sendBeacon("/ingest", JSON.stringify(batch));
 * createGuard({ metrics: { send } });
 * ```
 */
export interface MetricsBatch extends Figures {
  readonly version: 1;
  /** A random name of the page that counted. */
  readonly page: string;
  readonly sequence: number;
  /** The span it covers, in wall-clock milliseconds. */
  readonly from: number;
  readonly to: number;
  /** Batches this page had given up when it made this one. */
  readonly dropped: number;
}

/**
 * The figures of all endpoints together.
 *
 * @example
 * ```ts
 * import { totals, type Totals } from "seawall/metrics";
 *
 * const all: Totals = totals(await guard.metrics.snapshot());
 * show(all.calls, all.failures.timeout ?? 0, all.latency.p99);
 * ```
 */
export type Totals = Pick<EndpointMetrics, "calls" | "succeeded" | "failures" | "retries" | "joined" | "cache" | "latency" | "queue">;
