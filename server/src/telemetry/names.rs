//! Every metric's name and meaning, once.

pub(super) const HTTP_REQUESTS: &str = "http_requests_total";
pub(super) const HTTP_DURATION: &str = "http_request_duration_seconds";
pub(super) const HTTP_INFLIGHT: &str = "http_requests_in_flight";
pub(super) const HTTP_REFUSED: &str = "http_refused_total";
pub(super) const HTTP_CONNECTIONS: &str = "http_connections";
pub(super) const HTTP_CONNECTIONS_CUT: &str = "http_connections_cut_total";
pub(super) const DATABASE_DURATION: &str = "database_query_duration_seconds";
pub(super) const DATABASE_ERRORS: &str = "database_query_errors_total";
pub(super) const DATABASE_POOL: &str = "database_pool_connections";
pub(super) const DATABASE_POOL_WAIT: &str = "database_pool_wait_seconds";
pub(super) const DATABASE_DISCARDED: &str = "database_connections_discarded_total";
pub(super) const RLS_FAILURES: &str = "rls_context_failures_total";
pub(super) const RATE_LIMIT: &str = "rate_limit_decisions_total";
pub(super) const RATE_LIMIT_KEYS: &str = "rate_limit_keys";
pub(super) const RATE_LIMIT_FALLBACKS: &str = "rate_limit_fallbacks_total";
pub(super) const RATE_LIMIT_DEGRADED: &str = "rate_limit_degraded";
pub(super) const CONFIG_USABLE: &str = "config_last_reload_successful";
pub(super) const RATE_LIMIT_LEFT: &str = "rate_limit_left_percent";
pub(super) const SHED: &str = "http_requests_shed_total";
pub(super) const WAITING: &str = "http_requests_waiting";
pub(super) const CAP: &str = "http_requests_cap";
pub(super) const BREAKER_STATE: &str = "circuit_breaker_state";
pub(super) const BREAKER_TRANSITIONS: &str = "circuit_breaker_transitions_total";
pub(super) const AUTH_FAILURES: &str = "auth_failures_total";
pub(super) const TOKEN_CACHE: &str = "token_cache_total";
pub(super) const TOKEN_ASKED: &str = "token_verifications_upstream_total";
pub(super) const USER_ASKED: &str = "user_checks_upstream_total";
pub(super) const TOKEN_REVOCATIONS: &str = "token_revocations_total";
pub(super) const TOKENS_REVOKED: &str = "tokens_revoked";
pub(super) const JWKS_READINGS: &str = "jwks_readings_total";
pub(super) const JWKS_STALE: &str = "jwks_stale";
pub(super) const EVENTS: &str = "seawall_events_total";
pub(super) const SCHEMA_LOADS: &str = "schema_cache_loads_total";
pub(super) const SCHEMA_LOADED: &str = "schema_cache_loaded";
pub(super) const CLIENT_CALLS: &str = "seawall_client_calls_total";
pub(super) const CLIENT_RETRIES: &str = "seawall_client_retries_total";
pub(super) const CLIENT_JOINED: &str = "seawall_client_joined_total";
pub(super) const CLIENT_CACHE: &str = "seawall_client_cache_reads_total";
pub(super) const CLIENT_DURATION: &str = "seawall_client_call_duration_seconds";
pub(super) const CLIENT_QUEUE: &str = "seawall_client_queue_duration_seconds";
pub(super) const CLIENT_TRANSITIONS: &str = "seawall_client_circuit_breaker_transitions_total";
pub(super) const CLIENT_BATCHES: &str = "seawall_client_metrics_batches_total";
pub(super) const CLIENT_BATCHES_DROPPED: &str = "seawall_client_metrics_batches_dropped_total";
pub(super) const AUDIT_RECORDS: &str = "audit_records_total";
pub(super) const AUDIT_WAITING: &str = "audit_waiting_bytes";
pub(super) const QUEUE_JOBS: &str = "queue_jobs_total";
pub(super) const QUEUE_DEPTH: &str = "queue_depth";
pub(super) const QUEUE_OLDEST: &str = "queue_oldest_seconds";
pub(super) const QUEUE_ATTEMPT: &str = "queue_attempt_duration_seconds";
pub(super) const QUEUE_LATENCY: &str = "queue_latency_seconds";
pub(super) const PANICS: &str = "panics_total";
pub(super) const UPSTREAM_ATTEMPTS: &str = "upstream_attempts_total";
pub(super) const UPSTREAM_ANSWERS: &str = "upstream_answers_total";
pub(super) const UPSTREAM_RETRIES: &str = "upstream_retries_total";
pub(super) const UPSTREAM_DURATION: &str = "upstream_duration_seconds";
pub(super) const SOCKETS: &str = "websocket_connections";
pub(super) const SOCKETS_REFUSED: &str = "websocket_refused_total";
pub(super) const SOCKETS_CLOSED: &str = "websocket_closed_total";
pub(super) const SOCKET_MESSAGES: &str = "websocket_messages_total";
pub(super) const UPLOADS: &str = "uploads_total";
pub(super) const UPLOADS_WAITING: &str = "upload_spool_bytes";

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (HTTP_REQUESTS, "Requests answered, by method, route and status."),
    (
        HTTP_REFUSED,
        "Requests refused before they were worked on, by reason.",
    ),
    (
        HTTP_CONNECTIONS_CUT,
        "Connections ended for what their peer did or left undone, by reason.",
    ),
    (DATABASE_ERRORS, "Statements that failed, by class of SQLSTATE."),
    (
        DATABASE_DISCARDED,
        "Connections thrown away because their state was in doubt, by reason.",
    ),
    (
        RLS_FAILURES,
        "Requests whose role and claims could not be set; each was answered 500.",
    ),
    (RATE_LIMIT, "Rate limit decisions; refusals by scope."),
    (
        RATE_LIMIT_FALLBACKS,
        "Requests counted by address or lowest tier for want of a claim, by what was missing.",
    ),
    (
        SHED,
        "Requests shed because there was too much to do, by tier's priority and reason.",
    ),
    (
        BREAKER_TRANSITIONS,
        "Transitions of circuit breakers, by dependency and state entered.",
    ),
    (
        EVENTS,
        "Events worth telling, by kind and by what they are about.",
    ),
    (AUTH_FAILURES, "Tokens refused, by reason."),
    (TOKEN_CACHE, "Tokens looked up among the remembered, by outcome."),
    (
        TOKEN_ASKED,
        "Tokens the auth service was asked about, by outcome.",
    ),
    (
        USER_ASKED,
        "Users of queued writes the auth service was asked about, by outcome.",
    ),
    (TOKEN_REVOCATIONS, "Revocations made here."),
    (JWKS_READINGS, "Readings of the key set, by outcome."),
    (SCHEMA_LOADS, "Loads of the schema cache, by outcome."),
    (
        CLIENT_CALLS,
        "Calls of pages, by service, class, endpoint and outcome.",
    ),
    (
        CLIENT_RETRIES,
        "Requests pages sent beyond the first of their call.",
    ),
    (
        CLIENT_JOINED,
        "Calls of pages that were joined with others, by how.",
    ),
    (CLIENT_CACHE, "Reads that the pages' caches saw, by result."),
    (
        CLIENT_TRANSITIONS,
        "Transitions of the pages' circuits, by state entered.",
    ),
    (CLIENT_BATCHES, "Batches of metrics that pages sent."),
    (
        CLIENT_BATCHES_DROPPED,
        "Batches of metrics that pages could not send.",
    ),
    (AUDIT_RECORDS, "Records of requests, by what became of them."),
    (QUEUE_JOBS, "Queued jobs, by what became of them."),
    (PANICS, "Requests that hit a defect of the server."),
    (
        UPSTREAM_ATTEMPTS,
        "Attempts at upstreams, by service and outcome.",
    ),
    (
        UPSTREAM_ANSWERS,
        "Answers of upstreams, by service and class of status.",
    ),
    (UPSTREAM_RETRIES, "Attempts made again, by service."),
    (SOCKETS_REFUSED, "WebSockets not opened, by reason."),
    (SOCKETS_CLOSED, "WebSockets ended, by reason."),
    (SOCKET_MESSAGES, "Messages of WebSockets, by direction."),
    (UPLOADS, "Uploads judged, by verdict."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    (HTTP_INFLIGHT, "Requests being worked on."),
    (HTTP_CONNECTIONS, "Connections from clients."),
    (DATABASE_POOL, "Connections of the pool, by state."),
    (RATE_LIMIT_KEYS, "Keys the rate limiter remembers."),
    (RATE_LIMIT_DEGRADED, "Whether limits are held without Redis."),
    (
        CONFIG_USABLE,
        "Whether the configuration could be used when it was last read.",
    ),
    (
        RATE_LIMIT_LEFT,
        "What stress leaves of the lowest tier's limits, in percent.",
    ),
    (WAITING, "Requests that wait for their turn."),
    (CAP, "Requests that may be worked on at once, as learnt."),
    (
        BREAKER_STATE,
        "State of each circuit: 0 closed, 1 half-open, 2 open.",
    ),
    (AUDIT_WAITING, "Records that wait on disk, in bytes."),
    (QUEUE_DEPTH, "Queued jobs, by state, over all instances."),
    (QUEUE_OLDEST, "Age of the oldest job that waits."),
    (
        TOKENS_REVOKED,
        "Tokens, sessions and users whose revocation holds.",
    ),
    (JWKS_STALE, "Whether the key set is older than it may be."),
    (SCHEMA_LOADED, "Whether a schema cache is loaded."),
    (SOCKETS, "WebSockets that are open."),
    (UPLOADS_WAITING, "Bytes of uploads that wait to be judged."),
];

pub(super) const HISTOGRAMS: &[(&str, &str)] = &[
    (CLIENT_DURATION, "Time from call to answer in pages."),
    (CLIENT_QUEUE, "Time calls of pages waited for their turn."),
    (QUEUE_ATTEMPT, "Time a worker spent on an attempt of a job."),
    (QUEUE_LATENCY, "Time from accepting a job to its completion."),
    (HTTP_DURATION, "Time to answer a request."),
    (
        DATABASE_POOL_WAIT,
        "Time a request waited for a connection of the pool.",
    ),
    (
        DATABASE_DURATION,
        "Time a request's transaction took, waiting for a connection included.",
    ),
    (UPSTREAM_DURATION, "Time until an upstream's answer began."),
];

/// From a cache hit to a timeout.
pub(super) const BUCKETS_S: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
