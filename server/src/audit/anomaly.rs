//! Patterns that no single request shows: bursts of refusals, of strangers' data, of failed logins, of anything.
//!
//! Counted by caller in windows that slide, in memory that is bounded: over the most
//! callers, those that have been quiet for longest are forgotten, and if none has been
//! quiet a new one is not counted. Time is an argument; nothing here knows a clock.

use std::collections::HashMap;

/// Parts of a window; it slides by one of them.
const PARTS: usize = 6;

/// Callers that are remembered by one rule.
const MOST_CALLERS: usize = 10_000;

/// What may be unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Rule {
    /// One caller is refused again and again.
    Denials,
    /// One caller asks for what is another organisation's.
    CrossTenant,
    /// One address tries to log in again and again.
    FailedLogins,
    /// One caller asks far more than anybody should, or than it used to.
    Volume,
}

/// What a request was, as far as the rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Who, hashed.
    pub(crate) caller: u64,
    /// From where, hashed.
    pub(crate) address: u64,
    /// It was refused for lack of a right.
    pub(crate) denied: bool,
    /// It named another organisation.
    pub(crate) cross_tenant: bool,
    /// It was a login that failed.
    pub(crate) failed_login: bool,
}

/// An unusual pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Anomaly {
    pub(crate) rule: Rule,
    /// Whose it is, hashed.
    pub(crate) caller: u64,
    /// How many within the window.
    pub(crate) count: u32,
}

impl Rule {
    /// The name in events and metrics.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Denials => "anomaly_denials",
            Self::CrossTenant => "anomaly_cross_tenant",
            Self::FailedLogins => "anomaly_failed_logins",
            Self::Volume => "anomaly_volume",
        }
    }

    /// How long its window is, in milliseconds.
    pub(crate) fn window_ms(self) -> u64 {
        match self {
            Self::Denials | Self::Volume => 60_000,
            Self::CrossTenant | Self::FailedLogins => 300_000,
        }
    }

    /// From how many on it is unusual, whoever it is; of volume the configuration says.
    fn threshold(self, volume: u32) -> u32 {
        match self {
            Self::Denials => 20,
            Self::CrossTenant => 3,
            Self::FailedLogins => 10,
            Self::Volume => volume,
        }
    }
}

/// The rules with their memory.
#[derive(Debug)]
pub(crate) struct Watch {
    denials: Windows,
    cross_tenant: Windows,
    failed_logins: Windows,
    volume: Windows,
    most_volume: u32,
}

impl Watch {
    /// Nothing seen yet.
    pub(crate) fn new(most_volume: u32) -> Self {
        let windows = |rule: Rule| Windows::new(rule.window_ms());
        Self {
            denials: windows(Rule::Denials),
            cross_tenant: windows(Rule::CrossTenant),
            failed_logins: windows(Rule::FailedLogins),
            volume: windows(Rule::Volume),
            most_volume,
        }
    }

    /// Takes a request in; says what is unusual about its caller, once a window.
    pub(crate) fn observe(&mut self, seen: &Seen, now_ms: u64) -> Vec<Anomaly> {
        let mut found = Vec::new();
        let volume = self.most_volume;
        let mut count = |rule: Rule, windows: &mut Windows, caller: u64| {
            if let Some(count) = windows.count(caller, rule.threshold(volume), now_ms) {
                found.push(Anomaly { rule, caller, count });
            }
        };
        count(Rule::Volume, &mut self.volume, seen.caller);
        if seen.denied {
            count(Rule::Denials, &mut self.denials, seen.caller);
        }
        if seen.cross_tenant {
            count(Rule::CrossTenant, &mut self.cross_tenant, seen.caller);
        }
        if seen.failed_login {
            count(Rule::FailedLogins, &mut self.failed_logins, seen.address);
        }
        found
    }
}

/// One rule's windows by caller.
#[derive(Debug)]
struct Windows {
    part_ms: u64,
    callers: HashMap<u64, Window>,
}

#[derive(Debug, Clone, Default)]
struct Window {
    parts: [u32; PARTS],
    /// The part that is counted into, since the beginning of time.
    current: u64,
    /// The part in which it was told last, if it was.
    told: Option<u64>,
}

impl Windows {
    fn new(window_ms: u64) -> Self {
        Self {
            part_ms: (window_ms / PARTS as u64).max(1),
            callers: HashMap::new(),
        }
    }

    /// Counts, and says the count where it reaches the threshold and was not told within this window.
    fn count(&mut self, caller: u64, threshold: u32, now_ms: u64) -> Option<u32> {
        let now = now_ms / self.part_ms;
        if !self.callers.contains_key(&caller) && !self.make_room(now) {
            return None;
        }
        let window = self.callers.entry(caller).or_default();
        window.slide(now);
        let part = window.parts.get_mut(place(now))?;
        *part = part.saturating_add(1);
        let sum = window
            .parts
            .iter()
            .fold(0_u32, |sum, part| sum.saturating_add(*part));
        let is_told = window
            .told
            .is_some_and(|told| now.saturating_sub(told) < PARTS as u64);
        if sum < threshold || is_told {
            return None;
        }
        window.told = Some(now);
        Some(sum)
    }

