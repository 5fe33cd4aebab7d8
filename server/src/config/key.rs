//! Every configuration key: its name, where else it may be written, and what it means.
//!
//! One table serves the environment (`SEAWALL_` and `PGRST_` names), the file and
//! the in-database settings, and tells which values are secret. A key that is not
//! in the table cannot be read, so none can be forgotten in it.

/// A configuration key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// The key as written in a file: `db-pool`.
    pub name: &'static str,
    /// Environment names besides `SEAWALL_…` and `PGRST_…`.
    pub aliases: &'static [&'static str],
    /// Whether the value must never be printed.
    pub secret: bool,
    /// Whether `ALTER ROLE authenticator SET pgrst.…` may set it.
    pub in_database: bool,
    /// One sentence for people.
    pub doc: &'static str,
}

impl Key {
    /// The environment names of the key, the strongest first.
    #[must_use]
    pub fn environment_names(&self) -> Vec<String> {
        let upper = self.name.to_uppercase().replace(['-', '.'], "_");
        let mut names = vec![format!("SEAWALL_{upper}"), format!("PGRST_{upper}")];
        names.extend(self.aliases.iter().map(|alias| (*alias).to_owned()));
        names
    }

    /// The key's name as an in-database setting, without its prefix.
    #[must_use]
    pub fn database_name(&self) -> String {
        self.name.replace('-', "_")
    }
}

macro_rules! keys {
    ($($constant:ident = $name:literal $(or $alias:literal)* $([$($mark:ident),*])?, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $constant: Key = Key {
            name: $name,
            aliases: &[$($alias),*],
            secret: false $($(|| mark::$mark == mark::SECRET)*)?,
            in_database: false $($(|| mark::$mark == mark::DB)*)?,
            doc: $doc,
        };)*

        /// All keys, in the order of the reference.
        pub const ALL: &[Key] = &[$($constant),*];
    };
}

mod mark {
    pub(super) const SECRET: u8 = 1;
    pub(super) const DB: u8 = 2;
}

