//! Every setting of the policy document, in one table: parsing, bounds, defaults, printing, the JSON schema, the
//! reference and the package's own checks (`pkg/src/settings.table.ts`) all come from it.
//!
//! # Adding a setting
//!
//! One row in `settings!`, in the place of its group, and `npm run codegen`. From then on both sides read, check,
//! print and publish it; in the package a stage asks `settings.number("group.name", route)`, `settings.word(…)` or
//! `settings.flag(…)`, and gets the endpoint's value before the service's before the document's.
//!
//! - `Key` is the path in PascalCase; the path is camelCase, its groups joined by dots.
//! - A default lies within its bounds. A flag is 0 or 1, a choice the index of its word.
//! - `Reach` says where it may be overridden: `Endpoint` unless it makes no sense there.
//! - A group that is a feature of its own has the flag `<group>.enabled`: `cache: true` then means
//!   `cache: { enabled: true }`, everywhere, without further code.
//! - A ceiling that follows its floor is named in [`CEILINGS`].
//! - What two settings say together is checked where they are used, as a [`crate::error::ConfigError`]; the small
//!   module knows numbers only and hands out the error's code.

/// How a setting's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Count,
    /// Milliseconds, whole.
    Millis,
    /// A number, fractions allowed, to the millionth.
    Ratio,
    /// One of these words; kept as its index.
    Choice(&'static [&'static str]),
    /// True or false; kept as 1 or 0.
    Flag,
}

/// Where a setting may stand besides the document's top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At the top only.
    Document,
    /// Also under `services.<name>`.
    Service,
    /// Also under `services.<name>` and `endpoints."<path>"`.
    Endpoint,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Its name with its groups, in camelCase, joined by dots.
    pub path: &'static str,
    /// How its value is written.
    pub kind: Kind,
    /// What holds if nothing is said; of a choice, the index.
    pub default: f64,
    /// The least allowed.
    pub min: f64,
    /// The most allowed.
    pub max: f64,
    /// Where it may be overridden.
    pub reach: Reach,
    /// What it does, in one sentence.
    pub doc: &'static str,
}

/// The words for `breaker.mode`.
pub const MODES: &[&str] = &["active", "metricsOnly", "disabled"];

/// The words for `offline.when`.
pub const UNREACHABLE: &[&str] = &["offline", "unreachable"];

/// The words for `offline.conflict`.
pub const CONFLICTS: &[&str] = &["ask", "clientWins", "serverWins"];

/// The words for `offline.order`.
pub const ORDERS: &[&str] = &["table", "row"];

const MINUTE: f64 = 60_000.0;
const TEN_MINUTES: f64 = 600_000.0;
const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 86_400_000.0;
const WEEK: f64 = 7.0 * DAY;
const MONTH: f64 = 30.0 * DAY;

/// A ceiling that is not given beside its floor is raised to it: the floor, then the ceiling.
pub const CEILINGS: &[(Key, Key)] = &[
    (Key::BreakerResetTimeout, Key::BreakerMaxResetTimeout),
    (Key::RetryBaseDelay, Key::RetryMaxDelay),
    (Key::RefreshPause, Key::RefreshMaxPause),
    (Key::OfflineBaseDelay, Key::OfflineMaxDelay),
];

macro_rules! settings {
    ($($key:ident = $path:literal, $kind:expr, $default:expr, $min:expr, $max:expr, $reach:ident, $doc:literal;)*) => {
        /// A setting's place in [`SETTINGS`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key {
            $(#[doc = $doc] $key),*
        }

        impl Key {
            /// Every key, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$key),*];
        }

        /// The table, in the order of [`Key`].
        pub const SETTINGS: &[Setting] = &[$(Setting {
            path: $path,
            kind: $kind,
            default: $default,
            min: $min,
            max: $max,
            reach: Reach::$reach,
            // Nobody reads them where no document is printed.
            doc: if cfg!(feature = "document") { $doc } else { "" },
        }),*];
    };
}

