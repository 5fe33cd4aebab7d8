//! One instant per key, in shards, with a bound on how many.
//!
//! A decision locks the shards of all its keys, in their order, so it is one step for
//! everybody else. An idle key is as good as a new one, so it may be forgotten at any
//! time; a shard that is full forgets its idle keys, and where none is idle those that
//! would be soonest. So a flood of invented keys costs bounded memory and can at worst
//! give somebody a fresh burst, never lock anybody out.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seawall_policy::time::MonoTime;

use super::key::LimitKey;
use super::scope::{Check, Few, Standing, decide};

const SHARDS: usize = 256;

type Shard = HashMap<LimitKey, MonoTime>;

/// The store of one server.
pub(super) struct Memory {
    shards: Vec<Mutex<Shard>>,
    most_a_shard: usize,
    hasher: RandomState,
}

impl Memory {
    /// Room for so many keys.
    pub(super) fn new(most_keys: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            most_a_shard: (most_keys / SHARDS).max(1),
            hasher: RandomState::new(),
        }
    }

    /// Charges every scope, or none if one of them refuses. What is not remembered counts as used up at an
    /// instant, if there is one, but for so many percent of its burst.
    pub(super) fn decide(
        &self,
        checks: &[Check],
        used_up_at: Option<(MonoTime, u32)>,
        now: MonoTime,
    ) -> (bool, Vec<Standing>) {
        let places: Few<usize> = checks.iter().map(|check| self.place(check.key)).collect();
        let mut order = places.clone();
        order.sort_unstable();
        order.dedup();
        let mut locked: Few<(usize, MutexGuard<'_, Shard>)> = order
            .into_iter()
            .filter_map(|place| Some((place, lock(self.shards.get(place)?))))
            .collect();
        let mut arrivals: Few<MonoTime> = checks
            .iter()
            .zip(&places)
            .map(|(check, place)| {
                let known = shard(&mut locked, *place).and_then(|shard| shard.get(&check.key).copied());
                let least = used_up_at.map_or(MonoTime::ZERO, |(at, spared)| {
                    at + check
                        .gcra
                        .capacity()
                        .parts_per_million(1_000_000 - spared.min(100) * 10_000)
                });
                known.unwrap_or(MonoTime::ZERO).max(least)
            })
            .collect();
        let (admitted, standings) = decide(checks, &mut arrivals, now);
        if admitted {
            for ((check, place), arrival) in checks.iter().zip(&places).zip(arrivals) {
                if let Some(shard) = shard(&mut locked, *place) {
                    if shard.len() >= self.most_a_shard && !shard.contains_key(&check.key) {
                        make_room(shard, self.most_a_shard, now);
                    }
                    shard.insert(check.key, arrival);
                }
            }
        }
        (admitted, standings)
    }

    /// Forgets a key, and so gives it its whole burst.
    pub(super) fn forget(&self, key: LimitKey) {
        if let Some(shard) = self.shards.get(self.place(key)) {
            lock(shard).remove(&key);
        }
    }

    /// Forgets everything.
    pub(super) fn clear(&self) {
        for shard in &self.shards {
            *lock(shard) = Shard::new();
        }
    }

    /// Keys remembered.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn place(&self, key: LimitKey) -> usize {
        let hash = self.hasher.hash_one(key.spread()) % SHARDS as u64;
        usize::try_from(hash).unwrap_or_default()
    }
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shard<'guards>(
    locked: &'guards mut [(usize, MutexGuard<'_, Shard>)],
    place: usize,
) -> Option<&'guards mut Shard> {
    locked
        .iter_mut()
        .find(|(held, _)| *held == place)
        .map(|(_, guard)| &mut **guard)
}

fn make_room(keys: &mut Shard, most: usize, now: MonoTime) {
    keys.retain(|_, arrival| *arrival > now);
    if keys.len() < most {
        return;
    }
    let mut arrivals: Vec<MonoTime> = keys.values().copied().collect();
    let middle = arrivals.len() / 2;
    let (_, median, _) = arrivals.select_nth_unstable(middle);
    let median = *median;
    keys.retain(|_, arrival| *arrival > median);
}

#[cfg(test)]
mod tests {
    use seawall_policy::limit::{Gcra, Quota};
    use seawall_policy::time::Span;

    use super::super::scope::Scope;
    use super::*;

    fn check(scope: Scope, key: u128, limit: u32, window_s: u64) -> Check {
        let quota = Quota::try_new(limit, Span::from_secs(window_s)).unwrap();
        Check {
            scope,
            key: LimitKey::parse(&format!("{key:032x}")).unwrap(),
            quota,
            gcra: Gcra::new(quota),
        }
    }

    #[test]
    fn a_million_addresses_stay_under_150_megabytes() {
        let before = resident_bytes();
        let memory = Memory::new(3_600_000);
        for address in 0..1_000_000_u128 {
            let checks = [
                check(Scope::Ip, address << 64 | address, 1000, 60),
                check(Scope::User, (address + 1) << 65 | address, 20, 60),
                check(Scope::Expensive, (address + 7) << 66 | address, 100, 60),
            ];
            let now = MonoTime::from_millis(u64::try_from(address).unwrap() / 100);
            let (admitted, _) = memory.decide(&checks, None, now);
            assert!(admitted);
        }
        let grown = resident_bytes().saturating_sub(before);
        println!("{} keys, {} MB", memory.len(), grown / 1_000_000);
        assert!(
            memory.len() <= 3_600_000 && memory.len() >= 1_000_000,
            "{}",
            memory.len()
        );
        assert!(grown < 150_000_000, "{grown}");
    }

