//! Which answers are still true: counts of invalidations, by what they concern.
//!
//! Whoever asks the database takes the count first. What comes back is good only as long as nothing that concerns
//! it was invalidated since that count, so an answer that raced an invalidation is never given, whether it was
//! kept before or after. Nothing is searched and nothing is deleted: an answer is judged when it is looked up.
//!
//! The slots are those of the policy core, which the browser uses too; here they are wide and lock-free, because a
//! server counts for years and every request looks. After a gap in what is heard, everything kept before is
//! *suspect*: not given as long as the database can be asked, but better than nothing when it cannot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use seawall_policy::cache::invalidate::{SLOTS, Target, is_like};

/// Patterns remembered; what is older than the oldest forgotten one counts as meant by it.
const PATTERNS: usize = 256;

/// The counts of one server.
#[derive(Debug)]
pub(crate) struct Stamps {
    count: AtomicU64,
    slots: [AtomicU64; SLOTS],
    suspect: AtomicU64,
    last_pattern: AtomicU64,
    patterns: RwLock<Patterns>,
}

#[derive(Debug, Default)]
struct Patterns {
    recent: VecDeque<(u64, String)>,
    forgotten: u64,
}

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Worth {
    /// Nothing that concerns it was invalidated.
    True,
    /// Something may have been, unheard.
    Suspect,
    /// Something was.
    Untrue,
}

