/**
 * Every setting of the policy document. Written by `npm run codegen` from the table in crates/policy: do not edit.
 *
 * A row is the path; the kind (c count, m milliseconds, r ratio, f flag, w one of the words) with the reach (0 document,
 * 1 services too, 2 endpoints too); the default; and the bounds, or the words.
 */

/** The settings' names. */
export type SettingName =
  | "version"
  | "timeout"
  | "timeouts.reads"
  | "timeouts.writes"
  | "timeouts.rpc"
  | "timeouts.auth"
  | "deadline"
  | "breaker.mode"
  | "breaker.failureThreshold"
  | "breaker.monitoringPeriod"
  | "breaker.failureRate"
  | "breaker.minimumThroughput"
  | "breaker.slowCallRate"
  | "breaker.slowCallDuration"
  | "breaker.resetTimeout"
  | "breaker.maxResetTimeout"
  | "breaker.resetMultiplier"
  | "breaker.jitter"
  | "breaker.healthyPeriod"
  | "breaker.successThreshold"
  | "breaker.halfOpenProbes"
  | "breaker.probeTimeout"
  | "retry.attempts"
  | "retry.baseDelay"
  | "retry.maxDelay"
  | "retry.budgetRatio"
  | "retry.budgetReserve"
  | "refresh.patience"
  | "refresh.pause"
  | "refresh.maxPause"
  | "limits.maxWait"
  | "limits.maxQueue"
  | "limits.holdOff"
  | "limits.maxHold"
  | "limits.floor"
  | "limits.reads.limit"
  | "limits.reads.window"
  | "limits.writes.limit"
  | "limits.writes.window"
  | "limits.rpc.limit"
  | "limits.rpc.window"
  | "limits.auth.limit"
  | "limits.auth.window"
  | "limits.ip.limit"
  | "limits.ip.window"
  | "inflight.min"
  | "inflight.max"
  | "inflight.maxQueue"
  | "inflight.maxWait"
  | "cache.enabled"
  | "cache.ttl"
  | "cache.staleTtl"
  | "cache.keepTtl"
  | "cache.patience"
  | "cache.rpc"
  | "cache.storage"
  | "cache.functions"
  | "cache.maxEntries"
  | "cache.maxBytes"
  | "cache.maxEntryBytes"
  | "cache.memoryEntries"
  | "cache.memoryBytes"
  | "batch.enabled"
  | "batch.delay"
  | "batch.maxSize"
  | "coalesce.enabled"
  | "debounce.wait"
  | "split.enabled"
  | "split.maxUrl"
  | "offline.enabled"
  | "offline.when"
  | "offline.conflict"
  | "offline.order"
  | "offline.tries"
  | "offline.baseDelay"
  | "offline.maxDelay"
  | "offline.grace"
  | "offline.maxWrites"
  | "offline.maxBytes";

/** The rows, one a line. */
export const TABLE = `
version c0 1 1 1
timeout m2 10000 0 600000
timeouts.reads m2 0 0 600000
timeouts.writes m2 0 0 600000
timeouts.rpc m2 0 0 600000
timeouts.auth m2 0 0 600000
deadline m2 30000 0 3600000
breaker.mode w2 0 active metricsOnly disabled
breaker.failureThreshold c2 5 0 1000
breaker.monitoringPeriod m2 10000 10 3600000
breaker.failureRate r2 0.5 0 1
breaker.minimumThroughput c2 10 1 1000000
breaker.slowCallRate r2 0.8 0 1
breaker.slowCallDuration m2 5000 1 600000
breaker.resetTimeout m2 30000 1 3600000
breaker.maxResetTimeout m2 300000 1 86400000
breaker.resetMultiplier r2 2 1 10
breaker.jitter r2 0.25 0 1
breaker.healthyPeriod m2 60000 0 86400000
breaker.successThreshold c2 2 1 1000
breaker.halfOpenProbes c2 2 1 100
breaker.probeTimeout m2 15000 1 600000
retry.attempts c2 3 1 10
retry.baseDelay m2 200 1 60000
retry.maxDelay m2 5000 1 600000
retry.budgetRatio r1 0.1 0 1
retry.budgetReserve c1 5 0 1000
refresh.patience m0 10000 0 60000
refresh.pause m0 60000 1 3600000
refresh.maxPause m0 900000 1 3600000
limits.maxWait m2 5000 0 600000
limits.maxQueue c2 100 0 10000
limits.holdOff m2 1000 1 600000
limits.maxHold m2 600000 0 86400000
limits.floor r2 0.25 0.01 1
limits.reads.limit c2 100 1 10000
limits.reads.window m2 60000 1 86400000
limits.writes.limit c2 30 1 10000
limits.writes.window m2 60000 1 86400000
limits.rpc.limit c2 20 1 10000
limits.rpc.window m2 60000 1 86400000
limits.auth.limit c2 10 1 10000
limits.auth.window m2 60000 1 86400000
limits.ip.limit c0 1000 1 1000000
limits.ip.window m0 60000 1 86400000
inflight.min c0 2 1 10000
inflight.max c0 64 0 10000
inflight.maxQueue c0 1000 0 100000
inflight.maxWait m2 0 0 600000
cache.enabled f2 0
cache.ttl m2 60000 0 86400000
cache.staleTtl m2 300000 0 604800000
cache.keepTtl m2 86400000 0 2592000000
cache.patience m2 400 0 600000
cache.rpc f2 0
cache.storage f2 0
cache.functions f2 0
cache.maxEntries c0 5000 1 1000000
cache.maxBytes c0 50000000 1000 1000000000
cache.maxEntryBytes c0 1000000 100 100000000
cache.memoryEntries c0 500 1 100000
cache.memoryBytes c0 10000000 1000 1000000000
batch.enabled f2 0
batch.delay m2 5 0 1000
batch.maxSize c2 100 2 1000
coalesce.enabled f2 1
debounce.wait m2 250 0 60000
split.enabled f2 1
split.maxUrl c2 8000 1000 1000000
offline.enabled f2 0
offline.when w2 1 offline unreachable
offline.conflict w2 0 ask clientWins serverWins
offline.order w0 0 table row
offline.tries c0 10 1 1000
offline.baseDelay m0 1000 1 600000
offline.maxDelay m0 60000 1 3600000
offline.grace m0 2000 0 600000
offline.maxWrites c0 1000 1 100000
offline.maxBytes c0 5000000 1 1000000000
`;

/** A ceiling that is not given beside its floor is raised to it: the places of both. */
export const CEILINGS: readonly (readonly [number, number])[] = [
  [14, 15],
  [23, 24],
  [28, 29],
  [74, 75],
];

/** What settings within their bounds may contradict: the core's number, the setting, the rule. */
export const CONFLICTS = `
9 breaker.maxResetTimeout must be at least resetTimeout
15 breaker.failureThreshold must not be 0 while failureRate and slowCallRate are 0 too: nothing could open the circuit
18 retry.maxDelay must be at least baseDelay
`;