    /// Forgets who has been quiet for a window, where there are too many; false where nobody has.
    fn make_room(&mut self, now: u64) -> bool {
        if self.callers.len() >= MOST_CALLERS {
            self.callers
                .retain(|_, window| now.saturating_sub(window.current) < PARTS as u64);
        }
        self.callers.len() < MOST_CALLERS
    }
}

impl Window {
    /// Empties the parts that have gone by. A clock that was set back empties nothing.
    fn slide(&mut self, now: u64) {
        let passed = now.saturating_sub(self.current).min(PARTS as u64);
        for step in 1..=passed {
            if let Some(part) = self.parts.get_mut(place(self.current.saturating_add(step))) {
                *part = 0;
            }
        }
        if passed == PARTS as u64 {
            self.parts = [0; PARTS];
        }
        self.current = self.current.max(now);
    }
}

fn place(part: u64) -> usize {
    usize::try_from(part % PARTS as u64).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(caller: u64) -> Seen {
        Seen {
            caller,
            address: caller,
            denied: false,
            cross_tenant: false,
            failed_login: false,
        }
    }

    fn denied(caller: u64) -> Seen {
        Seen {
            denied: true,
            ..seen(caller)
        }
    }

    #[test]
    fn a_burst_of_denials_is_told_once_a_window() {
        let mut watch = Watch::new(1_000_000);
        let told: Vec<usize> = (0..60)
            .filter(|n| !watch.observe(&denied(1), 1_000_000 + n * 100).is_empty())
            .map(|n| usize::try_from(n).unwrap())
            .collect();
        assert_eq!(told, [19]);
        let later = 1_000_000 + 120_000;
        let again = (0..20).any(|_| !watch.observe(&denied(1), later).is_empty());
        assert!(again);
    }

    #[test]
    fn the_same_number_spread_over_time_or_callers_is_nothing() {
        let mut watch = Watch::new(1_000_000);
        for n in 0..200 {
            assert!(watch.observe(&denied(1), n * 10_000).is_empty());
        }
        for caller in 100..200 {
            assert!(watch.observe(&denied(caller), 3_000_000).is_empty());
        }
    }

    #[test]
    fn each_rule_counts_its_own() {
        let mut watch = Watch::new(50);
        let foreign = Seen {
            cross_tenant: true,
            ..seen(1)
        };
        let rules = |found: Vec<Anomaly>| found.into_iter().map(|anomaly| anomaly.rule).collect::<Vec<_>>();
        assert_eq!(rules(watch.observe(&foreign, 1)), []);
        assert_eq!(rules(watch.observe(&foreign, 2)), []);
        assert_eq!(rules(watch.observe(&foreign, 3)), [Rule::CrossTenant]);
        let login = Seen {
            failed_login: true,
            ..seen(2)
        };
        let told = (0..10)
            .flat_map(|_| watch.observe(&login, 5))
            .map(|found| found.rule);
        assert_eq!(told.collect::<Vec<_>>(), [Rule::FailedLogins]);
        let told = (0..50)
            .flat_map(|_| watch.observe(&seen(3), 9))
            .map(|found| found.rule);
        assert_eq!(told.collect::<Vec<_>>(), [Rule::Volume]);
    }

    #[test]
    fn memory_is_bounded_and_the_quiet_make_room() {
        let mut windows = Windows::new(60_000);
        for caller in 0..20_000 {
            windows.count(caller, 5, 1_000_000);
        }
        assert_eq!(windows.callers.len(), MOST_CALLERS);
        assert_eq!(windows.count(99_999, 1, 1_000_000), None);
        assert_eq!(windows.count(99_999, 1, 1_100_000), Some(1));
    }

    proptest! {
        /// Never more than were seen within the window, and never fewer than within five sixths of it.
        #[test]
        fn a_count_is_what_the_window_holds(steps in prop::collection::vec(0_u64..20_000, 1..80)) {
            let mut windows = Windows::new(60_000);
            let mut times = Vec::new();
            let mut now = 1_000_000;
            for step in steps {
                now += step;
                times.push(now);
                let at_most = times.iter().filter(|at| now - **at < 60_000).count();
                let at_least = times.iter().filter(|at| now - **at < 50_000).count();
                // Told every time, for this test.
                if let Some(window) = windows.callers.get_mut(&1) { window.told = None; }
                let counted = usize::try_from(windows.count(1, 1, now).unwrap()).unwrap();
                prop_assert!((at_least..=at_most).contains(&counted), "{at_least} {counted} {at_most}");
            }
        }
    }
}
