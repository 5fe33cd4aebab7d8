/**
 * Latencies in the policy core's own buckets: eight to a doubling, from a microsecond to two minutes.
 *
 * The same few lines exist in `crates/policy/src/histogram.rs`; a test holds both to one file. They are here once
 * more because counting a latency must not cost a call across the boundary, nor metrics a second module.
 */

const SUB_BITS = 3;
const SUB = 1 << SUB_BITS;
const TOP_EXPONENT = 26;
/** How many buckets there are. */
export const BUCKETS = (TOP_EXPONENT - SUB_BITS + 2) << SUB_BITS;

/**
 * A histogram as plain data. All times in milliseconds.
 *
 * @example
 * ```ts
 * import type { Latencies } from "seawall";
 *
 * const mean = ({ sum, count }: Latencies) => (count === 0 ? null : sum / count);
 * ```
 */
export interface Latencies {
  readonly count: number;
  readonly sum: number;
  /** The buckets that are not empty, as pairs of bucket and count, in order. */
  readonly buckets: readonly (readonly [bucket: number, count: number])[];
  /** So many percent took at most this long, rounded up to the bucket's end; null without any. */
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export interface Histogram {
  record(millis: number): void;
  read(): Latencies;
}

export function createHistogram(): Histogram {
  const counts = new Map<number, number>();
  let count = 0;
  let sum = 0;
  return {
    record(millis) {
      const bucket = bucketOf(millis);
      counts.set(bucket, (counts.get(bucket) ?? 0) + 1);
      count += 1;
      sum += Math.max(0, millis) || 0;
    },
    read: () => describe(count, sum, counts),
  };
}

/**
 * Several histograms as one.
 *
 * @example
 * ```ts
 * import { mergeLatencies } from "seawall/metrics";
 *
 * const { endpoints } = await guard.metrics.snapshot();
 * const reads = endpoints.filter((row) => row.class === "reads");
 * show(mergeLatencies(reads.map((row) => row.latency)).p95);
 * ```
 */
export function mergeLatencies(parts: Iterable<Latencies>): Latencies {
  const counts = new Map<number, number>();
  let total = 0;
  let sum = 0;
  for (const part of parts) {
    total += part.count;
    sum += part.sum;
    for (const [bucket, count] of part.buckets) counts.set(bucket, (counts.get(bucket) ?? 0) + count);
  }
  return describe(total, sum, counts);
}

/**
 * What came to a histogram since an earlier reading of it.
 *
 * @example
 * ```ts
 * import { latenciesSince, totals } from "seawall/metrics";
 *
 * const before = totals(await guard.metrics.snapshot()).latency;
 * await guard.fetch(`${url}/rest/v1/rooms`);
 * show(latenciesSince(totals(await guard.metrics.snapshot()).latency, before).p50);
 * ```
 */
export function latenciesSince(now: Latencies, before: Latencies | undefined): Latencies {
  if (before === undefined) return now;
  const counts = new Map(now.buckets.map(([bucket, count]) => [bucket, count]));
  for (const [bucket, count] of before.buckets) counts.set(bucket, Math.max(0, (counts.get(bucket) ?? 0) - count));
  return describe(Math.max(0, now.count - before.count), Math.max(0, now.sum - before.sum), counts);
}

/**
 * The latency that this share (0 to 1) of those counted stays at or below.
 *
 * @example
 * ```ts
 * import { percentile, totals } from "seawall/metrics";
 *
 * show(percentile(totals(await guard.metrics.snapshot()).latency, 0.999));
 * ```
 */
export function percentile({ count, buckets }: Pick<Latencies, "count" | "buckets">, share: number): number | null {
  const rank = Math.max(1, Math.ceil(count * share));
  let seen = 0;
  for (const [bucket, within] of buckets) {
    seen += within;
    if (seen >= rank) return upperEdge(bucket) / 1_000;
  }
  return null;
}

/** The bucket that a latency falls into. */
export function bucketOf(millis: number): number {
  const micros = Math.min(Math.floor(millis * 1_000), 2 ** (TOP_EXPONENT + 1));
  if (!(micros >= SUB)) return micros > 0 ? micros : 0;
  const exponent = 31 - Math.clz32(micros);
  if (exponent > TOP_EXPONENT) return BUCKETS - 1;
  return ((exponent - SUB_BITS + 1) << SUB_BITS) + ((micros >> (exponent - SUB_BITS)) & (SUB - 1));
}

/** Where a bucket ends, in microseconds: the least latency that is too long for it. */
export function upperEdge(bucket: number): number {
  if (bucket < SUB) return bucket + 1;
  return ((bucket & (SUB - 1)) + SUB + 1) * 2 ** ((bucket >> SUB_BITS) - 1);
}

function describe(count: number, sum: number, counts: ReadonlyMap<number, number>): Latencies {
  const buckets = [...counts].filter(([, within]) => within > 0).sort(([left], [right]) => left - right);
  const at = (share: number): number | null => percentile({ count, buckets }, share);
  return { count, sum, buckets, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
