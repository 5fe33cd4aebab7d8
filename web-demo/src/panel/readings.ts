/** What the panel's parts need of the guard's snapshot. */

import type { BreakerSnapshot, CircuitState, GuardSnapshot } from "seawall";

export type BreakerReading = BreakerSnapshot;
export type LimitReading = GuardSnapshot["limits"][number];

/** From fine to grave: the line from page to server shows the gravest. */
const gravity: readonly CircuitState[] = [
  "closed",
  "metrics_only",
  "disabled",
  "forced_closed",
  "half_open",
  "open",
  "forced_open",
];

export function gravest(breakers: readonly BreakerReading[]): CircuitState {
  const found = breakers.map((breaker) => gravity.indexOf(breaker.state));
  return gravity[Math.max(0, ...found)] ?? "closed";
}
