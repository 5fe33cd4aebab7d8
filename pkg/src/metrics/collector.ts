/** Counts what a guard tells, gives it as figures, and sends it where it was asked to. */

import type { Environment, TimerHandle } from "../environment.js";
import type { GuardEvent } from "../events.js";
import type { CircuitState } from "../vocabulary.js";
import { byFunction, byInsert, byPost, type InsertingClient } from "./deliver.js";
import type { MetricsBatch, MetricsSnapshot, Transition } from "./figures.js";
import type { MetricsOptions } from "./options.js";
import { otlpMetrics } from "./otlp.js";
import { createOutbox, type Deliver, type Outbox } from "./outbox.js";
import { prometheusText } from "./prometheus.js";
import { createTally } from "./tally.js";
import { createUserNames } from "./users.js";
import { randomName } from "./world.js";

/**
 * The forms that figures can be had in.
 *
 * @example
 * ```ts
 * import type { MetricsFormat } from "seawall/metrics";
 *
 * const format: MetricsFormat = "otlp";
 * show(await guard.metrics.export(format));
 * ```
 */
export type MetricsFormat = "json" | "prometheus" | "otlp";

/**
 * What a collector needs of its guard.
 *
 * @example
 * ```ts
 * import { createCollector, type MetricsParts } from "seawall/metrics";
 *
 * const count = (parts: MetricsParts) => createCollector(parts, {});
 * ```
 */
export interface MetricsParts {
  readonly environment: Environment;
  /** A fetch that no guard counts. */
  readonly fetch: Environment["fetch"];
  /** The subject behind a user's number; it is hashed and kept nowhere. */
  readonly subject: (user: number) => string;
  readonly breakers: () => readonly { readonly key: string; readonly state: CircuitState }[];
  /** The supabase-js client that the guard protects, once there is one. */
  readonly client: () => InsertingClient | undefined;
}

/**
 * What counts a guard's events, and gives and sends the figures.
 *
 * @example
 * ```ts
 * import type { Collector } from "seawall/metrics";
 *
 * function countCalls(collector: Collector) {
 *   return guard.on("call", (event) => collector.count(event));
 * }
 * ```
 */
export interface Collector {
  count(event: GuardEvent): void;
  snapshot(): Promise<MetricsSnapshot>;
  export(format: MetricsFormat): Promise<string>;
  subscribe(listener: (snapshot: MetricsSnapshot) => void, interval: number): () => void;
  flush(): Promise<void>;
  close(): void;
}

const KEPT_TRANSITIONS = 50;
const SEND_INTERVAL = 30_000;
const NOTHING_SENT = { unsent: 0, sent: 0, dropped: 0 };

/**
 * Makes what counts for one guard. A guard makes its own: this is for those who build on its events by themselves.
 *
 * @example
 * ```ts
 * import { createCollector, type Collector, type MetricsParts } from "seawall/metrics";
 *
 * function collect(parts: MetricsParts): Collector {
 *   return createCollector(parts, { interval: 60_000 });
 * }
 * ```
 */
export function createCollector(parts: MetricsParts, options: MetricsOptions): Collector {
  const { environment } = parts;
  const since = environment.wallNow();
  const page = randomName();
  const names = createUserNames(environment, parts.subject);
  const all = createTally();
  const stops = new Set<() => void>();
  const outbox = outboxOf(parts, options);
  const ownTable = options.table === undefined ? undefined : `/rest/v1/${options.table}`;
  let recent = createTally();
  let history: Transition[] = [];
  let from = since;
  let sequence = 0;
  let version = 0;

  /** Makes what was counted since the last time a batch. */
  function pack(): void {
    if (!outbox || recent.isEmpty) return;
    const to = environment.wallNow();
    const batch: MetricsBatch = { version: 1, page, sequence, from, to, dropped: outbox.state.dropped, ...recent.read(names.known) };
    outbox.add(batch);
    recent = createTally();
    sequence += 1;
    from = to;
  }

  async function flush(): Promise<void> {
    await names.ready();
    pack();
    await outbox?.send();
  }

  function remember(event: GuardEvent): void {
    if (event.type !== "transition") return;
    const { breaker, from, to, cause, at } = event;
    history = [...history.slice(1 - KEPT_TRANSITIONS), { breaker, from, to, cause, at }];
  }

  const snapshot = async (): Promise<MetricsSnapshot> => {
    await names.ready();
    return {
      since,
      at: environment.wallNow(),
      ...all.read(names.known),
      breakers: parts.breakers(),
      history: [...history],
      sending: outbox?.state ?? NOTHING_SENT,
    };
  };

  if (outbox) {
    stops.add(every(environment, options.interval ?? SEND_INTERVAL, () => void flush()));
    stops.add(environment.onHide(leave));
    // What an earlier page left behind is not made to wait.
    void outbox.send();
  }

  function leave(): void {
    pack();
    outbox?.leave();
  }

  return {
    count(event) {
      // The guard's own metrics, on their way into a table, are nobody's calls.
      if ("endpoint" in event && event.endpoint === ownTable) return;
      version += 1;
      if (event.type === "call") names.learn(event.user);
      remember(event);
      all.count(event);
      if (outbox) recent.count(event);
    },
    snapshot,
    async export(format) {
      const figures = await snapshot();
      if (format === "prometheus") return prometheusText(figures);
      return JSON.stringify(format === "otlp" ? otlpMetrics(figures) : figures);
    },
    subscribe(listener, interval) {
      let told = -1;
      const tell = async (): Promise<void> => {
        if (told === version) return;
        told = version;
        const figures = await snapshot();
        if (stops.has(stop)) listener(figures);
      };
      const stopTimer = every(environment, interval, () => void tell().catch(environment.report));
      const stop = (): void => {
        stops.delete(stop);
        stopTimer();
      };
      stops.add(stop);
      void tell().catch(environment.report);
      return stop;
    },
    flush,
    close() {
      leave();
      for (const stop of [...stops]) stop();
    },
  };
}

function outboxOf(parts: MetricsParts, options: MetricsOptions): Outbox | undefined {
  const found = destination(parts, options);
  return found && createOutbox({ environment: parts.environment, ...found });
}

function destination({ fetch, client }: MetricsParts, { send, table, headers }: MetricsOptions): { address: string; deliver: Deliver } | undefined {
  if (table !== undefined) return { address: `table ${table}`, deliver: byInsert(table, client) };
  if (typeof send === "function") return { address: "function", deliver: byFunction(send) };
  if (send === undefined) return undefined;
  const address = String(send);
  return { address, deliver: byPost({ address, headers: typeof headers === "object" ? () => headers : headers, fetch }) };
}

/** A timer that keeps no process alive. */
function every(environment: Environment, interval: number, work: () => void): () => void {
  let timer: TimerHandle;
  const start = (): void => {
    timer = environment.startTimer(() => {
      start();
      work();
    }, interval);
    environment.holdProcess(timer, false);
  };
  start();
  return () => environment.stopTimer(timer);
}