    /// Where the system tells; elsewhere the bound on keys is all there is to see.
    fn resident_bytes() -> usize {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
        kilobytes.unwrap_or_default() * 1024
    }

    #[test]
    fn threads_together_pass_exactly_the_limit_of_the_tightest_scope() {
        let memory = Memory::new(10_000);
        let passed: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4_u128)
                .map(|thread| {
                    let memory = &memory;
                    scope.spawn(move || {
                        // Each in another order of shards, so that locking in the order of checks would end in a deadlock.
                        let mut checks = [
                            check(Scope::User, 7 << 100, 100, 3600),
                            check(Scope::Ip, 9 << 100, 1000, 3600),
                            check(Scope::Expensive, (thread + 1) << 90, 50, 3600),
                        ];
                        checks.rotate_left(usize::try_from(thread).unwrap() % 3);
                        (0..100)
                            .filter(|_| memory.decide(&checks, None, MonoTime::from_millis(5)).0)
                            .count()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(passed, 100);
    }

    #[test]
    fn a_refusal_by_one_scope_costs_none_of_the_others() {
        let memory = Memory::new(10_000);
        let narrow = check(Scope::User, 1 << 80, 1, 60);
        let wide = check(Scope::Ip, 2 << 80, 10, 60);
        let ask = |checks: &[Check]| memory.decide(checks, None, MonoTime::from_millis(1));
        assert!(ask(&[narrow, wide]).0);
        for _ in 0..20 {
            let (admitted, standings) = ask(&[narrow, wide]);
            assert!(!admitted);
            let told: Vec<(u32, bool)> = standings
                .iter()
                .map(|standing| (standing.remaining, standing.wait.is_some()))
                .collect();
            assert_eq!(told, [(0, true), (9, false)]);
        }
        assert_eq!((0..20).filter(|_| ask(&[wide]).0).count(), 9);
    }

    #[test]
    fn what_is_not_remembered_counts_as_used_up_at_an_instant() {
        let memory = Memory::new(10_000);
        let checks = [check(Scope::User, 3 << 80, 10, 10)];
        let ask = |millis| {
            memory
                .decide(
                    &checks,
                    Some((MonoTime::from_millis(5_000), 0)),
                    MonoTime::from_millis(millis),
                )
                .0
        };
        assert!(!ask(5_000) && !ask(5_999) && ask(6_000) && !ask(6_000));
        assert!(ask(8_000) && ask(8_000) && !ask(8_000));
    }

    #[test]
    fn nothing_left_resets_when_the_next_request_would_pass() {
        let memory = Memory::new(10_000);
        let checks = [check(Scope::User, 5 << 80, 2, 60)];
        let stand = || memory.decide(&checks, None, MonoTime::from_millis(1)).1;
        assert_eq!(
            stand().first().map(|told| (told.remaining, told.reset)),
            Some((1, Span::from_secs(30)))
        );
        assert_eq!(
            stand().first().map(|told| (told.remaining, told.reset)),
            Some((0, Span::from_secs(30)))
        );
        assert_eq!(
            stand().first().and_then(|told| told.wait),
            Some(Span::from_secs(30))
        );
    }

    /// Replays what the core's scenario says of the algorithm; a call of cost nine is nine calls of one here.
    #[test]
    fn the_core_s_scenario_holds_here_too() {
        let scenario = include_str!("../../../crates/policy/tests/scenarios/limits.txt");
        let (memory, checks) = (Memory::new(10_000), [check(Scope::Ip, 11 << 80, 10, 1)]);
        let mut replayed = 0;
        for line in scenario.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [at, "gcra", cost, "=>", expected @ ..] = words.as_slice() else {
                continue;
            };
            let (now, cost) = (instant(at), cost.parse::<u32>().unwrap());
            if cost > 10 {
                continue;
            }
            replayed += 1;
            for _ in 1..cost {
                assert!(memory.decide(&checks, None, now).0, "{line}");
            }
            let (admitted, standings) = memory.decide(&checks, None, now);
            let told = standings.first().unwrap();
            match expected {
                ["now", left, "left"] => {
                    assert!(admitted, "{line}");
                    assert_eq!(told.remaining.to_string(), *left, "{line}");
                }
                ["refused", "until", until] => {
                    assert_eq!(
                        (admitted, told.wait),
                        (false, Some(instant(until).since(now))),
                        "{line}"
                    );
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(replayed >= 4, "{replayed}");
    }

    /// `0s`, `100ms`, `100ms-1ns`
    fn instant(text: &str) -> MonoTime {
        let (text, less) = text.strip_suffix("-1ns").map_or((text, 0), |text| (text, 1));
        let millis = match text.strip_suffix("ms") {
            Some(millis) => millis.parse().unwrap(),
            None => text.strip_suffix('s').unwrap().parse::<u64>().unwrap() * 1000,
        };
        MonoTime::from_nanos(MonoTime::from_millis(millis).as_nanos() - less)
    }
}
