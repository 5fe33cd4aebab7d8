/** The two charts: how many calls there are and what becomes of them, and how long they take. */

import type { Point } from "../series.js";
import type { Words } from "../words.js";
import { type Chart, chart } from "./chart.js";

export function volumeChart(words: Words): Chart {
  const { t, say, rate, percent } = words;
  return chart(
    {
      id: "volume",
      title: t.volume,
      form: "stacked",
      lines: [
        { name: t.answered, tone: "answered", value: ({ answered }) => answered },
        { name: t.failed, tone: "failed", value: ({ failed }) => failed },
        { name: t.refusedShare, tone: "refused", value: ({ refused }) => refused },
      ],
      format: (value) => rate(value ?? 0),
      combine: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
      describe(points) {
        if (points.length === 0) return t.volumeNone;
        const all = points.map(({ answered, failed, refused }) => answered + failed + refused);
        const busiest = Math.max(...all);
        const span = lately(points, words);
        if (busiest === 0) return say("volumeNoneLately", { span });
        const sum = (pick: (point: Point) => number): number => points.reduce((total, point) => total + pick(point), 0);
        const share = sum(({ failed }) => failed) / Math.max(1e-9, sum(({ answered, failed }) => answered + failed));
        const mean = rate(all.reduce((total, each) => total + each, 0) / all.length);
        return say("volumeSentence", { span, mean, most: rate(busiest), failed: percent(Math.round(share * 100) / 100) });
      },
    },
    words,
  );
}

export function latencyChart(words: Words): Chart {
  const { t, say, latency } = words;
  return chart(
    {
      id: "latency",
      title: t.latency,
      form: "logarithmic",
      lines: [
        { name: t.p50, tone: "p50", value: ({ p50 }) => p50 },
        { name: t.p95, tone: "p95", value: ({ p95 }) => p95 },
        { name: t.p99, tone: "p99", value: ({ p99 }) => p99 },
      ],
      format: latency,
      combine: (values) => Math.max(...values),
      describe(points) {
        const p95 = points.map((point) => point.p95).filter((value) => value !== null);
        if (p95.length === 0) return t.latencyNone;
        return say("latencySentence", { span: lately(points, words), least: latency(Math.min(...p95)), most: latency(Math.max(...p95)) });
      },
    },
    words,
  );
}

/** How far back the points go, as it stands behind "in the last". */
function lately(points: readonly Point[], { t, say, number }: Words): string {
  const first = points[0]?.at ?? 0;
  const seconds = Math.max(1, Math.round(((points.at(-1)?.at ?? 0) - first) / 1_000));
  if (seconds === 1) return t.lastSecond;
  return seconds < 90 ? say("lastSeconds", { n: number(seconds) }) : say("lastMinutes", { n: number(Math.round(seconds / 60)) });
}