impl Stamps {
    pub(crate) fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            slots: [const { AtomicU64::new(0) }; SLOTS],
            suspect: AtomicU64::new(0),
            last_pattern: AtomicU64::new(0),
            patterns: RwLock::default(),
        }
    }

    /// The count now, to be taken before the database is asked.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// Something is invalidated.
    pub(crate) fn mark(&self, target: &Target) {
        if let Target::Pattern(pattern) = target {
            self.mark_pattern(pattern);
            return;
        }
        let count = self.next();
        if let Some(slot) = self.slots.get(usize::from(target.slot())) {
            slot.fetch_max(count, Ordering::SeqCst);
        }
    }

    /// Something may have been invalidated and was not heard.
    pub(crate) fn gap(&self) {
        let count = self.next();
        self.suspect.fetch_max(count, Ordering::SeqCst);
    }

    /// What an answer is worth that was asked for at that count.
    pub(crate) fn judge(&self, since: u64, slots: &[u16], address: &str) -> Worth {
        let touched = |slot: &u16| {
            self.slots
                .get(usize::from(*slot))
                .is_none_or(|at| at.load(Ordering::SeqCst) > since)
        };
        if slots.iter().any(touched) || self.is_meant(since, address) {
            Worth::Untrue
        } else if self.suspect.load(Ordering::SeqCst) > since {
            Worth::Suspect
        } else {
            Worth::True
        }
    }

    fn next(&self) -> u64 {
        self.count.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn mark_pattern(&self, pattern: &str) {
        let mut patterns = self.patterns.write().unwrap_or_else(PoisonError::into_inner);
        let count = self.next();
        patterns.recent.push_back((count, pattern.to_owned()));
        if patterns.recent.len() > PATTERNS
            && let Some((forgotten, _)) = patterns.recent.pop_front()
        {
            patterns.forgotten = forgotten;
        }
        self.last_pattern.store(count, Ordering::SeqCst);
    }

    fn is_meant(&self, since: u64, address: &str) -> bool {
        if self.last_pattern.load(Ordering::SeqCst) <= since {
            return false;
        }
        let patterns = self.patterns.read().unwrap_or_else(PoisonError::into_inner);
        patterns.forgotten > since
            || patterns
                .recent
                .iter()
                .any(|(at, pattern)| *at > since && is_like(pattern, address))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use seawall_policy::cache::invalidate::slots_of;

    use super::*;

    const NOW: &str = "/rest/v1/rooms?select=*";

    fn table(name: &str) -> Target {
        Target::Table(name.to_owned())
    }

    fn slots(tables: &[&str]) -> Vec<u16> {
        let tables: Vec<String> = tables.iter().map(|name| (*name).to_owned()).collect();
        slots_of("key", "user", &tables, &[])
    }

    #[test]
    fn a_fill_that_raced_an_invalidation_is_untrue() {
        let stamps = Stamps::new();
        let since = stamps.count();
        stamps.mark(&table("messages"));
        assert_eq!(stamps.judge(since, &slots(&["messages"]), NOW), Worth::Untrue);
        assert_eq!(stamps.judge(since, &slots(&["rooms"]), NOW), Worth::True);
        assert_eq!(
            stamps.judge(stamps.count(), &slots(&["messages"]), NOW),
            Worth::True
        );
    }

    #[test]
    fn a_pattern_ends_what_looks_like_it_and_spares_the_rest() {
        let stamps = Stamps::new();
        let since = stamps.count();
        stamps.mark(&Target::Pattern("/rest/v1/rooms*".to_owned()));
        assert_eq!(stamps.judge(since, &slots(&[]), NOW), Worth::Untrue);
        assert_eq!(stamps.judge(since, &slots(&[]), "/rest/v1/messages"), Worth::True);
        assert_eq!(stamps.judge(stamps.count(), &slots(&[]), NOW), Worth::True);
    }

    #[test]
    fn a_forgotten_pattern_counts_as_meant() {
        let stamps = Stamps::new();
        let since = stamps.count();
        stamps.mark(&Target::Pattern("/rest/v1/rooms*".to_owned()));
        for _ in 0..PATTERNS {
            stamps.mark(&Target::Pattern("/elsewhere".to_owned()));
        }
        assert_eq!(stamps.judge(since, &slots(&[]), NOW), Worth::Untrue);
    }

    #[test]
    fn after_a_gap_what_was_kept_is_suspect_and_what_comes_is_not() {
        let stamps = Stamps::new();
        let since = stamps.count();
        stamps.gap();
        assert_eq!(stamps.judge(since, &slots(&["rooms"]), NOW), Worth::Suspect);
        assert_eq!(stamps.judge(stamps.count(), &slots(&["rooms"]), NOW), Worth::True);
    }

    /// What happens to a model of one database, one reader and its cache.
    #[derive(Debug, Clone)]
    enum Step {
        /// The table gets a new version, and the cache is told.
        Write(usize),
        /// A read of these tables begins.
        Ask(Vec<usize>),
        /// The database answers the oldest read that it has not answered: with the versions of now.
        Answer,
        /// The oldest answer on its way arrives and is kept.
        Arrive,
        /// What is kept is looked up.
        Look,
        /// Everything may have changed unheard.
        Gap,
    }

    const TABLES: [&str; 5] = ["rooms", "messages", "profiles", "memberships", "notes"];

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..TABLES.len()).prop_map(Step::Write),
            3 => prop::collection::vec(0..TABLES.len(), 1..4).prop_map(Step::Ask),
            3 => Just(Step::Answer),
            3 => Just(Step::Arrive),
            4 => Just(Step::Look),
            1 => Just(Step::Gap),
        ]
    }

    struct Fill {
        since: u64,
        tables: Vec<usize>,
        seen: Vec<u32>,
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// Whatever the order of asking, answering, writing and keeping: what is given is what the database holds.
        #[test]
        fn what_is_given_is_never_older_than_the_last_write(steps in prop::collection::vec(step(), 1..80)) {
            let stamps = Stamps::new();
            let mut versions = [0_u32; TABLES.len()];
            let (mut asked, mut answered) = (VecDeque::<Fill>::new(), VecDeque::<Fill>::new());
            let mut kept: HashMap<Vec<usize>, Fill> = HashMap::new();
            for step in steps {
                match step {
                    Step::Write(table) => {
                        versions[table] += 1;
                        stamps.mark(&Target::Table(TABLES[table].to_owned()));
                    }
                    Step::Ask(tables) => asked.push_back(Fill { since: stamps.count(), tables, seen: Vec::new() }),
                    Step::Answer => {
                        if let Some(mut fill) = asked.pop_front() {
                            fill.seen = fill.tables.iter().map(|table| versions[*table]).collect();
                            answered.push_back(fill);
                        }
                    }
                    Step::Arrive => {
                        if let Some(fill) = answered.pop_front() {
                            kept.insert(fill.tables.clone(), fill);
                        }
                    }
                    Step::Gap => stamps.gap(),
                    Step::Look => for fill in kept.values() {
                        let names: Vec<&str> = fill.tables.iter().map(|table| TABLES[*table]).collect();
                        let now: Vec<u32> = fill.tables.iter().map(|table| versions[*table]).collect();
                        match stamps.judge(fill.since, &slots(&names), NOW) {
                            Worth::True | Worth::Suspect => prop_assert_eq!(&fill.seen, &now),
                            Worth::Untrue => {}
                        }
                    },
                }
            }
        }
    }
}
