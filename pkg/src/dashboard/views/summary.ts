/** The figures one looks at first: the last minute, and what is under way. */

import { h, setText } from "../dom.js";
import type { Series } from "../series.js";
import type { Reading } from "../source.js";
import { NONE, type Words } from "../words.js";

export interface Summary {
  readonly element: HTMLElement;
  show(reading: Reading, series: Series): void;
}

const MINUTE = 60_000;

export function summary({ t, count, latency, percent }: Words): Summary {
  const list = h("dl", { class: "summary" });
  const figure = (name: string): HTMLElement => {
    const value = h("dd", {}, NONE);
    list.append(h("div", {}, h("dt", {}, name), value));
    return value;
  };
  const calls = figure(t.calls);
  const succeeded = figure(t.succeeded);
  const refused = figure(t.refusedCalls);
  const p50 = figure(t.p50);
  const p95 = figure(t.p95);
  const p99 = figure(t.p99);
  const inflight = figure(t.underWay);
  return {
    element: h("section", { class: "last-minute", "aria-label": t.lastMinute }, list),
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
