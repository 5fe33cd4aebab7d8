//! What the cache has done so far, for administrators.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use serde_json::{Value, json};

use super::Cache;
use super::answer::Word;

/// Counts since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    hits: AtomicU64,
    stale: AtomicU64,
    misses: AtomicU64,
    bypassed: AtomicU64,
    pub(super) invalidations: AtomicU64,
    pub(super) echoes: AtomicU64,
}

/// How the cache of this instance stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    hits: u64,
    stale: u64,
    misses: u64,
    bypassed: u64,
    /// Reads answered from the cache, among those it was asked for.
    hit_rate: f64,
    invalidations: u64,
    /// Writes heard again, which ended nothing.
    echoes: u64,
    entries: u64,
    bytes: u64,
    evictions: u64,
    fetching: usize,
    /// Whether answers in Redis are used; none without Redis.
    shared: Option<bool>,
}

impl Stats {
    /// What `/health/detailed` tells.
    pub(crate) fn brief(&self) -> Value {
        json!({
            "hit_rate": self.hit_rate, "hits": self.hits, "stale": self.stale, "misses": self.misses,
            "entries": self.entries, "bytes": self.bytes, "shared": self.shared,
        })
    }
}

impl Counts {
    pub(super) fn add(&self, word: Word) {
        let counter = match word {
            Word::Hit => &self.hits,
            Word::Stale => &self.stale,
            Word::Miss => &self.misses,
            Word::Bypass => &self.bypassed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

impl Cache {
    /// How the cache of this instance stands.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a share of requests needs no more than a float"
    )]
    pub(crate) fn stats(&self) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (hits, stale, misses) = (
            read(&self.counts.hits),
            read(&self.counts.stale),
            read(&self.counts.misses),
        );
        let (entries, bytes, evictions) = self.memory.amount();
        Stats {
            hits,
            stale,
            misses,
            bypassed: read(&self.counts.bypassed),
            hit_rate: (hits + stale) as f64 / ((hits + stale + misses).max(1)) as f64,
            invalidations: read(&self.counts.invalidations),
            echoes: read(&self.counts.echoes),
            entries,
            bytes,
            evictions,
            fetching: self.flights.len(),
            shared: self.shared.as_ref().map(super::redis::Shared::is_trusted),
        }
    }

    /// Brings the gauges up to date.
    pub(super) fn measure(&self) {
        let (entries, bytes, evictions) = self.memory.amount();
        self.metrics.cache_held(entries, bytes, evictions);
    }
}
