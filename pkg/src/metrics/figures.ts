/** What metrics are made of: plain data, safe to keep, to print and to send. No address, no row, no user in it. */

import type { Category, CircuitState, OperationClass, Service, TransitionCause } from "../vocabulary.js";
import type { Latencies } from "./histogram.js";

/** What is known of one endpoint and class of operation. */
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
  /** Reads that needed no request of their own, because the same one was under way. */
  readonly coalesced: number;
  /** From call to answer, of the calls that were sent and not aborted by their caller. */
  readonly latency: Latencies;
  /** How long calls over a limit waited for their turn. */
  readonly queue: Latencies;
}

/** How often a circuit changed its state, and why. */
export interface TransitionMetrics {
  readonly breaker: string;
  readonly to: CircuitState;
  readonly cause: TransitionCause;
  readonly count: number;
}

/** The calls of one user, named by a hash that is salted for this origin; `other` for those without a name. */
export interface UserMetrics {
  readonly user: string;
  readonly calls: number;
}

/** What was counted over some span of time. */
export interface Figures {
  readonly endpoints: readonly EndpointMetrics[];
  readonly transitions: readonly TransitionMetrics[];
  readonly users: readonly UserMetrics[];
}

/** Everything counted since the guard was made, or since somebody first asked. */
export interface MetricsSnapshot extends Figures {
  /** Wall-clock milliseconds. */
  readonly since: number;
  readonly at: number;
  /** How each circuit stands. */
  readonly breakers: readonly { readonly key: string; readonly state: CircuitState }[];
  readonly sending: SendingState;
}

/** What became of the batches. */
export interface SendingState {
  /** Batches that wait to be sent. */
  readonly unsent: number;
  readonly sent: number;
  /** Batches given up: too many, too old, or refused. */
  readonly dropped: number;
}

/** What is sent: the figures of one page since its last batch. `page` and `sequence` together are unique. */
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

/** The figures of all endpoints together. */
export type Totals = Pick<EndpointMetrics, "calls" | "succeeded" | "failures" | "retries" | "coalesced" | "latency" | "queue">;
