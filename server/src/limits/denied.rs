//! Keys that Redis has refused, until it would not any more: no request is sent to ask again.
//!
//! A key's stored instant only ever moves away, so a refusal holds until the instant
//! it named, whatever other instances do. Whoever hammers costs Redis nothing.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use seawall_policy::time::MonoTime;

use super::key::LimitKey;
use super::scope::{Check, Standing};

const SHARDS: usize = 32;
const MOST_A_SHARD: usize = 4096;

type Shard = HashMap<LimitKey, MonoTime>;

/// The refusals of one server.
pub(super) struct Denied {
    shards: Vec<Mutex<Shard>>,
    /// When the last of them is over, in nanoseconds: until somebody is refused nobody need be looked for.
    over_ns: AtomicU64,
}

impl Denied {
    pub(super) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            over_ns: AtomicU64::new(0),
        }
    }

    /// Whether nobody is refused.
    pub(super) fn is_empty(&self, now: MonoTime) -> bool {
        now.as_nanos() >= self.over_ns.load(Ordering::Acquire)
    }

    /// The standing in the first of the scopes that is known to refuse.
    pub(super) fn find(&self, checks: &[Check], now: MonoTime) -> Option<Standing> {
        checks.iter().find_map(|check| {
            let until = *self.lock(check.key)?.get(&check.key)?;
            let wait = until.since(now);
            (!wait.is_zero()).then_some(Standing {
                scope: check.scope,
                quota: check.quota,
                remaining: 0,
                reset: wait,
                wait: Some(wait),
            })
        })
    }

    /// Notes what Redis refused at `now`.
    pub(super) fn note(&self, checks: &[Check], standings: &[Standing], now: MonoTime) {
        for (check, standing) in checks.iter().zip(standings) {
            let (Some(wait), Some(mut shard)) = (standing.wait, self.lock(check.key)) else {
                continue;
            };
            if shard.len() >= MOST_A_SHARD {
                shard.retain(|_, until| *until > now);
            }
            if shard.len() < MOST_A_SHARD {
                let until = now + wait;
                shard.insert(check.key, until);
                self.over_ns.fetch_max(until.as_nanos(), Ordering::Release);
            }
        }
    }

    /// Forgets a key, or all.
    pub(super) fn forget(&self, key: Option<LimitKey>) {
        match key {
            Some(key) => {
                if let Some(mut shard) = self.lock(key) {
                    shard.remove(&key);
                }
            }
            None => {
                for shard in &self.shards {
                    shard.lock().unwrap_or_else(PoisonError::into_inner).clear();
                }
            }
        }
    }

    fn lock(&self, key: LimitKey) -> Option<std::sync::MutexGuard<'_, Shard>> {
        let place = usize::try_from(key.spread() % SHARDS as u64).ok()?;
        let shard = self.shards.get(place)?;
        Some(shard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
