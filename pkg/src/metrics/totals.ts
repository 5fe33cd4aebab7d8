/** Sums over endpoints. */

import type { Category } from "../vocabulary.js";
import type { Figures, Totals } from "./figures.js";
import { mergeLatencies } from "./histogram.js";

/**
 * All endpoints together.
 *
 * @example
 * ```ts
 * import { totals } from "seawall/metrics";
 *
 * const { calls, succeeded } = totals(await guard.metrics.snapshot());
 * show(`${succeeded} of ${calls}`);
 * ```
 */
export function totals({ endpoints }: Pick<Figures, "endpoints">): Totals {
  const failures: Partial<Record<Category, number>> = {};
  let calls = 0;
  let succeeded = 0;
  let retries = 0;
  let coalesced = 0;
  for (const endpoint of endpoints) {
    calls += endpoint.calls;
    succeeded += endpoint.succeeded;
    retries += endpoint.retries;
    coalesced += endpoint.coalesced;
    for (const [category, count] of Object.entries(endpoint.failures)) {
      failures[category as Category] = (failures[category as Category] ?? 0) + count;
    }
  }
  const latency = mergeLatencies(endpoints.map((endpoint) => endpoint.latency));
  return { calls, succeeded, failures, retries, coalesced, latency, queue: mergeLatencies(endpoints.map(({ queue }) => queue)) };
}
