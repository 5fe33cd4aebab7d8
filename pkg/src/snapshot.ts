/** What `guard.snapshot()` gives: plain data, safe to keep, to print and to send. */

import type { CacheFigures } from "./cache.js";
import type { CircuitState, OperationClass, Service } from "./vocabulary.js";

/**
 * One breaker, as it is now.
 *
 * @example
 * ```ts
 * const [worst] = [...guard.snapshot().breakers].sort((a, b) => (a.successRate ?? 1) - (b.successRate ?? 1));
 * show(worst?.key, worst?.successRate, worst?.p95);
 * ```
 */
export interface BreakerSnapshot {
  /** A service, or a service and an endpoint where the policy gives the endpoint a breaker of its own. */
  readonly key: string;
  readonly service: Service;
  readonly state: CircuitState;
  /** Attempts since the guard was made that found the service well. */
  readonly successes: number;
  /** Attempts that found it unwell; a caller's mistake is not among them. */
  readonly failures: number;
  /** Attempts that took as long as `slowCallDuration` or longer. */
  readonly slow: number;
  /** Attempts refused by the open circuit. */
  readonly refused: number;
  /** How often the circuit opened. */
  readonly opened: number;
  /** Successes out of all that count, or null when nothing was counted. */
  readonly successRate: number | null;
  /** Milliseconds within which so many percent of the attempts were answered; null without any. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
  /** Milliseconds until an open circuit lets a probe through; null when it is not open. */
  readonly nextProbeIn: number | null;
}

/**
 * One quota, as far as it is used.
 *
 * @example
 * ```ts
 * for (const { name, remaining, limit } of guard.snapshot().limits) show(`${name}: ${remaining} of ${limit} left`);
 * ```
 */
export interface LimitSnapshot {
  /** The class of operation, and the endpoint once it was called. */
  readonly name: string;
  readonly class: OperationClass;
  /** The endpoint whose calls it counts; null for the policy's own line for the class. */
  readonly endpoint: string | null;
  readonly limit: number;
  /** Calls that may still be made now. */
  readonly remaining: number;
  /** Milliseconds of its sliding window. */
  readonly window: number;
}

/**
 * Calls since the guard was made.
 *
 * @example
 * ```ts
 * const { total, succeeded, refused } = guard.snapshot().calls;
 * show(`${succeeded} of ${total} calls succeeded, ${refused} were not sent`);
 * ```
 */
export interface CallCounts {
  readonly total: number;
  readonly succeeded: number;
  /** Ended without the answer asked for, refusals by the guard apart. */
  readonly failed: number;
  /** Refused by the guard; nothing was sent. */
  readonly refused: number;
  /** Requests sent beyond the first of their call. */
  readonly retries: number;
  /** Calls under way now. */
  readonly inflight: number;
  /** Those of them that wait for their turn or for a place. */
  readonly waiting: number;
}

/**
 * Everything the guard knows of itself.
 *
 * @example
 * ```ts
 * import type { GuardSnapshot } from "seawall";
 *
 * const snapshot: GuardSnapshot = guard.snapshot();
 * show(JSON.stringify(snapshot));
 * ```
 */
export interface GuardSnapshot {
  /** Wall-clock milliseconds. */
  readonly at: number;
  readonly breakers: readonly BreakerSnapshot[];
  readonly limits: readonly LimitSnapshot[];
  readonly calls: CallCounts;
  /** Where breaker state is kept: in localStorage, or only in memory. */
  readonly storage: "local" | "memory";
  /** How the cache did; null where there is none, or nothing passed through it yet. */
  readonly cache: CacheFigures | null;
}

/** One breaker as an earlier moment of this origin's pages left it. */
export interface StoredBreaker {
  readonly key: string;
  /** What a page that starts now would begin with. */
  readonly state: CircuitState;
  /** Wall-clock milliseconds at which it was stored. */
  readonly savedAt: number;
  /** Milliseconds until an open circuit lets a probe through; null when it is not open. */
  readonly nextProbeIn: number | null;
  /** Recent failures that still count. */
  readonly recentFailures: number;
  /** Why it would be discarded; null when it is good. */
  readonly problem: string | null;
}
