/** Figures and texts as one dashboard says them: its own table, and numbers in the manner of its language. */

import type { CircuitState } from "../vocabulary.js";
import type { AlertRule, Measure } from "./rules.js";
import { DASHBOARD_TEXTS, type DashboardTexts } from "./texts.js";

export interface Words {
  readonly t: DashboardTexts;
  /** A text with its braces filled in. */
  say(name: keyof DashboardTexts, values: Readonly<Record<string, string>>): string;
  /** A number as it is. */
  number(value: number): string;
  count(value: number): string;
  rate(perSecond: number): string;
  /** A share as a percentage that never rounds a failure away. */
  percent(part: number | null): string;
  /** A latency with its unit: 0.4 ms, 38 ms, 1.2 s. */
  latency(millis: number | null): string;
  /** A size: 840 B, 12 kB, 3.4 MB. */
  bytes(size: number): string;
  /** A span for people: 45 s, 2 min. */
  span(millis: number): string;
  measured(measure: Measure, value: number | null): string;
  /** `above 10 %`, `above 2 s for 10 s`. */
  condition(rule: AlertRule): string;
  /** A time of day. */
  time(at: number): string;
}

/** What stands where there is no figure. */
export const NONE = "–";

export function wordsOf(own: Partial<DashboardTexts> = {}): Words {
  const t: DashboardTexts = { ...DASHBOARD_TEXTS, ...own };
  const whole = new Intl.NumberFormat(t.language, { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat(t.language, { notation: "compact", maximumFractionDigits: 1 });
  const tenths = new Intl.NumberFormat(t.language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const upToTenths = new Intl.NumberFormat(t.language, { maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(t.language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

  const say: Words["say"] = (name, values) => t[name].replaceAll(/\{(\w+)\}/g, (braces, key: string) => values[key] ?? braces);
  const count = (value: number): string => (value < 100_000 ? whole : short).format(value);

  function percent(part: number | null, format = tenths): string {
    if (part === null) return NONE;
    const value = part > 0.999 && part < 1 ? 99.9 : part > 0 && part < 0.001 ? 0.1 : part * 100;
    return say("percent", { n: (Number.isInteger(value) || value >= 99.95 ? whole : format).format(value) });
  }

  function latency(millis: number | null, format = tenths): string {
    if (millis === null) return NONE;
    if (millis >= 1_000) return say("seconds", { n: format.format(millis / 1_000) });
    return say("milliseconds", { n: (millis < 10 ? format : whole).format(millis) });
  }

  function span(millis: number): string {
    if (millis < 1_000) return say("milliseconds", { n: whole.format(millis) });
    if (millis < 120_000) return say("seconds", { n: whole.format(millis / 1_000) });
    return say("minutes", { n: whole.format(millis / 60_000) });
  }

  function measured(measure: Measure, value: number | null, format = tenths): string {
    if (value === null) return NONE;
    if (measure === "error_rate" || measure === "head_room") return percent(value, format);
    return measure === "p95" ? latency(value, format) : count(value);
  }

  return {
    t,
    say,
    number: (value) => upToTenths.format(value),
    count,
    rate: (perSecond) => (perSecond === 0 || perSecond >= 10 ? whole : tenths).format(perSecond),
    percent: (part) => percent(part),
    latency: (millis) => latency(millis),
    bytes(size) {
      if (size < 1_000) return say("byteCount", { n: whole.format(size) });
      if (size < 1_000_000) return say("kilobytes", { n: whole.format(size / 1_000) });
      return say("megabytes", { n: tenths.format(size / 1_000_000) });
    },
    span,
    measured: (measure, value) => measured(measure, value),
    condition({ measure, threshold, for: held = 0 }) {
      const side = measure === "head_room" ? "below" : "above";
      const figure = measured(measure, threshold, upToTenths);
      return held > 0 ? say(`${side}For`, { figure, span: span(held) }) : say(side, { figure });
    },
    time: (at) => clock.format(at),
  };
}

export function isOpen(state: CircuitState): boolean {
  return state === "open" || state === "forced_open";
}

/** Good, worth a look, or bad: what colour a state has. */
export function tone(state: CircuitState): "good" | "wait" | "bad" | "off" {
  if (isOpen(state)) return "bad";
  if (state === "half_open") return "wait";
  return state === "closed" ? "good" : "off";
}
