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
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new OptionError(`metrics.${unknown}`, `there is no option "metrics.${unknown}"`, "unknown_option");
  const { send, table, interval } = options;
  if (send !== undefined && table !== undefined) throw new OptionError("metrics.table", "metrics go to `send` or into `table`, not both");
  if (interval !== undefined && !(interval >= 1_000)) throw new OptionError("metrics.interval", "metrics.interval is at least 1000 milliseconds");
  return options;
}
