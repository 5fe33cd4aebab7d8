//! One instant per key, in shards, with a bound on how many.
//!
//! An idle key is as good as a new one, so it may be forgotten at any time; a
//! shard that is full forgets its idle keys, and where none is idle the keys that
//! would be soonest. So a flood of invented keys costs bounded memory and can at
//! worst give somebody a fresh burst, never lock anybody out.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::{Mutex, PoisonError};

use seawall_policy::limit::Quota;
use seawall_policy::limit::gcra::{Gcra, Pass};
use seawall_policy::time::MonoTime;

const SHARDS: usize = 64;
const MOST_KEYS_A_SHARD: usize = 16_384;

/// The store of one server.
pub(super) struct Memory {
    shards: Vec<Mutex<HashMap<u128, MonoTime>>>,
    hasher: RandomState,
}

impl Default for Memory {
    fn default() -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            shards,
            hasher: RandomState::new(),
        }
    }
}

impl Memory {
    pub(super) fn check(&self, key: u128, quota: Quota, now: MonoTime) -> Pass {
        let gcra = Gcra::new(quota);
        let Some(shard) = self.shard(key) else {
            return Pass::Refused {
                retry_at: MonoTime::FAR,
            };
        };
        let mut keys = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST_KEYS_A_SHARD && !keys.contains_key(&key) {
            make_room(&mut keys, now);
        }
        gcra.check(keys.entry(key).or_insert(MonoTime::ZERO), now, 1)
    }

    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }

    fn shard(&self, key: u128) -> Option<&Mutex<HashMap<u128, MonoTime>>> {
        let hash = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        self.shards.get(hash)
    }
}

fn make_room(keys: &mut HashMap<u128, MonoTime>, now: MonoTime) {
    keys.retain(|_, arrival| *arrival > now);
    if keys.len() < MOST_KEYS_A_SHARD {
        return;
    }
    let mut arrivals: Vec<MonoTime> = keys.values().copied().collect();
    let (_, median, _) = arrivals.select_nth_unstable(MOST_KEYS_A_SHARD / 2);
    let median = *median;
    keys.retain(|_, arrival| *arrival > median);
}

#[cfg(test)]
mod tests {
    use seawall_policy::time::Span;

    use super::*;

    #[test]
    fn a_million_keys_stay_bounded() {
        let memory = Memory::default();
        let quota = Quota::try_new(2, Span::from_secs(60)).unwrap();
        for key in 0..1_100_000_u128 {
            memory.check(key, quota, MonoTime::from_nanos(u64::try_from(key).unwrap()));
        }
        assert!(memory.len() <= SHARDS * MOST_KEYS_A_SHARD, "{}", memory.len());
    }

    #[test]
    fn threads_together_pass_exactly_the_limit() {
        let memory = Memory::default();
        let quota = Quota::try_new(100, Span::from_secs(3600)).unwrap();
        let passed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..100)
                            .filter(|_| {
                                matches!(
                                    memory.check(1, quota, MonoTime::from_millis(5)),
                                    Pass::Admitted { .. }
                                )
                            })
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(passed, 100);
    }
}
