//! Which answers are still true: counts of invalidations, by what they concern.
//!
//! Whoever asks the database takes the count first. What comes back is good only as long as nothing that concerns
//! it was invalidated since that count, so an answer that raced an invalidation is never given, whether it was
//! kept before or after. Nothing is searched and nothing is deleted: an answer is judged when it is looked up.
//!
//! The slots of names are those of the policy core, which the browser uses too; after them come those of buckets of
//! rows ([`super::rows`]). There is a fixed number of both, so that they never grow; they are wide and lock-free,
//! because a server counts for years and every request looks. After a gap in what is heard, everything kept before is
//! *suspect*: not given as long as the database can be asked, but better than nothing when it cannot.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use seawall_policy::cache::invalidate::{Target, is_like};

use super::invalidate::Ending;
use super::once::{Once, Transaction};
use super::rows::ALL_SLOTS;

/// Patterns remembered; what is older than the oldest forgotten one counts as meant by it.
const PATTERNS: usize = 256;

/// The counts of one server.
#[derive(Debug)]
pub(crate) struct Stamps {
    count: AtomicU64,
    slots: Box<[AtomicU64]>,
    suspect: AtomicU64,
    last_pattern: AtomicU64,
    patterns: RwLock<Patterns>,
    once: Once,
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
            slots: (0..ALL_SLOTS).map(|_| AtomicU64::new(0)).collect(),
            suspect: AtomicU64::new(0),
            last_pattern: AtomicU64::new(0),
            patterns: RwLock::default(),
            once: Once::default(),
        }
    }

    /// The count now, to be taken before the database is asked.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }

    /// A transaction is heard to have written; says whether that was news. To be called after its commit, and when
    /// Redis knows.
    pub(super) fn mark_once(&self, transaction: Option<&Transaction>, endings: &[Ending]) -> bool {
        let new = self.once.new_of(transaction, endings);
        for ending in &new {
            self.mark(ending);
        }
        self.once.note(transaction, &new);
        !new.is_empty()
    }

    /// Whether the transaction has ended all of this already.
    pub(super) fn is_echo(&self, transaction: Option<&Transaction>, endings: &[Ending]) -> bool {
        self.once.new_of(transaction, endings).is_empty()
    }

    /// What transactions have ended so far is forgotten, so that it would be ended again.
    pub(super) fn forget_transactions(&self) {
        self.once.forget();
    }

    /// Something is invalidated.
    pub(crate) fn mark(&self, ending: &Ending) {
        if let Ending::All(Target::Pattern(pattern)) = ending {
            self.mark_pattern(pattern);
            return;
        }
        let count = self.next();
        for slot in ending.slots() {
            if let Some(slot) = self.slots.get(usize::from(slot)) {
                slot.fetch_max(count, Ordering::SeqCst);
            }
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

    use super::super::answer::slots_of_tables;
    use super::super::rows::{RowsRead, RowsWritten, bucket};
    use super::*;
    use proptest::prelude::*;

    const NOW: &str = "/rest/v1/rooms?select=*";

    fn table(name: &str) -> Ending {
        Ending::All(Target::Table(name.to_owned()))
    }

    fn pattern(pattern: &str) -> Ending {
        Ending::All(Target::Pattern(pattern.to_owned()))
    }

    fn slots(tables: &[&str]) -> Vec<u16> {
        let tables: Vec<String> = tables.iter().map(|name| (*name).to_owned()).collect();
        slots_of_tables(&tables)
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
        stamps.mark(&pattern("/rest/v1/rooms*"));
        assert_eq!(stamps.judge(since, &slots(&[]), NOW), Worth::Untrue);
        assert_eq!(stamps.judge(since, &slots(&[]), "/rest/v1/messages"), Worth::True);
        assert_eq!(stamps.judge(stamps.count(), &slots(&[]), NOW), Worth::True);
    }

    #[test]
    fn a_forgotten_pattern_counts_as_meant() {
        let stamps = Stamps::new();
        let since = stamps.count();
        stamps.mark(&pattern("/rest/v1/rooms*"));
        for _ in 0..PATTERNS {
            stamps.mark(&pattern("/elsewhere"));
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

    /// What happens to a model of one database, one reader and its cache. Tables have rows, told by a number.
    #[derive(Debug, Clone)]
    enum Step {
        /// Rows get a new version, and the cache is told which.
        Write(usize, Vec<usize>),
        /// The same, and it is told that any may have.
        WriteAny(usize, Vec<usize>),
        /// A read of certain rows begins, or where there are none of all.
        Ask(Vec<(usize, Vec<usize>)>),
        /// The database answers the oldest read that it has not answered: with the versions of now.
        Answer,
        /// The oldest answer on its way arrives and is kept.
        Arrive,
        /// What is kept is looked up.
        Look,
        /// Everything may have changed unheard.
        Gap,
    }

    const TABLES: [&str; 3] = ["rooms", "messages", "profiles"];
    const ROWS: usize = 4;

    fn step() -> impl Strategy<Value = Step> {
        let some = |least: usize| prop::collection::vec(0..ROWS, least..3);
        prop_oneof![
            3 => (0..TABLES.len(), some(1)).prop_map(|(table, rows)| Step::Write(table, rows)),
            1 => (0..TABLES.len(), some(1)).prop_map(|(table, rows)| Step::WriteAny(table, rows)),
            3 => prop::collection::vec((0..TABLES.len(), some(0)), 1..3).prop_map(Step::Ask),
            3 => Just(Step::Answer),
            3 => Just(Step::Arrive),
            4 => Just(Step::Look),
            1 => Just(Step::Gap),
        ]
    }

    type Versions = [[u32; ROWS]; TABLES.len()];
    type Asked = Vec<(usize, Vec<usize>)>;

    struct Fill {
        since: u64,
        asked: Asked,
        seen: Vec<u32>,
    }

    /// What a read gives.
    fn seen(asked: &Asked, versions: &Versions) -> Vec<u32> {
        let rows = |(table, rows): &(usize, Vec<usize>)| match rows.as_slice() {
            [] => versions[*table].to_vec(),
            some => some.iter().map(|row| versions[*table][*row]).collect(),
        };
        asked.iter().flat_map(rows).collect()
    }

    /// What ends a read's answer.
    fn of(asked: &Asked) -> Vec<u16> {
        let each = |(table, rows): &(usize, Vec<usize>)| match rows.as_slice() {
            [] => slots_of_tables(&[TABLES[*table].to_owned()]),
            some => {
                let buckets = some.iter().map(|row| bucket(&row.to_string())).collect();
                let rows = RowsRead {
                    table: TABLES[*table].to_owned(),
                    column: 1,
                    buckets,
                };
                rows.slots().collect()
            }
        };
        asked.iter().flat_map(each).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        /// Whatever the order of asking, answering, writing and keeping: what is given is what the database holds.
        #[test]
        fn what_is_given_is_never_older_than_the_last_write(steps in prop::collection::vec(step(), 1..80)) {
            let stamps = Stamps::new();
            let mut versions = Versions::default();
            let (mut asked, mut answered) = (VecDeque::<Fill>::new(), VecDeque::<Fill>::new());
            let mut kept: HashMap<Asked, Fill> = HashMap::new();
            for step in steps {
                match step {
                    Step::Write(table, rows) => {
                        rows.iter().for_each(|row| versions[table][*row] += 1);
                        let buckets = rows.iter().map(|row| (1, bucket(&row.to_string()))).collect();
                        let table = TABLES[table].to_owned();
                        stamps.mark(&Ending::Rows(RowsWritten { table, columns: vec![1], buckets }));
                    }
                    Step::WriteAny(at, rows) => {
                        rows.iter().for_each(|row| versions[at][*row] += 1);
                        stamps.mark(&table(TABLES[at]));
                    }
                    Step::Ask(tables) => asked.push_back(Fill { since: stamps.count(), asked: tables, seen: Vec::new() }),
                    Step::Answer => {
                        if let Some(mut fill) = asked.pop_front() {
                            fill.seen = seen(&fill.asked, &versions);
                            answered.push_back(fill);
                        }
                    }
                    Step::Arrive => {
                        if let Some(fill) = answered.pop_front() {
                            kept.insert(fill.asked.clone(), fill);
                        }
                    }
                    Step::Gap => stamps.gap(),
                    Step::Look => for fill in kept.values() {
                        match stamps.judge(fill.since, &of(&fill.asked), NOW) {
                            Worth::True | Worth::Suspect => prop_assert_eq!(&fill.seen, &seen(&fill.asked, &versions)),
                            Worth::Untrue => {}
                        }
                    },
                }
            }
        }
    }
}
