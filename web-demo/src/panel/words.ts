/** States and numbers as the panel says them. */

import type { CircuitState, TransitionCause } from "seawall";

const words: Record<CircuitState, string> = {
  closed: "closed",
  open: "open",
  half_open: "half-open",
  forced_open: "held open",
  disabled: "disabled",
};

export function stateWord(state: CircuitState): string {
  return words[state];
}

/** The bare number: the unit stands in the column's head or in the sentence. */
export function milliseconds(value: number | null): string {
  if (value === null) return "–";
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}

export const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const causes: Record<TransitionCause, string> = {
  failure_threshold: "too many failures in the window",
  failure_rate: "too large a share of failures",
  slow_call_rate: "too many slow calls",
  server_asked: "the server asked for a pause",
  probe_failed: "the probe failed",
  probe_timed_out: "the probe got no answer",
  cooled_down: "the cool-down is over, probes may try",
  probes_succeeded: "the probes succeeded",
  forced_open: "opened by hand",
  forced_closed: "closed by hand",
  disabled: "disabled by hand",
  enabled: "enabled by hand",
  reset: "reset by hand",
  restored: "remembered from before the reload",
};

export function causeWords(cause: TransitionCause): string {
  return causes[cause];
}
