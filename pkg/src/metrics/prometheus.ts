/**
 * Figures as Prometheus reads them.
 *
 * Names and labels are the server's (`circuit_breaker_state{dependency}`) behind `seawall_client_`. Buckets are
 * powers of two of the histogram's own, so that every count is exact. Users are counted and never labels.
 */

import type { EndpointMetrics, MetricsSnapshot } from "./figures.js";
import { type Latencies, upperEdge } from "./histogram.js";

type Labels = Readonly<Record<string, string>>;

/** From half a millisecond to half a minute, doubling. */
const BOUNDS_MICROS = Array.from({ length: 17 }, (_, doubling) => 512 * 2 ** doubling);

/**
 * The text of a scrape, version 0.0.4.
 *
 * @example
 * ```ts
 * import { prometheusText } from "seawall/metrics";
 *
 * show(prometheusText(await guard.metrics.snapshot()));
 * ```
 */
export function prometheusText(snapshot: MetricsSnapshot): string {
  const { endpoints, breakers, transitions, users, sending } = snapshot;
  return [
    counter("calls_total", "Calls that ended, by endpoint, class and outcome.", endpoints.flatMap(outcomes)),
    counter("retries_total", "Requests sent beyond the first of their call.", endpoints.map((row) => [labelsOf(row), row.retries])),
    counter("joined_total", "Calls that needed no request of their own, by how they were joined.", byName(endpoints, "how", ({ joined }) => joined)),
    counter("cache_reads_total", "Reads that the cache saw, by result.", byName(endpoints, "result", ({ cache }) => cache)),
    histogram("call_duration_seconds", "Time from call to answer, of the calls that were sent.", endpoints, (row) => row.latency),
    histogram("queue_duration_seconds", "Time calls waited for their turn or for a place.", endpoints, (row) => row.queue),
    gauge(
      "circuit_breaker_state",
      "State of each circuit: 0 closed, 1 half-open, 2 open.",
      breakers.map(({ key, state }) => [{ dependency: key }, stateNumber(state)]),
    ),
    counter(
      "circuit_breaker_transitions_total",
      "Transitions of circuit breakers, by dependency, state entered and cause.",
      transitions.map(({ breaker, to, cause, count }) => [{ dependency: breaker, to, cause }, count]),
    ),
    gauge("users", "Users whose calls were counted.", [[{}, users.length]]),
    counter("metrics_batches_dropped_total", "Batches of metrics given up.", [[{}, sending.dropped]]),
  ].join("");
}

function outcomes(row: EndpointMetrics): [Labels, number][] {
  return [[{ ...labelsOf(row), outcome: "ok" }, row.succeeded], ...byName([row], "outcome", ({ failures }) => failures)];
}

/** A sample for each name that was counted. */
function byName(rows: readonly EndpointMetrics[], label: string, pick: (row: EndpointMetrics) => Readonly<Record<string, number>>): [Labels, number][] {
  return rows.flatMap((row) => Object.entries(pick(row)).map(([name, count]): [Labels, number] => [{ ...labelsOf(row), [label]: name }, count]));
}

function labelsOf({ service, class: operation, endpoint }: EndpointMetrics): Labels {
  return { service, class: operation, endpoint };
}

/** The server's number for a circuit's state. */
export function stateNumber(state: MetricsSnapshot["breakers"][number]["state"]): number {
  if (state === "open" || state === "forced_open") return 2;
  return state === "half_open" ? 1 : 0;
}

function counter(name: string, help: string, samples: readonly [Labels, number][]): string {
  return family(name, help, "counter", samples.map(([labels, value]) => sample(name, labels, value)));
}

function gauge(name: string, help: string, samples: readonly [Labels, number][]): string {
  return family(name, help, "gauge", samples.map(([labels, value]) => sample(name, labels, value)));
}

function histogram(
  name: string,
  help: string,
  rows: readonly EndpointMetrics[],
  pick: (row: EndpointMetrics) => Latencies,
): string {
  const samples = rows.flatMap((row) => {
    const labels = labelsOf(row);
    const { count, sum, buckets } = pick(row);
    return [
      ...BOUNDS_MICROS.map((bound) => {
        const within = buckets.filter(([bucket]) => upperEdge(bucket) <= bound).reduce((total, [, each]) => total + each, 0);
        return sample(`${name}_bucket`, { ...labels, le: String(bound / 1_000_000) }, within);
      }),
      sample(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
      sample(`${name}_sum`, labels, sum / 1_000),
      sample(`${name}_count`, labels, count),
    ];
  });
  return family(name, help, "histogram", samples);
}

/** A family without samples is left out. */
function family(name: string, help: string, type: string, samples: readonly string[]): string {
  if (samples.length === 0) return "";
  return `# HELP seawall_client_${name} ${help}\n# TYPE seawall_client_${name} ${type}\n${samples.join("")}`;
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `seawall_client_${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}\n`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
