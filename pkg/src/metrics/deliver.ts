/** Where batches go: an address, a table, or a function of the application's own. */

import type { Environment } from "../environment.js";
import type { MetricsBatch } from "./figures.js";
import type { Deliver, Delivery } from "./outbox.js";
import { beacon, fetchOutlivesPage } from "./world.js";

/** What a table needs of supabase-js. */
export interface InsertingClient {
  from(table: string): { insert(rows: object[]): PromiseLike<{ error: { code?: string } | null; status?: number }> };
}

export interface PostOptions {
  readonly address: string;
  readonly headers: (() => Record<string, string> | Promise<Record<string, string>>) | undefined;
  /** A fetch that no guard counts. */
  readonly fetch: Environment["fetch"];
}

/** Browsers refuse to let more than this outlive a page. */
const LONGEST_FAREWELL = 60_000;
/** Rows of a batch that is already there: it had arrived, and only its answer was lost. */
const UNIQUE_VIOLATION = "23505";

/** POSTs a batch as JSON. Its answer is looked at and not read. */
export function byPost({ address, headers, fetch }: PostOptions): Deliver {
  return async (batch, leaving) => {
    const body = JSON.stringify(batch);
    if (leaving && body.length > LONGEST_FAREWELL) return "again";
    if (leaving && headers === undefined && !fetchOutlivesPage()) return beacon(address, body) ? "delivered" : "again";
    const own = headers ? await headers() : {};
    const response = await fetch(address, {
      method: "POST",
      body,
      headers: { ...own, "content-type": "application/json" },
      keepalive: leaving,
      credentials: "omit",
    });
    void response.body?.cancel();
    return deliveryOf(response.status);
  };
}

/** Inserts a row for each endpoint of a batch, by a client that may itself be guarded. */
export function byInsert(table: string, client: () => InsertingClient | undefined): Deliver {
  return async (batch) => {
    const rows = rowsOf(batch);
    const found = client();
    if (rows.length === 0) return "delivered";
    if (!found) return "again";
    const { error, status = 0 } = await found.from(table).insert(rows);
    if (!error || error.code === UNIQUE_VIOLATION) return "delivered";
    return deliveryOf(status);
  };
}

/** Hands a batch to the application; what it throws means: later again. */
export function byFunction(send: (batch: MetricsBatch) => unknown): Deliver {
  return async (batch) => {
    await send(batch);
    return "delivered";
  };
}

/** What a server refuses for good is not worth asking again. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return "delivered";
  const mayChange = status < 400 || status >= 500 || status === 401 || status === 408 || status === 429;
  return mayChange ? "again" : "refused";
}

/** The rows of a batch, as `docs/metrics.md` describes the table. */
export function rowsOf({ page, sequence, from, to, endpoints }: MetricsBatch): object[] {
  return endpoints.map(({ service, class: operation, endpoint, calls, succeeded, failures, retries, joined, cache, latency, queue }) => ({
    page,
    sequence,
    service,
    class: operation,
    endpoint,
    began_at: new Date(from).toISOString(),
    ended_at: new Date(to).toISOString(),
    calls,
    succeeded,
    failures,
    retries,
    joined,
    cache,
    p50_ms: latency.p50,
    p95_ms: latency.p95,
    p99_ms: latency.p99,
    latency: { count: latency.count, sum: latency.sum, buckets: latency.buckets },
    queue: { count: queue.count, sum: queue.sum, buckets: queue.buckets },
  }));
}
