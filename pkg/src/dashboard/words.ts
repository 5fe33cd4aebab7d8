/** States and figures as the dashboard says them. */

import type { CircuitState, TransitionCause } from "../vocabulary.js";
import type { AlertRule, Measure } from "./rules.js";
import type { Move } from "./source.js";

export const STATE_WORDS: Record<CircuitState, string> = {
  closed: "closed",
  open: "open",
  half_open: "half-open",
  forced_open: "held open",
  forced_closed: "held closed",
  disabled: "disabled",
  metrics_only: "only watching",
};

export const CAUSE_WORDS: Record<TransitionCause, string> = {
  failure_count: "too many failures in the window",
  failure_rate: "too large a share of failures",
  slow_call_rate: "too many slow calls",
  server_asked: "the server asked for a pause",
  cool_down_elapsed: "the cool-down is over",
  probe_failed: "a probe failed",
  probe_timed_out: "a probe got no answer",
  probes_succeeded: "the probes succeeded",
  manual: "moved by hand",
  restored: "remembered from before the reload",
  policy_changed: "the policy changed",
  other_tab: "another tab found it so",
};

export const MOVES: readonly { readonly move: Move; readonly label: string; readonly done: string }[] = [
  { move: "forceOpen", label: "Hold open", done: "is held open: every call is refused" },
  { move: "forceClosed", label: "Hold closed", done: "is held closed: every call passes" },
  { move: "disable", label: "Disable", done: "is disabled: nothing is watched" },
  { move: "reset", label: "Reset", done: "is reset: closed, watching, nothing remembered" },
];

/** What a rule watches; the unit stands in the threshold. */
export const MEASURE_WORDS: Record<Measure, string> = {
  open_circuits: "Open circuits",
  error_rate: "Failed calls",
  p95: "p95 latency",
  head_room: "Head-room of a limit",
  waiting: "Calls waiting",
};

export function isOpen(state: CircuitState): boolean {
  return state === "open" || state === "forced_open";
}

/** Good, worth a look, or bad: what colour a state has. */
export function tone(state: CircuitState): "good" | "wait" | "bad" | "off" {
  if (isOpen(state)) return "bad";
  if (state === "half_open") return "wait";
  return state === "closed" ? "good" : "off";
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export function count(value: number): string {
  return value < 100_000 ? whole.format(value) : short.format(value);
}

export function rate(perSecond: number): string {
  return perSecond === 0 || perSecond >= 10 ? whole.format(perSecond) : tenths.format(perSecond);
}

/** A share as a percentage that never rounds a failure away. */
export function percent(part: number | null): string {
  if (part === null) return "–";
  if (part > 0.999 && part < 1) return "99.9 %";
  if (part > 0 && part < 0.001) return "0.1 %";
  const value = part * 100;
  return `${Number.isInteger(value) || value >= 99.95 ? whole.format(value) : tenths.format(value)} %`;
}

/** A latency with its unit: 0.4 ms, 38 ms, 1.2 s. */
export function latency(millis: number | null): string {
  if (millis === null) return "–";
  if (millis < 10) return `${tenths.format(millis)} ms`;
  if (millis < 1_000) return `${whole.format(millis)} ms`;
  return `${tenths.format(millis / 1_000)} s`;
}

/** A size: 840 B, 12 kB, 3.4 MB. */
export function bytes(size: number): string {
  if (size < 1_000) return `${whole.format(size)} B`;
  if (size < 1_000_000) return `${whole.format(size / 1_000)} kB`;
  return `${tenths.format(size / 1_000_000)} MB`;
}

/** A span for people: 45 s, 2 min. */
export function span(millis: number): string {
  if (millis < 1_000) return `${whole.format(millis)} ms`;
  if (millis < 120_000) return `${whole.format(millis / 1_000)} s`;
  return `${whole.format(millis / 60_000)} min`;
}

export function measured(measure: Measure, value: number | null): string {
  if (value === null) return "–";
  if (measure === "error_rate" || measure === "head_room") return percent(value);
  return measure === "p95" ? latency(value) : count(value);
}

/** `above 10 %`, `above 2 s for 10 s`. */
export function condition({ measure, threshold, for: held = 0 }: AlertRule): string {
  const side = measure === "head_room" ? "below" : "above";
  return `${side} ${measured(measure, threshold).replace(".0 ", " ")}${held > 0 ? ` for ${span(held)}` : ""}`;
}

export const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
