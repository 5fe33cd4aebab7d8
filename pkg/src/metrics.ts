/**
 * The way to a guard's metrics: they load when they are first asked for, or at once when an option asks.
 *
 * What happens before they are there is kept and counted then; without the option nothing is kept until somebody asks.
 */

import type { Collector, MetricsFormat, MetricsParts } from "./metrics/collector.js";
import { checkMetricsOptions, type MetricsOptions } from "./metrics/options.js";
import type { MetricsSnapshot } from "./metrics/figures.js";
import type { Emitter, GuardEvent, GuardEventType } from "./events.js";

/**
 * What a guard has counted.
 *
 * @example
 * ```ts
 * const stop = guard.metrics.subscribe(({ endpoints }) => show(endpoints), 5_000);
 * show(await guard.metrics.export("prometheus"));
 * stop();
 * ```
 */
export interface Metrics {
  /** Everything counted since the guard was made, or, without the option `metrics`, since this was first asked. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Calls back now, and when something changed, at most once in `interval` milliseconds (default 1,000). */
  subscribe(listener: (snapshot: MetricsSnapshot) => void, interval?: number): () => void;
  /** The snapshot as text: JSON, a Prometheus scrape, or the body of an OTLP/HTTP request. */
  export(format: MetricsFormat): Promise<string>;
  /** Sends what is unsent now, where the options say where to. */
  flush(): Promise<void>;
}

export interface OwnedMetrics extends Metrics {
  close(): void;
}

const COUNTED: readonly GuardEventType[] = ["call", "retry", "join", "cache", "transition"];

export function createMetrics(parts: MetricsParts, emitter: Emitter, wanted: boolean | MetricsOptions | undefined): OwnedMetrics {
  const options = typeof wanted === "object" ? checkMetricsOptions(wanted) : {};
  let loading: Promise<Collector> | undefined;
  let closed = false;

  function load(): Promise<Collector> {
    if (loading) return loading;
    let early: GuardEvent[] = [];
    let count = (event: GuardEvent): void => void early.push(event);
    const stops = COUNTED.map((type) => emitter.on(type, (event) => count(event)));
    loading = import("./entries/metrics.js").then(
      ({ createCollector }) => {
        const collector = createCollector(parts, options);
        early.forEach(collector.count);
        early = [];
        count = collector.count;
        if (closed) collector.close();
        return collector;
      },
      (error: unknown) => {
        for (const stop of stops) stop();
        loading = undefined;
        throw error;
      },
    );
    return loading;
  }

  if (wanted) load().catch(parts.environment.report);
  return {
    snapshot: async () => (await load()).snapshot(),
    subscribe(listener, interval = 1_000) {
      let stop: (() => void) | undefined;
      let stopped = false;
      load().then((collector) => {
        if (!stopped) stop = collector.subscribe(listener, interval);
      }, parts.environment.report);
      return () => {
        stopped = true;
        stop?.();
      };
    },
    export: async (format) => (await load()).export(format),
    flush: async () => (await load()).flush(),
    close() {
      closed = true;
      loading?.then((collector) => collector.close(), () => {});
    },
  };
}
