//! The response cache: answers to reads, in memory, in Redis, and given again only where they are still true.
//!
//! Three questions, three answers. *Whose is it?* The key holds role and claims ([`key`]), so an answer crosses no
//! users unless every table behind it was declared public and no policy looks at claims. *Is it still true?* Every
//! answer carries what it depends on, policies' tables included ([`graph`], [`touched`]); counts of invalidations
//! judge it when it is looked up ([`stamps`]), here and in Redis ([`redis`]); where it can be told which rows of a
//! table it depends on and which a write touched, by these ([`rows`]); a write that is heard several times counts once
//! ([`once`]). *Who fetches?* One at a time
//! ([`flights`]). How old an answer may be, and what follows, is decided by the policy core, as in the browser.
//!
//! It refuses to fail a request: whatever goes wrong here costs a question to the database. It refuses to guess: what
//! cannot be known to be safe to keep is not kept.

pub(crate) mod answer;
pub(crate) mod asked;
mod entry;
mod fingerprint;
mod flights;
mod graph;
mod hear;
mod invalidate;
mod key;
mod memory;
mod once;
mod redis;
mod restricted;
mod rows;
mod stamps;
mod stats;
mod touched;

pub(crate) use answer::Word;
pub(crate) use fingerprint::fingerprint;
pub(crate) use flights::{Landing, Turn, landed};
pub(crate) use graph::{Graph, QUESTION, Rows, Told};
pub(crate) use hear::run;
pub(crate) use invalidate::{Invalidation, Notice};
pub(crate) use key::Key;
pub(crate) use touched::{Circumstances, Touched};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use seawall_pgrest::ident::Qualified;
use seawall_policy::cache::depend::Relations;
use seawall_policy::cache::freshness::Age;
use seawall_policy::time::UnixTime;
use tokio::sync::Semaphore;

use self::redis::{Shared, Since};
use crate::config::{CacheConfig, Config};
use crate::redis::Redis;
use crate::telemetry::Metrics;
use asked::Read;
use entry::Entry;
use flights::Flights;
use memory::{Held, Memory};
use stamps::{Stamps, Worth};
use stats::Counts;

/// Answers refreshed behind their readers' backs at once; more are refreshed by whoever asks next.
const REFRESHES: usize = 32;
/// How long one instance has to refresh an answer before another may try.
const CLAIM: Duration = Duration::from_secs(5);

/// The cache of one server.
pub(crate) struct Cache {
    pub(crate) config: CacheConfig,
    /// The schema of a name without one.
    pub(crate) schema: String,
    scope: Key,
    memory: Memory,
    stamps: Stamps,
    shared: Option<Shared>,
    pub(crate) flights: Flights,
    pub(crate) refreshes: Arc<Semaphore>,
    relations: Relations,
    troubled: AtomicBool,
    has_listened: AtomicBool,
    counts: Counts,
    metrics: Metrics,
}

/// What is kept for a request, and what it is worth.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) entry: Arc<Entry>,
    pub(crate) age: Age,
}

/// Where the counts stood before the database was asked.
#[derive(Debug, Clone)]
pub(crate) struct Before {
    local: u64,
    shared: Option<Since>,
}

impl Cache {
    /// None where nothing is to be kept.
    pub(crate) fn new(config: &Config, redis: Option<Redis>, metrics: Metrics) -> Option<Self> {
        if !config.cache.is_on() {
            return None;
        }
        let cluster = fingerprint::cluster(config);
        Some(Self {
            config: config.cache.clone(),
            schema: config.rest.schemas.first().cloned().unwrap_or_default(),
            scope: key::sha256(&[&cluster, &fingerprint::settings(config)]),
            memory: Memory::new(config.cache.memory_bytes),
            stamps: Stamps::new(),
            shared: redis.map(|redis| Shared::new(redis, &cluster)),
            flights: Flights::default(),
            refreshes: Arc::new(Semaphore::new(REFRESHES)),
            relations: invalidate::declared(&config.cache),
            troubled: AtomicBool::new(false),
            has_listened: AtomicBool::new(false),
            counts: Counts::default(),
            metrics,
        })
    }

