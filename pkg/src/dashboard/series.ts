/** What changed from reading to reading, over the last minutes: rates and percentiles of short spans. */

import type { EndpointMetrics } from "../metrics/figures.js";
import { type Latencies, latenciesSince } from "../metrics/histogram.js";
import { totals } from "../metrics/totals.js";
import type { Reading } from "./source.js";

/** One moment. Rates are per second, times in milliseconds. */
export interface Point {
  readonly at: number;
  readonly answered: number;
  readonly failed: number;
  readonly refused: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What a span of time came to. */
export interface Span {
  readonly answered: number;
  readonly failed: number;
  readonly refused: number;
  readonly latency: Latencies;
  readonly seconds: number;
}

export interface Series {
  add(reading: Reading): void;
  readonly points: readonly Point[];
  /** What the last so many milliseconds came to. */
  span(millis: number): Span;
}

/** How far back the charts go. */
export const SHOWN = 300_000;
/** Percentiles of a single second would jump about. */
const LATENCY_SPAN = 15_000;
/** A reading that comes sooner replaces the last one: the charts have a point a second. */
const SHORTEST_STEP = 900;

interface Mark {
  readonly at: number;
  readonly answered: number;
  readonly failed: number;
  readonly refused: number;
  readonly latency: Latencies;
}

export function createSeries(): Series {
  let marks: Mark[] = [];
  let points: Point[] = [];

  /** What the readings came to since the latest one that is at least so old. */
  function since(at: number): Span {
    const last = marks.at(-1);
    const first = marks.filter((mark) => mark.at <= at).at(-1) ?? marks[0];
    if (!last || !first) return { answered: 0, failed: 0, refused: 0, latency: totals({ endpoints: [] }).latency, seconds: 0 };
    return {
      answered: last.answered - first.answered,
      failed: last.failed - first.failed,
      refused: last.refused - first.refused,
      latency: latenciesSince(last.latency, first.latency),
      seconds: (last.at - first.at) / 1_000,
    };
  }

  return {
    add(reading) {
      const before = marks.at(-1);
      // A clock set back, or a source that began anew.
      const mark = markOf(reading);
      if (before && (mark.at < before.at || mark.answered < before.answered)) {
        marks = [];
        points = [];
      } else if (before && mark.at - before.at < SHORTEST_STEP) {
        return;
      }
      marks = [...marks.filter(({ at }) => at >= mark.at - SHOWN), mark];
      if (!before || marks.length < 2) return;
      const step = since(before.at);
      const { p50, p95, p99 } = since(mark.at - LATENCY_SPAN).latency;
      const rate = (count: number): number => count / Math.max(step.seconds, 0.001);
      points = points.filter(({ at }) => at >= mark.at - SHOWN);
      points.push({ at: mark.at, answered: rate(step.answered), failed: rate(step.failed), refused: rate(step.refused), p50, p95, p99 });
    },
    get points() {
      return points;
    },
    span: (millis) => since((marks.at(-1)?.at ?? 0) - millis),
  };
}

/** Outcomes by whose doing they are: answered, failed on the way, refused by the guard. An abort is the caller's own. */
export function outcomes(endpoint: Pick<EndpointMetrics, "succeeded" | "failures">): { answered: number; failed: number; refused: number } {
  const { circuit_open = 0, rate_limited = 0, aborted: _, ...others } = endpoint.failures;
  const failed = Object.values(others).reduce((sum, count) => sum + count, 0);
  return { answered: endpoint.succeeded, failed, refused: circuit_open + rate_limited };
}

function markOf({ at, endpoints }: Reading): Mark {
  const all = totals({ endpoints });
  return { at, ...outcomes(all), latency: all.latency };
}
