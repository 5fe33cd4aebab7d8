//! The first layer: answers in this process, bounded by the bytes they take.
//!
//! What is invalidated is not searched for: an entry is judged when it is looked up. What nobody looks up leaves by
//! age or by weight, the least valuable first.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use moka::notification::RemovalCause;
use moka::policy::EvictionPolicy;
use moka::{Expiry, sync};

use super::entry::Entry;
use super::key::Key;
use super::stamps::{Stamps, Worth};

/// An answer, and the count of invalidations before it was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) entry: Arc<Entry>,
    pub(crate) since: u64,
}

/// Answers in memory.
pub(crate) struct Memory {
    held: sync::Cache<Key, Held>,
    evicted: Arc<AtomicU64>,
}

struct AsLongAsKept;

impl Expiry<Key, Held> for AsLongAsKept {
    fn expire_after_create(&self, _: &Key, held: &Held, _: Instant) -> Option<Duration> {
        Some(span(held))
    }

    fn expire_after_update(&self, _: &Key, held: &Held, _: Instant, _: Option<Duration>) -> Option<Duration> {
        Some(span(held))
    }
}

fn span(held: &Held) -> Duration {
    Duration::from_millis(held.entry.lifetimes.kept.as_millis_ceil())
}

impl Memory {
    pub(crate) fn new(most_bytes: u64) -> Self {
        let evicted = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&evicted);
        let held = sync::Cache::builder()
            .max_capacity(most_bytes)
            .weigher(|_, held: &Held| u32::try_from(held.entry.weight()).unwrap_or(u32::MAX))
            .expire_after(AsLongAsKept)
            .eviction_policy(EvictionPolicy::tiny_lfu())
            .eviction_listener(move |_, _, cause| {
                if cause == RemovalCause::Size {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            })
            .build();
        Self { held, evicted }
    }

    /// What is kept under the key and still worth something.
    pub(crate) fn find(&self, key: &Key, stamps: &Stamps) -> Option<(Held, Worth)> {
        let held = self.held.get(key)?;
        match stamps.judge(held.since, &held.entry.slots, &held.entry.address) {
            Worth::Untrue => {
                self.held.invalidate(key);
                None
            }
            worth @ (Worth::True | Worth::Suspect) => Some((held, worth)),
        }
    }

    pub(crate) fn keep(&self, key: Key, held: Held) {
        self.held.insert(key, held);
    }

    pub(crate) fn forget(&self, key: &Key) {
        self.held.invalidate(key);
    }

    /// Answers, bytes, and answers that had to go for others.
    pub(crate) fn amount(&self) -> (u64, u64, u64) {
        (
            self.held.entry_count(),
            self.held.weighted_size(),
            self.evicted.load(Ordering::Relaxed),
        )
    }
}
