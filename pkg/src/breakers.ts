/** The guard's breakers, as one may see and move them by hand. */

import type { BreakerSnapshot } from "./snapshot.js";
import { CIRCUIT_STATES, type CircuitState, type Service } from "./vocabulary.js";

/**
 * One breaker. Its methods take effect at once and are told as transitions.
 *
 * @example
 * ```ts
 * const breaker = guard.breakers.get("rest");
 * breaker?.forceOpen();
 * show(breaker?.state, breaker?.statistics.refused);
 * breaker?.reset();
 * ```
 */
export interface Breaker {
  /** A service, or a service and an endpoint where the policy gives the endpoint a breaker of its own. */
  readonly key: string;
  readonly state: CircuitState;
  readonly statistics: BreakerSnapshot;
  /** Refuses every call until told otherwise. */
  forceOpen(): void;
  /** Lets every call pass until told otherwise, and goes on counting. */
  forceClosed(): void;
  /** Neither watches nor refuses until told otherwise. */
  disable(): void;
  /** Back to watching, closed, with nothing remembered. */
  reset(): void;
}

/**
 * All of them: iterable, and each to be had by its key.
 *
 * @example
 * ```ts
 * for (const { key, state } of guard.breakers) show(key, state);
 * show(guard.breakers.get("rest")?.state);
 * ```
 */
export interface Breakers extends Iterable<Breaker> {
  get(key: string): Breaker | undefined;
  readonly size: number;
}

/** What a hand may do to a breaker. The numbers are the core's. */
export const enum Hand {
  ForceOpen = 0,
  ForceClosed = 1,
  Disable = 2,
  Reset = 3,
}

/** What a breaker shows before the core can tell: what a hand has made of it, or else the policy's mode. */
export function untouched(key: string, service: Service, hand: Hand, mode: number): BreakerSnapshot {
  const counts = { successes: 0, failures: 0, slow: 0, refused: 0, opened: 0, successRate: null, p50: null, p95: null, p99: null };
  const state = CIRCUIT_STATES[hand === Hand.Reset ? (BY_MODE[mode] ?? 0) : FORCED + hand] ?? "closed";
  return { key, service, state, ...counts, nextProbeIn: null };
}

/** The states' numbers: as hands force them, in their order, and as the policy's modes show. */
const FORCED = 3;
const BY_MODE = [0, 6, 5];

/** What the handles need of the guard. */
export interface BreakerAccess {
  count(): number;
  key(index: number): string;
  read(index: number): BreakerSnapshot;
  move(index: number, hand: Hand): void;
}

export function createBreakers(access: BreakerAccess): Breakers {
  const handles: Breaker[] = [];

  /** Endpoints' breakers are made when first called: the list grows and never shrinks. */
  function all(): readonly Breaker[] {
    while (handles.length < access.count()) handles.push(handle(access, handles.length));
    return handles;
  }

  return {
    get: (key) => all().find((breaker) => breaker.key === key),
    get size() {
      return all().length;
    },
    [Symbol.iterator]: () => all()[Symbol.iterator](),
  };
}

function handle(access: BreakerAccess, index: number): Breaker {
  return {
    key: access.key(index),
    get state() {
      return access.read(index).state;
    },
    get statistics() {
      return access.read(index);
    },
    forceOpen: () => access.move(index, Hand.ForceOpen),
    forceClosed: () => access.move(index, Hand.ForceClosed),
    disable: () => access.move(index, Hand.Disable),
    reset: () => access.move(index, Hand.Reset),
  };
}
