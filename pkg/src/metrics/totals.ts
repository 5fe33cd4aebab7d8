/** Sums over endpoints. */

import type { EndpointMetrics, Figures, Totals } from "./figures.js";
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
  const sum = (pick: (endpoint: EndpointMetrics) => number): number => endpoints.reduce((total, endpoint) => total + pick(endpoint), 0);
  return {
    calls: sum(({ calls }) => calls),
    succeeded: sum(({ succeeded }) => succeeded),
    retries: sum(({ retries }) => retries),
    failures: sumByName(endpoints.map(({ failures }) => failures)),
    joined: sumByName(endpoints.map(({ joined }) => joined)),
    cache: sumByName(endpoints.map(({ cache }) => cache)),
    latency: mergeLatencies(endpoints.map(({ latency }) => latency)),
    queue: mergeLatencies(endpoints.map(({ queue }) => queue)),
  };
}

/** Counts by name, added up name by name. */
function sumByName<Name extends string>(parts: readonly { readonly [name in Name]?: number }[]): { [name in Name]?: number } {
  const sums: { [name in Name]?: number } = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part) as [Name, number][]) sums[name] = (sums[name] ?? 0) + count;
  }
  return sums;
}

/** All counts together, whatever they are called. */
export function sumOf(counts: { readonly [name: string]: number | undefined }): number {
  return Object.values(counts).reduce<number>((sum, count) => sum + (count ?? 0), 0);
}
