/**
 * Figures as OpenTelemetry's collector takes them: OTLP, version 1, as JSON.
 *
 * The body of a POST to `/v1/metrics`. Whole numbers of 64 bits are strings there, enums are numbers, times
 * are nanoseconds. Everything is cumulative since the snapshot's `since`.
 */

import type { EndpointMetrics, MetricsSnapshot } from "./figures.js";
import { type Latencies, upperEdge } from "./histogram.js";
import { stateNumber } from "./prometheus.js";

/** OTLP's `AGGREGATION_TEMPORALITY_CUMULATIVE`. */
const CUMULATIVE = 2;

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue: string };
}

interface Times {
  readonly startTimeUnixNano: string;
  readonly timeUnixNano: string;
}

/**
 * An `ExportMetricsServiceRequest`, as a plain object: `JSON.stringify` makes it the body.
 *
 * @example
 * ```ts
 * import { otlpMetrics } from "seawall/metrics";
 *
 * const body = JSON.stringify(otlpMetrics(await guard.metrics.snapshot(), { "service.name": "shop" }));
 * await fetch("https://collector.example.com/v1/metrics", { method: "POST", body });
 * ```
 */
export function otlpMetrics(snapshot: MetricsSnapshot, resource: Readonly<Record<string, string>> = {}): object {
  const times = { startTimeUnixNano: nanos(snapshot.since), timeUnixNano: nanos(snapshot.at) };
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes({ "service.name": "seawall", ...resource }) },
        scopeMetrics: [{ scope: { name: "seawall" }, metrics: metricsOf(snapshot, times) }],
      },
    ],
  };
}

function metricsOf({ endpoints, breakers, transitions, users }: MetricsSnapshot, times: Times): object[] {
  return [
    sum("seawall.client.calls", "Calls that ended, by endpoint, class and outcome.", "{call}", times, endpoints.flatMap(outcomes)),
    sum(
      "seawall.client.retries",
      "Requests sent beyond the first of their call.",
      "{request}",
      times,
      endpoints.map((row) => [attributesOf(row), row.retries]),
    ),
    sum(
      "seawall.client.joined",
      "Calls that needed no request of their own, by how they were joined.",
      "{call}",
      times,
      byName(endpoints, "how", ({ joined }) => joined),
    ),
    sum(
      "seawall.client.cache.reads",
      "Reads that the cache saw, by result.",
      "{call}",
      times,
      byName(endpoints, "result", ({ cache }) => cache),
    ),
    histogram("seawall.client.call.duration", "Time from call to answer, of the calls that were sent.", endpoints, times, (row) => row.latency),
    histogram("seawall.client.queue.duration", "Time calls waited for their turn or for a place.", endpoints, times, (row) => row.queue),
    gauge(
      "seawall.client.circuit_breaker.state",
      "State of each circuit: 0 closed, 1 half-open, 2 open.",
      times,
      breakers.map(({ key, state }) => [attributes({ dependency: key }), stateNumber(state)]),
    ),
    sum(
      "seawall.client.circuit_breaker.transitions",
      "Transitions of circuit breakers, by dependency, state entered and cause.",
      "{transition}",
      times,
      transitions.map(({ breaker, to, cause, count }) => [attributes({ dependency: breaker, to, cause }), count]),
    ),
    gauge("seawall.client.users", "Users whose calls were counted.", times, [[[], users.length]]),
  ];
}

type Points = readonly (readonly [attributes: Attribute[], value: number])[];

function outcomes(row: EndpointMetrics): [Attribute[], number][] {
  const ok = [...attributesOf(row), ...attributes({ outcome: "ok" })];
  return [[ok, row.succeeded], ...byName([row], "outcome", ({ failures }) => failures)];
}

/** A point for each name that was counted. */
function byName(rows: readonly EndpointMetrics[], key: string, pick: (row: EndpointMetrics) => Readonly<Record<string, number>>): [Attribute[], number][] {
  return rows.flatMap((row) =>
    Object.entries(pick(row)).map(([name, count]): [Attribute[], number] => [[...attributesOf(row), ...attributes({ [key]: name })], count]),
  );
}

function sum(name: string, description: string, unit: string, times: Times, points: Points): object {
  const dataPoints = points.map(([attributes, value]) => ({ attributes, ...times, asInt: String(value) }));
  return { name, description, unit, sum: { dataPoints, aggregationTemporality: CUMULATIVE, isMonotonic: true } };
}

function gauge(name: string, description: string, { timeUnixNano }: Times, points: Points): object {
  const dataPoints = points.map(([attributes, value]) => ({ attributes, timeUnixNano, asInt: String(value) }));
  return { name, description, unit: "1", gauge: { dataPoints } };
}

function histogram(
  name: string,
  description: string,
  rows: readonly EndpointMetrics[],
  times: Times,
  pick: (row: EndpointMetrics) => Latencies,
): object {
  const dataPoints = rows.map((row) => ({ attributes: attributesOf(row), ...times, ...points(pick(row)) }));
  return { name, description, unit: "s", histogram: { dataPoints, aggregationTemporality: CUMULATIVE } };
}

/** The histogram's own buckets, the empty ones at both ends left out. */
function points({ count, sum, buckets }: Latencies): object {
  const first = buckets[0]?.[0] ?? 0;
  const last = buckets.at(-1)?.[0] ?? -1;
  const counts = new Map(buckets);
  const within = Array.from({ length: Math.max(0, last - first + 1) }, (_, place) => first + place);
  const bounds = first > 0 ? [first - 1, ...within] : within;
  const below = first > 0 ? ["0"] : [];
  return {
    count: String(count),
    sum: sum / 1_000,
    explicitBounds: bounds.map((bucket) => upperEdge(bucket) / 1_000_000),
    // One count more than there are bounds: the last is for all beyond, of which there are none.
    bucketCounts: [...below, ...within.map((bucket) => String(counts.get(bucket) ?? 0)), "0"],
  };
}

function attributesOf({ service, class: operation, endpoint }: EndpointMetrics): Attribute[] {
  return attributes({ service, class: operation, endpoint });
}

function attributes(texts: Readonly<Record<string, string>>): Attribute[] {
  return Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

function nanos(millis: number): string {
  return String(BigInt(Math.round(millis)) * 1_000_000n);
}