keys! {
    LISTEN = "listen", "address and port to serve on";
    SERVER_HOST = "server-host", "host to serve on, where listen is not given";
    SERVER_PORT = "server-port", "port to serve on, where listen is not given";
    ADMIN_SERVER_HOST = "admin-server-host", "host of the second listener with health and metrics only";
    ADMIN_SERVER_PORT = "admin-server-port", "port of the second listener with health and metrics only";
    STATIC_DIR = "static-dir", "folder of a built page to serve at /";
    REST_ROOT = "rest-root", "whether the REST interface is at / as well as at /rest/v1";
    CORS_ORIGINS = "server-cors-allowed-origins" [DB], "origins that may read answers; empty for all";
    TRACE_HEADER = "server-trace-header" [DB], "request header to repeat on the answer";
    API_DOCS = "api-docs", "whether the server describes its own addresses at /openapi.json and /api-docs";
    TIMING = "server-timing-enabled" [DB], "whether answers carry Server-Timing";
    BODY_LIMIT = "body-limit", "largest request body in bytes";
    HEADER_LIMIT = "header-limit", "largest request head in bytes";
    HEADER_TIMEOUT = "header-timeout", "milliseconds a client has to send a request head";
    REQUEST_TIMEOUT = "request-timeout", "milliseconds after which a request is answered 504";
    MAX_INFLIGHT = "max-inflight", "requests worked on at once; more are answered 503";
    DRAIN_TIMEOUT = "drain-timeout", "milliseconds requests have to finish when the server stops";
    TLS_CERTIFICATE = "tls-certificate", "file of the listener's certificate and its chain, PEM; read again when it changes";
    TLS_KEY = "tls-key", "file of the certificate's private key, PEM";
    HSTS_MAX_AGE = "hsts-max-age", "seconds browsers must come back over TLS only, once they came over it; 0 for not";
    ACCEPT_LOOPS = "accept-loops", "sockets that accept connections on the one address";
    REUSE_PORT = "reuse-port", "whether other processes of the same user may serve on the address too";
    MAX_CONNECTIONS = "max-connections", "connections at once; more are answered 503 and closed";
    MAX_CONNECTIONS_PER_ADDRESS = "max-connections-per-address", "connections at once from one address that is no trusted proxy";
    KEEP_ALIVE_TIMEOUT = "keep-alive-timeout", "milliseconds a connection may be without a request";
    BODY_TIMEOUT = "body-timeout", "milliseconds a request body may stall";
    WRITE_TIMEOUT = "write-timeout", "milliseconds an answer may go unread";
    MIN_RATE = "min-rate", "bytes a second below which a request body, or the reading of an answer, counts as stalling";
    COMPRESSION = "compression", "whether answers over 1 KB are compressed for those who ask";
    TRUSTED_PROXIES = "trusted-proxies", "addresses or networks whose word about the caller's address is believed";
    FORWARDED_HEADER = "forwarded-header", "the header in which trusted proxies name the caller: x-forwarded-for or forwarded";

    DB_URI = "db-uri" or "DATABASE_URL" [SECRET], "connection string of the login role requests run under";
    OWNER_DATABASE_URL = "owner-database-url" [SECRET], "connection string of the role that may migrate";
    DB_POOL = "db-pool" or "PG_POOL_MAX", "most connections of the pool";
    DB_POOL_ACQUISITION_TIMEOUT = "db-pool-acquisition-timeout", "seconds a request waits for a connection";
    DB_POOL_MAX_LIFETIME = "db-pool-max-lifetime", "seconds after which a connection is replaced";
    DB_POOL_MAX_IDLETIME = "db-pool-max-idletime" or "PGRST_DB_POOL_TIMEOUT", "seconds after which an idle connection is closed";
    DB_CONNECT_TIMEOUT = "db-connect-timeout", "milliseconds for connecting to the database";
    DB_PROBE_INTERVAL = "db-probe-interval", "seconds between two looks at an idle database";
    DB_STREAM_ABOVE = "db-stream-above", "bytes of a read's answer above which it is passed on as it comes, in flat memory and without an ETag; 0 for never";
    DB_STATEMENT_TIMEOUT = "db-statement-timeout", "milliseconds a statement may take; 0 leaves it to the database's own settings";
    DB_PREPARED_STATEMENTS = "db-prepared-statements" [DB], "whether repeated statements are prepared";
    PGOPTIONS = "db-options" or "PGOPTIONS", "command-line options of each database session";
    PGTZ = "db-timezone" or "PGTZ", "time zone of each database session";

    DB_SCHEMAS = "db-schemas" or "PGRST_DB_SCHEMA" [DB], "schemas the REST interface exposes, the first by default";
    DB_ANON_ROLE = "db-anon-role" [DB], "role of requests without a token; empty to refuse them";
    DB_ALLOWED_ROLES = "db-allowed-roles", "roles a token may name; empty for all the login role may become";
    DB_PRE_REQUEST = "db-pre-request" or "PGRST_PRE_REQUEST" [DB], "function called before each statement";
    DB_PRE_CONFIG = "db-pre-config" [DB], "function that sets in-database settings";
    DB_EXTRA_SEARCH_PATH = "db-extra-search-path" [DB], "schemas added to the search path";
    DB_MAX_ROWS = "db-max-rows" or "PGRST_MAX_ROWS" [DB], "most rows in one answer";
    DB_MAX_COST = "db-max-cost" [DB], "planner's cost above which a statement is refused; it is then planned twice";
    DB_MAX_EMBED_DEPTH = "db-max-embed-depth" [DB], "most levels of embeds inside each other";
    DB_MAX_EMBEDS = "db-max-embeds" [DB], "most embeds in one request";
    DB_ROLE_BOUNDS = "db-role-bounds" [DB], "max-rows, max-cost, max-embed-depth and max-embeds by role";
    DB_UNEMBEDDABLE = "db-unembeddable" [DB], "relations that are never embedded";
    DB_TX_END = "db-tx-end" [DB], "how transactions end";
    DB_PLAN_ENABLED = "db-plan-enabled" [DB], "whether execution plans may be asked for";
    DB_AGGREGATES_ENABLED = "db-aggregates-enabled" [DB], "whether aggregate functions may be asked for";
    DB_AGGREGATES_TABLES = "db-aggregates-tables" [DB], "relations over which aggregates may be used; empty for all, where they are enabled";
    DB_CHANNEL = "db-channel", "notification channel that reloads the schema cache";
    DB_CHANNEL_ENABLED = "db-channel-enabled", "whether the notification channel is listened to";
    DB_CONFIG = "db-config", "whether in-database settings are read";
    DB_ROOT_SPEC = "db-root-spec" or "PGRST_ROOT_SPEC" [DB], "function that answers at the root";
    DB_HOISTED_TX_SETTINGS = "db-hoisted-tx-settings" [DB], "function settings applied to the whole transaction";
    OPENAPI_MODE = "openapi-mode" [DB], "what the root describes";
    OPENAPI_SECURITY = "openapi-security-active" [DB], "whether the root describes the Authorization header";
    OPENAPI_PROXY = "openapi-server-proxy-uri" [DB], "address the root describes";
    CLIENT_ERROR_VERBOSITY = "client-error-verbosity" [DB], "whether database errors show details and hints";
    LEGACY_TARGET_NAMES = "url-use-legacy-target-names" [DB], "whether an aliased embed may be named by its table";

    JWT_SECRET = "jwt-secret" or "JWT_SECRET" [SECRET, DB], "secret, JWK or JWK set that verifies tokens";
    JWT_SECRET_IS_BASE64 = "jwt-secret-is-base64" [DB], "whether the secret is base64";
    JWT_AUD = "jwt-aud" [DB], "audience tokens must have";
    JWT_ROLE_CLAIM_KEY = "jwt-role-claim-key" or "PGRST_ROLE_CLAIM_KEY" [DB], "where the role is in the claims";
    JWT_CACHE = "jwt-cache-max-entries" [DB], "verified tokens remembered";
    JWT_ISSUER = "jwt-issuer" [DB], "issuer tokens must have";
    JWT_REQUIRED_CLAIMS = "jwt-required-claims", "claims every token must have, such as exp";
    JWT_JWKS = "jwt-jwks", "file or http(s) address of a JWK set that verifies tokens too";
    JWT_JWKS_REFRESH = "jwt-jwks-refresh", "seconds after which the JWK set is read again; Cache-Control may shorten it";
    JWT_JWKS_STALE = "jwt-jwks-stale-after", "seconds without reading the JWK set after which an alarm is raised";
    TOKEN_CACHE_TTL = "token-cache-ttl-seconds" or "TOKEN_CACHE_TTL_SECONDS", "seconds a verified token is believed without being verified again";
    TOKEN_VERIFY_URL = "token-verify-url", "address of the auth service's user, asked about each token: https://…/auth/v1/user";
    TOKEN_VERIFY_KEY = "token-verify-key" [SECRET], "apikey sent to the auth service; as a token it is anonymous";
    TOKEN_VERIFY_TIMEOUT = "token-verify-timeout", "milliseconds the auth service has to answer";
    TOKEN_VERIFY_WHEN_DOWN = "token-verify-when-down", "refuse, or cached: what becomes of tokens while the auth service is down";
    TOKEN_VERIFY_GRACE = "token-verify-grace", "seconds a cached validation is honoured while the auth service is down, where that is allowed";
    AUTH_USERS_URL = "auth-users-url", "address of the auth service's users, asked whether who queued a write is still there: https://…/auth/v1/admin/users";
    AUTH_USERS_KEY = "auth-users-key" [SECRET], "service key that the auth service's users are asked with";
    REVOCATION_LIFETIME = "revocation-lifetime", "seconds a session's end is remembered: the longest life of an access token";
    REVOCATIONS_MAX = "revocations-max", "most revocations remembered";
    BYPASSRLS_FROM_BROWSER = "allow-bypassrls-from-browser", "whether a role that bypasses row-level security may come from a browser";

    ORGANISATION_CLAIM = "organisation-claim", "where in the claims the caller's organisations are";
    ORGANISATION_MEMBERSHIP = "organisation-membership", "read that tells the caller's organisations: memberships?select=org_id&user_id=eq.{sub}";
    ORGANISATION_MEMBERSHIP_TTL = "organisation-membership-ttl", "seconds a membership is believed without being asked again";
    ORGANISATION_HEADER = "organisation-header", "request header that names the organisation of a request";
    ORGANISATION_RULES = "organisation-rules", "which requests name an organisation where: /rest/v1/* org_id, /files/{organisation}/**";
    ORGANISATION_EXEMPT_ROLES = "organisation-exempt-roles", "roles that belong to no organisation and may name any";

    REDIS_URL = "redis-url" or "REDIS_URL" [SECRET], "address of Redis, where instances share limits, caches and messages";
    REDIS_TIMEOUT = "redis-timeout", "milliseconds a request waits for Redis before it does without";
    STORE_DATABASE_URL = "store-database-url" [SECRET], "connection string of the role that owns what Seawall stores; the owner's where it is left out";
    CLUSTER_SECRET = "cluster-secret" [SECRET], "what messages between instances are signed with; derived from the token secret where it is left out";
    ADMIN_CLAIM_KEY = "admin-claim-key", "where in the claims it says that somebody may administer";
    ADMIN_CLAIM_VALUE = "admin-claim-value", "what the claims say there of an administrator";

    UPSTREAM_URL = "upstream-url", "address of a Supabase project whose services are passed on";
    UPSTREAM_REST_URL = "upstream-rest-url", "address that answers for /rest/v1, such as a PostgREST's";
    UPSTREAM_AUTH_URL = "upstream-auth-url", "address that answers for /auth/v1";
    UPSTREAM_STORAGE_URL = "upstream-storage-url", "address that answers for /storage/v1";
    UPSTREAM_FUNCTIONS_URL = "upstream-functions-url", "address that answers for /functions/v1";
    UPSTREAM_REALTIME_URL = "upstream-realtime-url", "address that answers for /realtime/v1";
    UPSTREAM_HTTP = "upstream-http", "HTTP with upstreams: auto (what TLS negotiates), 1 or 2";
    UPSTREAM_CONNECT_TIMEOUT = "upstream-connect-timeout", "milliseconds for connecting to an upstream";
    UPSTREAM_TIMEOUT = "upstream-timeout", "milliseconds an attempt has until an upstream's answer begins";
    UPSTREAM_IDLE_TIMEOUT = "upstream-idle-timeout", "milliseconds an upstream's answer may pause";
    UPSTREAM_RETRIES = "upstream-retries", "attempts after the first, where repeating is safe";
    UPSTREAM_POOL_IDLE = "upstream-pool-idle", "idle connections kept for each upstream";

    WEBSOCKET_ORIGINS = "websocket-origins", "origins that may open a WebSocket; empty for those that may read answers";
    WEBSOCKET_MAX = "websocket-max", "WebSockets open at once";
    WEBSOCKET_MAX_PER_ADDRESS = "websocket-max-per-address", "WebSockets open at once from one address";
    WEBSOCKET_MAX_PER_USER = "websocket-max-per-user", "WebSockets open at once of one user";
    WEBSOCKET_MESSAGE_RATE = "websocket-message-rate", "messages a client may send in a second, and at once";
    WEBSOCKET_MESSAGE_LIMIT = "websocket-message-limit", "largest message in bytes";
    WEBSOCKET_IDLE_TIMEOUT = "websocket-idle-timeout", "milliseconds of a client's silence after which its WebSocket is closed";
    WEBSOCKET_STALL_TIMEOUT = "websocket-stall-timeout", "milliseconds a peer has to take a message";

    UPLOAD_LIMIT = "upload-limit", "largest upload in bytes";
    UPLOAD_PATHS = "upload-paths", "paths besides storage's whose request bodies are judged as uploads";
    UPLOAD_TYPES = "upload-types", "media types by bucket, as JSON; * for the other buckets";
    UPLOAD_SPOOL_DIR = "upload-spool-dir", "folder where uploads wait to be judged";
    UPLOAD_SPOOL_LIMIT = "upload-spool-limit", "bytes that may wait there at once";
    UPLOAD_TIMEOUT = "upload-timeout", "milliseconds an upload may take, its judgement included";
    UPLOAD_ARCHIVE_RATIO = "upload-archive-ratio", "times an archive may grow when unpacked";
    UPLOAD_ARCHIVE_BYTES = "upload-archive-bytes", "bytes an archive may have when unpacked, nested ones included";
    UPLOAD_ARCHIVE_ENTRIES = "upload-archive-entries", "entries an archive may have, nested ones included";
    UPLOAD_ARCHIVE_DEPTH = "upload-archive-depth", "archives inside each other";
    UPLOAD_QUARANTINE_DIR = "upload-quarantine-dir", "folder that keeps infected uploads; none to keep nothing";
    CLAMD_ADDRESS = "clamd-address", "address:port of clamd, or the path of its socket; empty for no scan";
    CLAMD_TIMEOUT = "clamd-timeout", "milliseconds clamd has for one upload";
    UPLOAD_SCAN_REQUIRED = "upload-scan-required", "whether uploads are refused while clamd cannot be asked";

    RATE_LIMITS = "rate-limits", "whether requests are limited";
    POLICY = "policy", "the policy document as JSON";
    TIERS = "tiers", "what each tier allows, by name";
    TIER_CLAIM = "tier-claim", "where the tier is in the claims";
    DEFAULT_TIER = "default-tier", "tier of callers whose token names none; the lowest unless set";
    ROLE_TIERS = "role-tiers", "tiers of roles whose tokens name none: role=tier, separated by commas";
    FAILED_TOKENS = "failed-token-limit", "tokens that nobody signed which an address may present in a minute; 0 for any number";
    EXPENSIVE_OPERATIONS = "expensive-operations", "what counts as expensive: exports, uploads, count-exact, rpc, functions, or an endpoint's path";
    ENDPOINT_LIMITS = "endpoint-limits", "limits of endpoints over all callers: path=requests/milliseconds, separated by commas";
    UPGRADE_URL = "upgrade-url", "where a refused caller can get a higher tier";
    LIMIT_INSTANCES = "rate-limit-instances", "instances that share the limits at least, for when Redis cannot be asked";
    DEGRADED_BURST = "rate-limit-degraded-burst", "percent of a burst given at once when Redis is lost; 0 keeps the bound exact";
    LIMIT_KEYS = "rate-limit-keys", "most keys the rate limiter remembers";
    ADAPTIVE_MIN = "adaptive-inflight-min", "requests worked on at once at least, however stressed the server is";
    ADAPTIVE_MAX = "adaptive-inflight-max", "requests worked on at once at most; the rest waits by tier; 0 for no such bound";
    LINE_DEPTH = "line-depth", "most requests that wait for their turn";
    LINE_TIMEOUT = "line-timeout", "milliseconds a request waits for its turn";

    PARTITIONS = "partitions", "tables in monthly parts: months ahead and retention by table";
    MIGRATE = "migrate", "whether the server brings Seawall's own schema up to date when it starts";
    MODE = "mode", "development or production; production refuses a database that is not safe to serve";
    CHECK_REFUSE = "check-refuse", "the mildest severity of findings with which production refuses to start: critical, error, warning or info";
    CHECK_ALLOW = "check-allow", "findings that are allowed: reasons by rule and object";

    CACHE = "cache", "whether answers to reads are kept where no rule says otherwise";
    CACHE_TTL = "cache-ttl", "milliseconds a kept answer is fresh: given without asking the database";
    CACHE_STALE_TTL = "cache-stale-ttl", "milliseconds after that in which it is given while the database is asked";
    CACHE_KEEP_TTL = "cache-keep-ttl", "milliseconds it is kept from the beginning, for when the database cannot be had";
    CACHE_TABLES = "cache-tables", "rules of the response cache by table, view or rpc/function: enabled, public, ttl, stale-ttl, keep-ttl";
    CACHE_READS = "cache-reads", "tables that a view or function reads, where the catalogue does not show it";
    CACHE_WRITES = "cache-writes", "tables that a write or a call changes, where the catalogue does not show it";
    CACHE_IGNORE_CLAIMS = "cache-ignore-claims", "claims that no policy reads, so that tokens that differ in them share answers";
    CACHE_MEMORY = "cache-memory", "most bytes of answers kept in memory";
    CACHE_MAX_ANSWER = "cache-max-answer", "largest answer in bytes that is kept";
    CACHE_SKIP_PRE_REQUEST = "cache-skip-pre-request", "whether answers are kept although db-pre-request would judge each request";

    AUDIT = "audit", "whether requests are recorded, where there is a store";
    AUDIT_DIR = "audit-dir", "folder where records wait until the database has them";
    AUDIT_SPILL_LIMIT = "audit-spill-limit", "most bytes of records that wait there";
    AUDIT_EXCLUDED = "audit-excluded", "paths that are not recorded, with all below them";
    AUDIT_BODIES = "audit-bodies", "whether bodies of writes are recorded, without what is personal or secret";
    AUDIT_ADDRESSES = "audit-addresses", "how much of the caller's address is recorded: full, network or none";
    AUDIT_REDACTED = "audit-redacted", "further names whose values are never recorded";
    AUDIT_WAIT = "audit-wait", "milliseconds an answer waits for its record";
    AUDIT_VOLUME = "audit-volume", "requests of one caller in a minute that raise a security event";

    QUEUE = "queue", "whether writes may be queued (Prefer: respond-async), where there is a store";
    QUEUE_WORKERS = "queue-workers", "queued jobs this instance carries out at once; 0 to accept only";
    QUEUE_DEPTH = "queue-depth", "most queued jobs, over all instances; more are answered 503";
    QUEUE_ATTEMPTS = "queue-attempts", "how often a queued job that fails is tried";
    QUEUE_BACKOFF = "queue-backoff", "milliseconds of the first wait between attempts; it doubles";
    QUEUE_LEASE = "queue-lease", "milliseconds a job stays its worker's without a sign of life";
    QUEUE_TOKEN_GRACE = "queue-token-grace", "seconds after a token has expired in which its jobs may still begin";
    QUEUE_KEEP_COMPLETED = "queue-keep-completed", "seconds completed and cancelled jobs are kept";
    QUEUE_KEEP_DEAD = "queue-keep-dead", "seconds dead letters are kept";
    QUEUE_RESULT_LIMIT = "queue-result-limit", "most bytes of an answer kept with its job";

    DEV_AUTH_USERS = "dev-auth-users" [SECRET], "users of the development auth service, as JSON; empty switches it off";
    DEV_TOKEN_LIFETIME = "dev-token-lifetime", "seconds a token of the development auth service lives";
    DEV_FAULTS = "dev-faults", "whether /dev/faults can make the server fail";

    OTLP_ENDPOINT = "otlp-endpoint" or "OTEL_EXPORTER_OTLP_ENDPOINT", "address of an OpenTelemetry collector (OTLP over HTTP) that traces are sent to";
    OTLP_HEADERS = "otlp-headers" or "OTEL_EXPORTER_OTLP_HEADERS" [SECRET], "headers for the collector: name=value, separated by commas";
    OTLP_SERVICE = "otlp-service" or "OTEL_SERVICE_NAME", "what the service is called in traces";
    TRACE_SAMPLE = "trace-sample" or "OTEL_TRACES_SAMPLER_ARG", "share of requests that is traced where the caller has not decided, from 0 to 1";

    BUSINESS_METRICS = "business-metrics", "metrics asked of the database: help, kind, query, interval, timeout and rows by name";
    BUSINESS_METRICS_ROLE = "business-metrics-role", "role their queries run as; it should be able to read what they read and no more";
    BUSINESS_METRICS_DATABASE_URL = "business-metrics-database-url" [SECRET], "connection string of their own; that of requests where it is left out";

    LOG_LEVEL = "log-level", "least severe events that are logged";
    LOG_FORMAT = "log-format", "text or json";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_environment_names_are_unique() {
        let mut names: Vec<String> = ALL.iter().flat_map(Key::environment_names).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn marks_are_read() {
        let marks = |key: Key| (key.secret, key.in_database);
        assert_eq!(marks(DB_URI), (true, false));
        assert_eq!(marks(JWT_SECRET), (true, true));
        assert_eq!(marks(DB_POOL), (false, false));
    }
}
