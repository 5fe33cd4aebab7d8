/** `seawall/metrics`: what counts, in a file of its own, loaded when metrics are first asked for. */

export { createCollector } from "../metrics/collector.js";
export type { Collector, MetricsFormat, MetricsParts } from "../metrics/collector.js";
export type {
  EndpointMetrics,
  Figures,
  MetricsBatch,
  MetricsSnapshot,
  SendingState,
  Totals,
  Transition,
  TransitionMetrics,
  UserMetrics,
} from "../metrics/figures.js";
export { latenciesSince, mergeLatencies, percentile } from "../metrics/histogram.js";
export type { Latencies } from "../metrics/histogram.js";
export type { MetricsOptions } from "../metrics/options.js";
export { otlpMetrics } from "../metrics/otlp.js";
export { prometheusText } from "../metrics/prometheus.js";
export { totals } from "../metrics/totals.js";
