/**
 * Counts events, for a span of time that somebody else chooses.
 *
 * An event costs a lookup and a few additions. The number of rows is bounded whatever is called: what comes after
 * the first hundred endpoints is counted as `other`.
 */

import type { CacheEvent, CallFacts, GuardEvent, JoinEvent, TransitionEvent } from "../events.js";
import type { Category, OperationClass, Service } from "../vocabulary.js";
import type { EndpointMetrics, Figures, TransitionMetrics, UserMetrics } from "./figures.js";
import { createHistogram, type Histogram } from "./histogram.js";

/** The row of all that has no row of its own. */
export const OTHER = "other";

const MOST_ENDPOINTS = 100;
const MOST_TRANSITIONS = 500;
const MOST_USERS = 200;

export interface Tally {
  count(event: GuardEvent): void;
  /** Names users by what it is given for their numbers; those without a name are one. */
  read(name: (user: number) => string | undefined): Figures;
  readonly isEmpty: boolean;
}

interface Row extends Pick<EndpointMetrics, "service" | "class" | "endpoint"> {
  calls: number;
  succeeded: number;
  retries: number;
  readonly failures: Partial<Record<Category, number>>;
  readonly joined: Partial<Record<JoinEvent["how"], number>>;
  readonly cache: Partial<Record<CacheEvent["result"], number>>;
  readonly latency: Histogram;
  readonly queue: Histogram;
}

export function createTally(): Tally {
  const rows: Row[] = [];
  /** By endpoint, whose name is at hand as it is: putting a key together would cost more than all the rest. */
  const byEndpoint = new Map<string, Row[]>();
  const transitions = new Map<string, { -readonly [name in keyof TransitionMetrics]: TransitionMetrics[name] }>();
  const users = new Map<number, number>();

  function rowFor({ service, class: operation, endpoint }: CallFacts): Row {
    const known = find(endpoint, service, operation);
    if (known) return known;
    if (rows.length < MOST_ENDPOINTS) return addRow(endpoint, service, operation);
    return find(OTHER, service, operation) ?? addRow(OTHER, service, operation);
  }

  function find(endpoint: string, service: Service, operation: OperationClass): Row | undefined {
    return byEndpoint.get(endpoint)?.find((row) => row.class === operation && row.service === service);
  }

  function addRow(endpoint: string, service: Service, operation: OperationClass): Row {
    const histograms = { latency: createHistogram(), queue: createHistogram() };
    const row = { service, class: operation, endpoint, calls: 0, succeeded: 0, retries: 0, failures: {}, joined: {}, cache: {}, ...histograms };
    rows.push(row);
    byEndpoint.set(endpoint, [...(byEndpoint.get(endpoint) ?? []), row]);
    return row;
  }

  function countTransition({ breaker, to, cause }: TransitionEvent): void {
    const key = `${breaker} ${to} ${cause}`;
    const known = transitions.get(key);
    if (known) known.count += 1;
    else if (transitions.size < MOST_TRANSITIONS) transitions.set(key, { breaker, to, cause, count: 1 });
  }

  function countUser(user: number): void {
    if (user === 0) return;
    const known = users.has(user) || users.size < MOST_USERS;
    const counted = known ? user : -1;
    users.set(counted, (users.get(counted) ?? 0) + 1);
  }

  return {
    count(event) {
      switch (event.type) {
        case "call": {
          const row = rowFor(event);
          row.calls += 1;
          if (event.ok) row.succeeded += 1;
          else if (event.category) increase(row.failures, event.category);
          if (event.attempts > 0 && event.category !== "aborted") row.latency.record(event.elapsed);
          if (event.queued > 0) row.queue.record(event.queued);
          countUser(event.user);
          break;
        }
        case "retry":
          rowFor(event).retries += 1;
          break;
        case "join":
          increase(rowFor(event).joined, event.how);
          break;
        case "cache":
          increase(rowFor(event).cache, event.result);
          break;
        case "transition":
          countTransition(event);
          break;
        default:
      }
    },
    read: (name) => ({
      endpoints: rows.map((row) => ({
        ...row,
        failures: { ...row.failures },
        joined: { ...row.joined },
        cache: { ...row.cache },
        latency: row.latency.read(),
        queue: row.queue.read(),
      })),
      transitions: [...transitions.values()].map((transition) => ({ ...transition })),
      users: named(users, name),
    }),
    get isEmpty() {
      return rows.length === 0 && transitions.size === 0;
    },
  };
}

function increase<Name extends string>(counts: Partial<Record<Name, number>>, name: Name): void {
  counts[name] = (counts[name] ?? 0) + 1;
}

function named(users: ReadonlyMap<number, number>, name: (user: number) => string | undefined): UserMetrics[] {
  const found = new Map<string, number>();
  for (const [user, calls] of users) {
    const hash = name(user) ?? OTHER;
    found.set(hash, (found.get(hash) ?? 0) + calls);
  }
  return [...found].map(([user, calls]) => ({ user, calls }));
}