settings! {
    Version = "version", Kind::Count, 1.0, 1.0, 1.0, Document,
        "The version of the document's form.";
    Timeout = "timeout", Kind::Millis, 10_000.0, 0.0, TEN_MINUTES, Endpoint,
        "How long one attempt may take; 0: as long as it likes.";
    TimeoutReads = "timeouts.reads", Kind::Millis, 0.0, 0.0, TEN_MINUTES, Endpoint,
        "How long one attempt to read may take; 0: as `timeout` says.";
    TimeoutWrites = "timeouts.writes", Kind::Millis, 0.0, 0.0, TEN_MINUTES, Endpoint,
        "How long one attempt to write may take; 0: as `timeout` says.";
    TimeoutRpc = "timeouts.rpc", Kind::Millis, 0.0, 0.0, TEN_MINUTES, Endpoint,
        "How long one attempt to call a function may take; 0: as `timeout` says.";
    TimeoutAuth = "timeouts.auth", Kind::Millis, 0.0, 0.0, TEN_MINUTES, Endpoint,
        "How long one attempt at the auth service may take; 0: as `timeout` says.";
    Deadline = "deadline", Kind::Millis, 30_000.0, 0.0, HOUR, Endpoint,
        "How long a whole call may take, waits and retries included; 0: as long as it likes.";
    BreakerMode = "breaker.mode", Kind::Choice(MODES), 0.0, 0.0, 2.0, Endpoint,
        "Whether the breaker refuses calls, only watches and reports, or is off.";
    BreakerFailureThreshold = "breaker.failureThreshold", Kind::Count, 5.0, 0.0, 1_000.0, Endpoint,
        "Opens at so many failures within the monitoring period; 0: not by count.";
    BreakerMonitoringPeriod = "breaker.monitoringPeriod", Kind::Millis, 10_000.0, 10.0, HOUR, Endpoint,
        "The sliding window in which failures and rates are measured.";
    BreakerFailureRate = "breaker.failureRate", Kind::Ratio, 0.5, 0.0, 1.0, Endpoint,
        "Opens at this share of failures; 0: not by rate.";
    BreakerMinimumThroughput = "breaker.minimumThroughput", Kind::Count, 10.0, 1.0, 1_000_000.0, Endpoint,
        "Rates mean nothing below so many calls in the window.";
    BreakerSlowCallRate = "breaker.slowCallRate", Kind::Ratio, 0.8, 0.0, 1.0, Endpoint,
        "Opens at this share of slow calls; 0: not by slowness.";
    BreakerSlowCallDuration = "breaker.slowCallDuration", Kind::Millis, 5_000.0, 1.0, TEN_MINUTES, Endpoint,
        "A call that takes this long is slow.";
    BreakerResetTimeout = "breaker.resetTimeout", Kind::Millis, 30_000.0, 1.0, HOUR, Endpoint,
        "The first cool-down: how long the circuit stays open before it lets probes through.";
    BreakerMaxResetTimeout = "breaker.maxResetTimeout", Kind::Millis, 300_000.0, 1.0, DAY, Endpoint,
        "The longest cool-down before jitter, and the furthest that a server's Retry-After is followed; raised to a `breaker.resetTimeout` that stands without it.";
    BreakerResetMultiplier = "breaker.resetMultiplier", Kind::Ratio, 2.0, 1.0, 10.0, Endpoint,
        "Each further cool-down is so many times as long as the last.";
    BreakerJitter = "breaker.jitter", Kind::Ratio, 0.25, 0.0, 1.0, Endpoint,
        "A cool-down is lengthened by a random part of up to this share, so that clients do not come back together.";
    BreakerHealthyPeriod = "breaker.healthyPeriod", Kind::Millis, MINUTE, 0.0, DAY, Endpoint,
        "A circuit closed for so long starts again with the first cool-down.";
    BreakerSuccessThreshold = "breaker.successThreshold", Kind::Count, 2.0, 1.0, 1_000.0, Endpoint,
        "Closes after so many successful probes.";
    BreakerHalfOpenProbes = "breaker.halfOpenProbes", Kind::Count, 2.0, 1.0, 100.0, Endpoint,
        "How many probes may be under way at the same time.";
    BreakerProbeTimeout = "breaker.probeTimeout", Kind::Millis, 15_000.0, 1.0, TEN_MINUTES, Endpoint,
        "A probe without an answer for so long has failed.";
    RetryAttempts = "retry.attempts", Kind::Count, 3.0, 1.0, 10.0, Endpoint,
        "Attempts per call, the first included; 1: no retries.";
    RetryBaseDelay = "retry.baseDelay", Kind::Millis, 200.0, 1.0, MINUTE, Endpoint,
        "The longest wait before the second attempt; doubled for each further one.";
    RetryMaxDelay = "retry.maxDelay", Kind::Millis, 5_000.0, 1.0, TEN_MINUTES, Endpoint,
        "The longest wait between two attempts; raised to a `retry.baseDelay` that stands without it.";
    RetryBudgetRatio = "retry.budgetRatio", Kind::Ratio, 0.1, 0.0, 1.0, Service,
        "Retries per call in the long run.";
    RetryBudgetReserve = "retry.budgetReserve", Kind::Count, 5.0, 0.0, 1_000.0, Service,
        "Most retries saved up, and how many there are to begin with.";
    RefreshPatience = "refresh.patience", Kind::Millis, 10_000.0, 0.0, MINUTE, Document,
        "How long a tab that wants a fresh session waits for another that is getting it, and takes its answer for its own; 0: not at all.";
    RefreshPause = "refresh.pause", Kind::Millis, MINUTE, 1.0, HOUR, Document,
        "The longest pause after a first 429 to a refresh of the session; doubled for each further one.";
    RefreshMaxPause = "refresh.maxPause", Kind::Millis, 900_000.0, 1.0, HOUR, Document,
        "The longest pause between two refreshes that are refused; raised to a `refresh.pause` that stands without it.";
    LimitsMaxWait = "limits.maxWait", Kind::Millis, 5_000.0, 0.0, TEN_MINUTES, Endpoint,
        "How long a call over the limit waits for its turn; 0: it fails at once.";
    LimitsMaxQueue = "limits.maxQueue", Kind::Count, 100.0, 0.0, 10_000.0, Endpoint,
        "How many calls may wait for their turn at one endpoint.";
    LimitsHoldOff = "limits.holdOff", Kind::Millis, 1_000.0, 1.0, TEN_MINUTES, Endpoint,
        "How long a 429 that names no time holds calls back; doubled for each further one in a row.";
    LimitsMaxHold = "limits.maxHold", Kind::Millis, TEN_MINUTES, 0.0, DAY, Endpoint,
        "The longest that a server's advice holds calls back.";
    LimitsFloor = "limits.floor", Kind::Ratio, 0.25, 0.01, 1.0, Endpoint,
        "The share of a limit that is left at least while the server is under stress; 1: limits do not give way.";
    LimitsReadsLimit = "limits.reads.limit", Kind::Count, 100.0, 1.0, 10_000.0, Endpoint,
        "Reads per window, for each user and endpoint.";
    LimitsReadsWindow = "limits.reads.window", Kind::Millis, MINUTE, 1.0, DAY, Endpoint,
        "The sliding window for reads.";
    LimitsWritesLimit = "limits.writes.limit", Kind::Count, 30.0, 1.0, 10_000.0, Endpoint,
        "Writes per window, for each user and endpoint.";
    LimitsWritesWindow = "limits.writes.window", Kind::Millis, MINUTE, 1.0, DAY, Endpoint,
        "The sliding window for writes.";
    LimitsRpcLimit = "limits.rpc.limit", Kind::Count, 20.0, 1.0, 10_000.0, Endpoint,
        "Function calls per window, for each user and endpoint.";
    LimitsRpcWindow = "limits.rpc.window", Kind::Millis, MINUTE, 1.0, DAY, Endpoint,
        "The sliding window for function calls.";
    LimitsAuthLimit = "limits.auth.limit", Kind::Count, 10.0, 1.0, 10_000.0, Endpoint,
        "Calls to the auth service per window, for each user and endpoint.";
    LimitsAuthWindow = "limits.auth.window", Kind::Millis, MINUTE, 1.0, DAY, Endpoint,
        "The sliding window for calls to the auth service.";
    LimitsIpLimit = "limits.ip.limit", Kind::Count, 1_000.0, 1.0, 1_000_000.0, Document,
        "Requests per window from one address; kept by the server only.";
    LimitsIpWindow = "limits.ip.window", Kind::Millis, MINUTE, 1.0, DAY, Document,
        "The window for requests from one address.";
    InflightMin = "inflight.min", Kind::Count, 2.0, 1.0, 10_000.0, Document,
        "So many attempts may be under way at least, however much the server is under stress.";
    InflightMax = "inflight.max", Kind::Count, 64.0, 0.0, 10_000.0, Document,
        "So many attempts may be under way at most, 16 to begin with; 0: no cap.";
    InflightMaxQueue = "inflight.maxQueue", Kind::Count, 1_000.0, 0.0, 100_000.0, Document,
        "How many calls may wait for a place among those under way.";
    InflightMaxWait = "inflight.maxWait", Kind::Millis, 0.0, 0.0, TEN_MINUTES, Endpoint,
        "How long a call waits for a place among those under way; 0: as long as it may take at all.";
    CacheEnabled = "cache.enabled", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Whether the guard keeps answers to reads; kept by the package only.";
    CacheTtl = "cache.ttl", Kind::Millis, MINUTE, 0.0, DAY, Endpoint,
        "How long an answer is fresh: given without asking the server.";
    CacheStaleTtl = "cache.staleTtl", Kind::Millis, 300_000.0, 0.0, WEEK, Endpoint,
        "How long after that it is stale: given at once while the server is asked for a new one.";
    CacheKeepTtl = "cache.keepTtl", Kind::Millis, DAY, 0.0, MONTH, Endpoint,
        "How long it is kept from the beginning, to be given when the server cannot be had.";
    CachePatience = "cache.patience", Kind::Millis, 400.0, 0.0, TEN_MINUTES, Endpoint,
        "How long a read waits for a service whose last call failed when a last known answer is at hand.";
    CacheRpc = "cache.rpc", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Answers of functions called by GET are kept too.";
    CacheStorage = "cache.storage", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Answers of the storage service are kept too.";
    CacheFunctions = "cache.functions", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Answers of edge functions called by GET are kept too.";
    CacheMaxEntries = "cache.maxEntries", Kind::Count, 5_000.0, 1.0, 1_000_000.0, Document,
        "How many answers a browser keeps; the least recently used go first.";
    CacheMaxBytes = "cache.maxBytes", Kind::Count, 50_000_000.0, 1_000.0, 1_000_000_000.0, Document,
        "How many bytes they take together.";
    CacheMaxEntryBytes = "cache.maxEntryBytes", Kind::Count, 1_000_000.0, 100.0, 100_000_000.0, Document,
        "The largest answer that is kept.";
    CacheMemoryEntries = "cache.memoryEntries", Kind::Count, 500.0, 1.0, 100_000.0, Document,
        "How many of them are in memory too.";
    CacheMemoryBytes = "cache.memoryBytes", Kind::Count, 10_000_000.0, 1_000.0, 1_000_000_000.0, Document,
        "How many bytes those take together.";
    BatchEnabled = "batch.enabled", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Whether reads that differ in one filter become one request; kept by the package only.";
    BatchDelay = "batch.delay", Kind::Millis, 5.0, 0.0, 1_000.0, Endpoint,
        "How long a read waits for others of its kind; kept by the package only.";
    BatchMaxSize = "batch.maxSize", Kind::Count, 100.0, 2.0, 1_000.0, Endpoint,
        "The most reads, or inserts, that become one request; kept by the package only.";
    CoalesceEnabled = "coalesce.enabled", Kind::Flag, 1.0, 0.0, 1.0, Endpoint,
        "Whether identical reads under way share one request; kept by the package only.";
    DebounceWait = "debounce.wait", Kind::Millis, 250.0, 0.0, MINUTE, Endpoint,
        "How long it must be quiet before a debounced call is sent; kept by the package only.";
    SplitEnabled = "split.enabled", Kind::Flag, 1.0, 0.0, 1.0, Endpoint,
        "Whether lists too long for a URL are asked for in parts; kept by the package only.";
    SplitMaxUrl = "split.maxUrl", Kind::Count, 8_000.0, 1_000.0, 1_000_000.0, Endpoint,
        "The most characters of a URL, of batches too; kept by the package only.";
    OfflineEnabled = "offline.enabled", Kind::Flag, 0.0, 0.0, 1.0, Endpoint,
        "Whether writes without a network are queued; kept by the package only.";
    OfflineWhen = "offline.when", Kind::Choice(UNREACHABLE), 1.0, 0.0, 1.0, Endpoint,
        "Whether a write is queued only when the device knows that it has no network, or whenever the server cannot be reached.";
    OfflineConflict = "offline.conflict", Kind::Choice(CONFLICTS), 0.0, 0.0, 2.0, Endpoint,
        "What becomes of a queued write that collides: the page is asked, it goes over what is there, or it is dropped.";
    OfflineOrder = "offline.order", Kind::Choice(ORDERS), 0.0, 0.0, 1.0, Document,
        "Which of a user's queued writes keep their order: all to one table, or those that may meet in a row.";
    OfflineTries = "offline.tries", Kind::Count, 10.0, 1.0, 1_000.0, Document,
        "After so many failures of its own a queued write is set aside.";
    OfflineBaseDelay = "offline.baseDelay", Kind::Millis, 1_000.0, 1.0, TEN_MINUTES, Document,
        "The bound of the first wait before a queued write is tried again; it doubles each time.";
    OfflineMaxDelay = "offline.maxDelay", Kind::Millis, MINUTE, 1.0, HOUR, Document,
        "The longest wait between two tries of a queued write; raised to an `offline.baseDelay` that stands without it.";
    OfflineGrace = "offline.grace", Kind::Millis, 2_000.0, 0.0, TEN_MINUTES, Document,
        "How long a queued write whose answer was lost is left alone: what is still under way may arrive until then.";
    OfflineMaxWrites = "offline.maxWrites", Kind::Count, 1_000.0, 1.0, 100_000.0, Document,
        "How many writes are queued at most.";
    OfflineMaxBytes = "offline.maxBytes", Kind::Count, 5_000_000.0, 1.0, 1_000_000_000.0, Document,
        "How many bytes of queued writes are kept at most.";
}

impl Key {
    /// The setting's row.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "one macro makes the table and the keys, in the same order"
    )]
    pub fn setting(self) -> &'static Setting {
        &SETTINGS[self as usize]
    }

    /// Whether the setting shapes a breaker.
    #[must_use]
    pub fn is_breaker(self) -> bool {
        self.setting().path.starts_with("breaker.")
    }
}
