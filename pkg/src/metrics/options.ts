/** What `createGuard({ metrics })` takes. */

import { OptionError } from "../errors.js";
import type { MetricsBatch } from "./figures.js";

/**
 * What `createGuard({ metrics })` takes: where to send what is counted, and how often.
 *
 * @example
 * ```ts
 * import { createGuard, type MetricsOptions } from "seawall";
 *
 * const metrics: MetricsOptions = { send: "https://api.example.com/ingest", interval: 60_000 };
 * createGuard({ metrics });
 * ```
 */
export interface MetricsOptions {
  /** An address that batches are POSTed to as JSON, or a function that takes them. */
  send?: string | URL | ((batch: MetricsBatch) => unknown);
  /** Headers for that address: fixed, or asked for each time. */
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  /** A table that the protected client inserts into instead; see `docs/metrics.md` for its columns. */
  table?: string;
  /** Milliseconds between batches. Default 30,000. */
  interval?: number;
}

const NAMES = ["send", "headers", "table", "interval"];

/** Refuses at once what could only fail later, unseen. */
export function checkMetricsOptions(options: MetricsOptions): MetricsOptions {
  const { send, table, interval = 1_000 } = options;
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  const wrong = unknown ?? (send && table ? "table" : interval >= 1_000 ? undefined : "interval");
  if (wrong === undefined) return options;
  const message = "metrics takes `send` or `table`, `headers`, and an `interval` of 1000 or more";
  throw new OptionError(`metrics.${wrong}`, message, unknown ? "unknown_option" : "invalid_option");
}
