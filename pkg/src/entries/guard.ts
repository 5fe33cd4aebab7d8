/** `seawall/guard`: everything that works without supabase-js. Imports nothing. */

export { createGuard } from "../guard.js";
export type { Guard, GuardedFetch } from "../guard.js";
export { protect } from "../protect.js";
export type { Protected } from "../protect.js";
export {
  CircuitOpenError,
  GuardClosedError,
  GuardError,
  GuardUnavailableError,
  NetworkError,
  NotQueuedError,
  OptionError,
  RateLimitedError,
  TimeoutError,
  UserChangedError,
} from "../errors.js";
export type { FailureContext, GuardErrorCode } from "../errors.js";
export type {
  CacheEvent,
  CallEvent,
  CallFacts,
  FailureEvent,
  GuardEvent,
  GuardEvents,
  GuardEventType,
  JoinEvent,
  Listener,
  OfflineEvent,
  PolicyEvent,
  RefusalEvent,
  RetryEvent,
  SplitEvent,
  StoredStateEvent,
  TransitionEvent,
  UnavailableEvent,
  UserEvent,
  WaitEvent,
} from "../events.js";
export type {
  BatchOptions,
  BreakerOptions,
  CacheOptions,
  GuardOptions,
  InflightOptions,
  LimitOptions,
  PolicyDocument,
  QuotaOptions,
  RefreshOptions,
  RetryOptions,
  SplitOptions,
} from "../options.js";
export type { Metrics } from "../metrics.js";
export type { EndpointMetrics, MetricsBatch, MetricsSnapshot } from "../metrics/figures.js";
export type { Latencies } from "../metrics/histogram.js";
export type { MetricsOptions } from "../metrics/options.js";
export type { Explain } from "../explain.js";
export type { Explanation, ExplanationContext, Messages } from "../messages.js";
export type { OfflineQueue } from "../offline.js";
export type {
  OfflineFailure,
  OfflineOptions,
  OfflineTable,
  QueuedWrite,
  Resolution,
  SetAsideReason,
} from "../offline/options.js";
export type { Breaker, Breakers } from "../breakers.js";
export type { Run, RunOptions } from "../run.js";
export type { BreakerSnapshot, CallCounts, GuardSnapshot, LimitSnapshot } from "../snapshot.js";
export type { CacheAccess, CacheEntry, CacheFigures, CacheTarget } from "../cache.js";
export type { CacheMode, CallOptions, Edge, GuardedInit, Priority } from "../call-options.js";
export type { Channel, Environment, TextStorage, TimerHandle } from "../environment.js";
export { CATEGORIES, CIRCUIT_STATES, CLASSES, SERVICES, TRANSITION_CAUSES } from "../vocabulary.js";
export type { Category, CircuitState, OperationClass, Service, TransitionCause } from "../vocabulary.js";
export { offerRest } from "../rest.js";
export type { Queries, Query, QueryError, QueryResult, UnknownDatabase } from "../queries.types.js";
