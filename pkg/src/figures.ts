/** The core's figures under their names. */

import type { Clock } from "./clock.js";
import type { Core } from "./core.js";
import type { Transition } from "./rest.js";
import type { BreakerSnapshot, LimitSnapshot } from "./snapshot.js";
import { CIRCUIT_STATES, CLASSES, SERVICES, TRANSITION_CAUSES, type TransitionCause } from "./vocabulary.js";

export function readBreaker(core: Core, index: number, now: number): BreakerSnapshot {
  core.call.figures(core.guard, index);
  const figures = core.numbers();
  const [service = 0, state = 0, changesAt = Infinity, successes = 0, failures = 0] = figures;
  const [slow = 0, refused = 0, opened = 0, p50 = NaN, p95 = NaN, p99 = NaN] = figures.subarray(5);
  const name = CIRCUIT_STATES[state] ?? "closed";
  return {
    key: core.breakers[index] ?? "",
    service: SERVICES[service] ?? "rest",
    state: name,
    successes,
    failures,
    slow,
    refused,
    opened,
    successRate: successes + failures === 0 ? null : successes / (successes + failures),
    p50: known(p50),
    p95: known(p95),
    p99: known(p99),
    nextProbeIn: name === "open" && Number.isFinite(changesAt) ? Math.max(0, changesAt - now) : null,
  };
}

/** The quotas in use, and those of the policy for classes that have not called yet. */
export function readLimits({ call, guard, numbers, endpoints }: Core, now: number): LimitSnapshot[] {
  const idle = CLASSES.map((_, code) => {
    call.quota(guard, code);
    return readLimit(numbers(), null);
  });
  const used = Array.from({ length: call.limits(guard) }, (_, index) => {
    call.limit(guard, index, now);
    return readLimit(numbers(), endpoints[numbers()[4] ?? 0] ?? "");
  });
  return [...idle, ...used];
}

function readLimit([operation = 0, limit = 0, window = 0, remaining = 0]: Float64Array, endpoint: string | null): LimitSnapshot {
  const name = CLASSES[operation] ?? "reads";
  return { name: endpoint === null ? name : `${name} ${endpoint}`, class: name, endpoint, limit, window, remaining };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** What other tabs know already. */
const HEARD_FROM_OTHERS = new Set<TransitionCause>(["restored", "other_tab", "policy_changed"]);

export function readTransitions({ call, guard, numbers, breakers }: Core, clock: Clock): Transition[] {
  const found: Transition[] = [];
  while (call.transition(guard)) {
    const [breaker = 0, from = 0, to = 0, why = 0, at = 0, until = Infinity] = numbers();
    const now = clock.now();
    const state = CIRCUIT_STATES[to] ?? "closed";
    const cause = TRANSITION_CAUSES[why] ?? "manual";
    const isKnown = HEARD_FROM_OTHERS.has(cause) || state === "half_open";
    const event = {
      type: "transition",
      breaker: breakers[breaker] ?? "",
      from: CIRCUIT_STATES[from] ?? "closed",
      to: state,
      cause,
      nextProbeIn: Number.isFinite(until) ? Math.max(0, until - now) : null,
      at: clock.wall() - Math.max(0, now - at),
    } as const;
    found.push({ event, breaker: isKnown ? -1 : breaker });
  }
  return found;
}
