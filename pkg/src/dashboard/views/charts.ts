/** The two charts: how many calls there are and what becomes of them, and how long they take. */

import type { Point } from "../series.js";
import { latency, rate } from "../words.js";
import { type Chart, chart } from "./chart.js";

export function volumeChart(): Chart {
  return chart({
    id: "volume",
    title: "Calls per second",
    form: "stacked",
    lines: [
      { name: "answered", tone: "answered", value: ({ answered }) => answered },
      { name: "failed", tone: "failed", value: ({ failed }) => failed },
      { name: "refused", tone: "refused", value: ({ refused }) => refused },
    ],
    format: (value) => rate(value ?? 0),
    combine: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
    describe(points) {
      if (points.length === 0) return "No calls yet.";
      const all = points.map(({ answered, failed, refused }) => answered + failed + refused);
      const busiest = Math.max(...all);
      if (busiest === 0) return `No calls in the last ${minutes(points)}.`;
      const sum = (pick: (point: Point) => number): number => points.reduce((total, point) => total + pick(point), 0);
      const share = sum(({ failed }) => failed) / Math.max(1e-9, sum(({ answered, failed }) => answered + failed));
      const mean = rate(all.reduce((total, each) => total + each, 0) / all.length);
      return `In the last ${minutes(points)}: ${mean} a second on average, ${rate(busiest)} at most, ${Math.round(share * 100)} % failed.`;
    },
  });
}

export function latencyChart(): Chart {
  return chart({
    id: "latency",
    title: "Latency",
    form: "logarithmic",
    lines: [
      { name: "p50", tone: "p50", value: ({ p50 }) => p50 },
      { name: "p95", tone: "p95", value: ({ p95 }) => p95 },
      { name: "p99", tone: "p99", value: ({ p99 }) => p99 },
    ],
    format: latency,
    combine: (values) => Math.max(...values),
    describe(points) {
      const p95 = points.map((point) => point.p95).filter((value) => value !== null);
      const latest = p95.at(-1);
      if (latest === undefined) return "No call was answered yet.";
      return `In the last ${minutes(points)}: p95 between ${latency(Math.min(...p95))} and ${latency(Math.max(...p95))}.`;
    },
  });
}

function minutes(points: readonly Point[]): string {
  const first = points[0]?.at ?? 0;
  const seconds = Math.max(1, Math.round(((points.at(-1)?.at ?? 0) - first) / 1_000));
  if (seconds < 90) return seconds === 1 ? "second" : `${seconds} seconds`;
  return `${Math.round(seconds / 60)} minutes`;
}