    /// What is kept in memory, under the public key before the private one.
    pub(crate) fn find(&self, read: &Read, now: UnixTime) -> Option<Found> {
        let started = Instant::now();
        let found = read.keys().find_map(|key| self.memory.find(key, &self.stamps));
        self.metrics.cache_looked("memory", started.elapsed());
        let (held, worth) = found?;
        let age = held.entry.lifetimes.judge(held.entry.stored, now);
        let age = match worth {
            Worth::Suspect => age.max(Age::LastKnown),
            Worth::True | Worth::Untrue => age,
        };
        (age != Age::Gone).then(|| Found {
            entry: held.entry,
            age,
        })
    }

    /// Where the counts stand; to be taken before anything is looked up or asked.
    pub(crate) fn before(&self) -> Before {
        Before {
            local: self.stamps.count(),
            shared: None,
        }
    }

    /// What is kept in Redis; what is found is put into memory too.
    pub(crate) async fn find_shared(&self, read: &Read, before: &mut Before, now: UnixTime) -> Option<Found> {
        let shared = self.shared.as_ref()?;
        let started = Instant::now();
        let mut found = None;
        for key in read.keys() {
            let Ok((since, entry)) = shared.find(key).await else {
                break;
            };
            // The first is the oldest, and so the strictest.
            before.shared.get_or_insert(since);
            if let Some(entry) = entry {
                found = Some((key, Arc::new(entry)));
                break;
            }
        }
        self.metrics.cache_looked("redis", started.elapsed());
        let (key, entry) = found?;
        let age = entry.lifetimes.judge(entry.stored, now);
        if age == Age::Gone {
            return None;
        }
        let held = Held {
            entry: Arc::clone(&entry),
            since: before.local,
        };
        self.memory.keep(*key, held);
        Some(Found { entry, age })
    }

    /// Keeps an answer in both layers, unless something that concerns it was invalidated since.
    pub(crate) async fn keep(&self, key: Key, before: &Before, entry: Entry) -> Landing {
        let entry = Arc::new(entry);
        let worth = self.stamps.judge(before.local, &entry.slots, &entry.address);
        if worth != Worth::True {
            return Landing::Lost;
        }
        let held = Held {
            entry: Arc::clone(&entry),
            since: before.local,
        };
        self.memory.keep(key, held);
        if let (Some(shared), Some(since)) = (&self.shared, &before.shared) {
            // Whether Redis keeps it too is its own affair.
            let _kept = shared.keep(&key, since, &entry).await;
        }
        Landing::Kept
    }

    /// What was kept for a request is not to be given any more.
    pub(crate) async fn discard(&self, read: &Read) {
        for key in read.keys() {
            self.memory.forget(key);
            if let Some(shared) = &self.shared {
                let _gone_by_age_then = shared.forget(key).await;
            }
        }
    }

    /// Whether this instance, of all, should refresh an answer.
    pub(crate) async fn claim(&self, key: &Key) -> bool {
        match &self.shared {
            Some(shared) => shared.claim(key, CLAIM).await,
            None => true,
        }
    }

    /// Whether the last question to the database failed.
    pub(crate) fn is_troubled(&self) -> bool {
        self.troubled.load(Ordering::Relaxed)
    }

    pub(crate) fn set_troubled(&self, troubled: bool) {
        self.troubled.store(troubled, Ordering::Relaxed);
    }

    /// Counts how a read was answered.
    pub(crate) fn count(&self, word: Word) {
        self.counts.add(word);
        self.metrics.cache_answer(word.label());
    }

    /// The whole name of a table, as answers and invalidations know it.
    fn whole_name(&self, name: &str) -> String {
        if name.contains(['.', '/']) {
            name.to_owned()
        } else {
            format!("{}.{name}", self.schema)
        }
    }
}

/// `schema.table`, by which answers and invalidations know a table.
pub(crate) fn table_name(name: &Qualified) -> String {
    format!("{}.{}", name.schema, name.name)
}
