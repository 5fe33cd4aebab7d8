//! The audit: who asked for what, when, from where, and how it went.
//!
//! A record is *acknowledged* when it is in the hands of the operating system, in a
//! file of this instance; an answer leaves after that. So what a caller has seen
//! answered is recorded, whatever kills the server next. From the files records go to
//! PostgreSQL in batches, each exactly once. While the database is away they wait on
//! disk; when the disk's share is used up too, what cannot be kept is counted and told.
//! Nothing is dropped silently.
//!
//! What is personal or secret is removed before anything is written (`sanitise`), and
//! patterns over many requests are watched for (`anomaly`).

mod anomaly;
mod journal;
pub(crate) mod record;
pub(crate) mod sanitise;
mod search;
mod ship;
mod write;

pub(crate) use anomaly::Seen;
pub(crate) use search::Filter;
pub(crate) use ship::run;

use std::hash::{BuildHasher as _, RandomState};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Addresses, AuditConfig, Config};
use crate::events::Events;
use crate::serve::StartError;
use crate::store::Store;
use crate::telemetry::Metrics;
use anomaly::Watch;
use journal::{Full, Held, Journal};
use record::Record;
use sanitise::Sanitiser;
use write::{Order, Writer};

/// The audit of one instance.
pub(crate) struct Audit {
    pub(crate) config: AuditConfig,
    pub(crate) sanitiser: Sanitiser,
    pub(crate) instance: String,
    /// Requests whose records are still to come.
    pub(crate) under_way: AtomicUsize,
    writer: Writer,
    held: Held,
    parent: PathBuf,
    pool: PgPool,
    losses: Losses,
    metrics: Metrics,
    clock: Clock,
    events: Events,
    watch: Mutex<Watch>,
    hasher: RandomState,
}

impl Audit {
    /// The audit, where it is switched on and there is a store.
    ///
    /// # Errors
    /// When its folder cannot be used: an audit that cannot keep its promise must not begin.
    pub(crate) fn new(
        config: &Config,
        store: Option<&Store>,
        (clock, metrics, events): (Clock, &Metrics, &Events),
    ) -> Result<Option<Self>, StartError> {
        let (Some(store), Some(uri)) = (store, &config.cluster.store_uri) else {
            return Ok(None);
        };
        if !config.audit.enabled {
            return Ok(None);
        }
        // Records of one database never end in another, though servers share a folder.
        let place = digest(&SHA256, uri.expose_secret().as_bytes());
        let place = URL_SAFE_NO_PAD.encode(place.as_ref().get(..12).unwrap_or_default());
        let parent = config.audit.dir.join(place);
        let held = Held::default();
        let journal =
            Journal::open(&parent, Held::clone(&held), config.audit.spill_limit).map_err(|error| {
                StartError::Database(format!("audit-dir {}: {error}", config.audit.dir.display()))
            })?;
        let losses = Losses::new(clock, metrics, events);
        let told = losses.clone();
        let writer = Writer::start(journal, move |count, why| told.lose(count, reason(why)))?;
        metrics.audit_starts_at_zero();
        Ok(Some(Self {
            sanitiser: Sanitiser::new(&config.audit.redacted, config.audit.addresses != Addresses::Full),
            config: config.audit.clone(),
            instance: Uuid::new_v4().to_string(),
            under_way: AtomicUsize::new(0),
            writer,
            held,
            parent,
            pool: store.pool().clone(),
            losses,
            metrics: metrics.clone(),
            clock,
            events: events.clone(),
            watch: Mutex::new(Watch::new(config.audit.volume)),
            hasher: RandomState::new(),
        }))
    }

    /// Writes a record down; comes back when it is, or when waiting longer would hurt the caller.
    pub(crate) async fn keep(&self, record: Record) {
        let (tell, told) = oneshot::channel();
        let order = Order::Write(record.line(), tell);
        let written = async {
            self.writer.orders.send(order).await.map_err(drop)?;
            told.await.map_err(drop)
        };
        match tokio::time::timeout(self.config.wait, written).await {
            Ok(Ok(true)) => self.metrics.audit_records("acknowledged", 1),
            // The thread has counted it.
            Ok(Ok(false)) => {}
            Ok(Err(())) => self.lose(1, "stopped"),
            // Whether it is sent or not: if the order is in the thread's hands it will be written all the same.
            Err(_) => self.metrics.audit_records("unacknowledged", 1),
        }
    }

    /// The same from where nobody can wait.
    pub(crate) fn keep_unwaited(&self, record: Record) {
        let (tell, _told) = oneshot::channel();
        match self.writer.orders.try_send(Order::Write(record.line(), tell)) {
            Ok(()) => self.metrics.audit_records("unwaited", 1),
            Err(_) => self.lose(1, "overload"),
        }
    }

    /// Looks for patterns that no single request shows.
    pub(crate) fn observe(&self, seen: &Seen) {
        let now_ms = self.clock.mono().as_nanos() / 1_000_000;
        let found = self
            .watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .observe(seen, now_ms);
        for anomaly in found {
            let window_s = anomaly.rule.window_ms() / 1_000;
            let details = format!(
                "caller {:08x}: {} within {window_s} s",
                anomaly.caller & 0xffff_ffff,
                anomaly.count
            );
            self.events.security(anomaly.rule.name(), None, details);
        }
    }

    /// A caller or address as the rules count it: a number that means nothing outside this process.
    pub(crate) fn hashed(&self, text: &str) -> u64 {
        self.hasher.hash_one(text)
    }

    fn lose(&self, count: usize, why: &'static str) {
        self.losses.lose(count, why);
    }
}

/// Records that could not be kept: always counted, and told at most every ten seconds.
#[derive(Clone)]
struct Losses {
    clock: Clock,
    metrics: Metrics,
    events: Events,
    told_ms: std::sync::Arc<AtomicU64>,
}

impl Losses {
    const PAUSE_MS: u64 = 10_000;

    fn new(clock: Clock, metrics: &Metrics, events: &Events) -> Self {
        Self {
            clock,
            metrics: metrics.clone(),
            events: events.clone(),
            told_ms: std::sync::Arc::default(),
        }
    }

    fn lose(&self, count: usize, why: &'static str) {
        self.metrics
            .audit_records("lost", u64::try_from(count).unwrap_or(u64::MAX));
        let now_ms = self.clock.mono().as_nanos() / 1_000_000 + Self::PAUSE_MS;
        let told_ms = self.told_ms.load(Ordering::Relaxed);
        let is_first = now_ms.saturating_sub(told_ms) >= Self::PAUSE_MS
            && self
                .told_ms
                .compare_exchange(told_ms, now_ms, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok();
        if is_first {
            self.events
                .security("audit_lost", None, format!("records of requests are lost: {why}"));
        }
    }
}

fn reason(full: &Full) -> &'static str {
    match full {
        Full::Limit => "the disk's share is used up",
        Full::Io(_) => "the disk refuses them",
    }
}
