/** The figures one looks at first: the last minute, and what is under way. */

import { h, setText } from "../dom.js";
import type { Series } from "../series.js";
import type { Reading } from "../source.js";
import { count, latency, percent } from "../words.js";

export interface Summary {
  readonly element: HTMLElement;
  show(reading: Reading, series: Series): void;
}

const MINUTE = 60_000;

export function summary(): Summary {
  const list = h("dl", { class: "summary" });
  const figure = (name: string): HTMLElement => {
    const value = h("dd", {}, "–");
    list.append(h("div", {}, h("dt", {}, name), value));
    return value;
  };
  const calls = figure("Calls");
  const succeeded = figure("Succeeded");
  const refused = figure("Refused");
  const p50 = figure("p50");
  const p95 = figure("p95");
  const p99 = figure("p99");
  const inflight = figure("Under way");
  return {
    element: h("section", { class: "last-minute", "aria-label": "The last minute" }, list),
    show(reading, series) {
      const minute = series.span(MINUTE);
      const ended = minute.answered + minute.failed;
      setText(calls, count(ended + minute.refused));
      setText(succeeded, percent(ended === 0 ? null : minute.answered / ended));
      succeeded.dataset["tone"] = minute.failed > 0 ? "bad" : "";
      setText(refused, count(minute.refused));
      refused.dataset["tone"] = minute.refused > 0 ? "accent" : "";
      setText(p50, latency(minute.latency.p50));
      setText(p95, latency(minute.latency.p95));
      setText(p99, latency(minute.latency.p99));
      setText(inflight, count(reading.inflight));
    },
  };
}
