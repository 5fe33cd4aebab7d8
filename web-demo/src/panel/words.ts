/** States and numbers as the panel says them. */

import type { CircuitState, TransitionCause } from "seawall";

const words: Record<CircuitState, string> = {
  closed: "closed",
  open: "open",
  half_open: "half-open",
  forced_open: "held open",
  forced_closed: "held closed",
  disabled: "disabled",
  metrics_only: "only watching",
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
  failure_count: "too many failures in the window",
  failure_rate: "too large a share of failures",
  slow_call_rate: "too many slow calls",
  server_asked: "the server asked for a pause",
  cool_down_elapsed: "the cool-down is over, probes may try",
  probe_failed: "a probe failed",
  probe_timed_out: "a probe got no answer",
  probes_succeeded: "the probes succeeded",
  manual: "moved by hand",
  restored: "remembered from before the reload",
  policy_changed: "the policy changed",
  other_tab: "another tab found it so",
};

export function causeWords(cause: TransitionCause): string {
  return causes[cause];
}
