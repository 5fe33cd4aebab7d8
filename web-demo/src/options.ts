/**
 * The guard's options for this page: the defaults, with shorter waits so that
 * one can watch, and whatever the address says.
 *
 * `?resetTimeout=1000&attempts=1` goes to the guard as it is; what the guard
 * refuses it names itself, and the page shows that.
 */

import type { GuardOptions } from "seawall";

/** How long the server sleeps when switched to Slow, beyond what this page waits. */
export const SLOW_LATENCY_MS = 6_000;

const RESET_TIMEOUT_MS = 8_000;
const TIMEOUT_MS = 4_000;
const REFRESH_MS = 3_000;

const breakerNames = ["failureThreshold", "monitoringPeriod", "resetTimeout", "successThreshold"] as const;
const retryNames = ["attempts", "baseDelay", "maxDelay"] as const;

export function guardOptions(query: URLSearchParams): GuardOptions {
  const options: GuardOptions = {
    breaker: { resetTimeout: RESET_TIMEOUT_MS, ...numbers(query, breakerNames) },
    timeout: number(query, "timeout") ?? TIMEOUT_MS,
    retry: numbers(query, retryNames),
  };
  const reads = number(query, "reads");
  if (reads !== undefined) options.limits = { reads: { limit: reads } };
  return options;
}

/** How often the open room is read again; `?refresh=0` leaves it to the reader. */
export function refreshInterval(query: URLSearchParams): number {
  return number(query, "refresh") ?? REFRESH_MS;
}

function numbers<Name extends string>(query: URLSearchParams, names: readonly Name[]): Partial<Record<Name, number>> {
  const found: Partial<Record<Name, number>> = {};
  for (const name of names) {
    const value = number(query, name);
    if (value !== undefined) found[name] = value;
  }
  return found;
}

function number(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : Number(text);
}
