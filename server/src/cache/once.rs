//! What one transaction wrote ends a kept answer once, by whichever way it is heard, and however often.
//!
//! A write to a watched table is heard several times: where it was carried out, as soon as it is committed; over
//! NOTIFY, from the table's triggers; on other instances over the bus too. Each time it would end what was fetched
//! since the time before. So transactions have names, which every way tells, and what a transaction has already ended
//! here it does not end again: that is its *echo*. Where several ways tell of different rows, each ends what none
//! ended before it.
//!
//! # Why it is sound
//!
//! Whatever tells of a transaction does so after its commit: the answer to its own `COMMIT`, a notification (which
//! PostgreSQL delivers when the transaction is committed and seen by all), a message of an instance that had it from
//! one of these. Say that a slot is marked for it, at any such moment. Every answer that was asked for before is ended
//! by the mark ([`super::stamps`]); every one that is asked for afterwards comes from a database that has the
//! transaction's rows. So a second mark of the slot for the same transaction would end nothing that is not true of it,
//! and which of the ways comes first does not matter. What was marked is noted after the mark, never before, so
//! that nobody leaves to another what that one has not done yet.
//!
//! What is *kept in Redis* reaches memory late: an answer that is found there may be older than a mark in memory that
//! was made while it was on its way. Therefore Redis is told first, and memory is marked when Redis knows, or owes
//! nothing to Redis but its distrust. Then whoever took the count after the mark looked at Redis after Redis knew.
//!
//! Only names that no other transaction can have are believed: the process that carried it out, as the database
//! itself tells of who notified, its number, and when the database was started. Anybody may notify, but nobody from
//! another's session, so a forged notification is taken for a transaction of its own. A write whose end was not seen
//! has no name here and ends what it may have written each time; so does what is forgotten: the oldest of many, and
//! everything after a restart or when notifications were interrupted.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use seawall_policy::cache::invalidate::Target;

use super::invalidate::Ending;

/// Transactions remembered. An echo comes within milliseconds, so these are many.
const TRANSACTIONS: usize = 1_024;
/// Slots remembered of one; of more it is not worth it.
const SLOTS: usize = 2_048;
/// Digits of a process, a transaction and a time.
const LONGEST_NAME: usize = 80;

/// The name of a transaction that wrote: `process.number@start of the database`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Transaction(String);

impl Transaction {
    /// None where it is not a whole name.
    pub(crate) fn read(name: &str) -> Option<Self> {
        let (process, rest) = name.split_once('.')?;
        let (number, start) = rest.split_once('@')?;
        let plain = |part: &str, others: &[u8]| {
            let expected = |byte: u8| byte.is_ascii_digit() || others.contains(&byte);
            !part.is_empty() && part.bytes().all(expected)
        };
        let is_whole = plain(process, b"") && plain(number, b"") && plain(start, b".e+");
        (is_whole && name.len() <= LONGEST_NAME).then(|| Self(name.to_owned()))
    }

    /// The same of what a notification says of itself, and who the database says sent it.
    pub(super) fn of_process(process: i32, rest: &str) -> Option<Self> {
        Self::read(&format!("{process}.{rest}"))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0
    }
}

/// What recent transactions have ended here.
#[derive(Debug, Default)]
pub(super) struct Once {
    recent: Mutex<Recent>,
}

#[derive(Debug, Default)]
struct Recent {
    ended: HashMap<Transaction, HashSet<u16>>,
    order: VecDeque<Transaction>,
}

impl Once {
    /// What of it the transaction has not ended yet.
    pub(super) fn new_of(&self, transaction: Option<&Transaction>, endings: &[Ending]) -> Vec<Ending> {
        let recent = self.lock();
        match transaction.and_then(|transaction| recent.ended.get(transaction)) {
            Some(slots) => {
                let is_new = |ending: &&Ending| !is_within(ending, slots);
                endings.iter().filter(is_new).cloned().collect()
            }
            None => endings.to_vec(),
        }
    }

    /// The transaction has ended this; to be said afterwards.
    pub(super) fn note(&self, transaction: Option<&Transaction>, endings: &[Ending]) {
        let Some(transaction) = transaction.filter(|_| !endings.is_empty()) else {
            return;
        };
        let mut recent = self.lock();
        let Recent { ended, order } = &mut *recent;
        let slots = ended.entry(transaction.clone()).or_insert_with(|| {
            order.push_back(transaction.clone());
            HashSet::new()
        });
        let of_slots = |ending: &&Ending| !matches!(ending, Ending::All(Target::Pattern(_)));
        let more = endings.iter().filter(of_slots).flat_map(Ending::slots);
        let more: HashSet<u16> = more.collect();
        if slots.len() + more.len() <= SLOTS {
            slots.extend(more);
        }
        if order.len() > TRANSACTIONS
            && let Some(oldest) = order.pop_front()
        {
            ended.remove(&oldest);
        }
    }

    /// From now on everything is new.
    pub(super) fn forget(&self) {
        *self.lock() = Recent::default();
    }

    fn lock(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether marks on the slots have ended all that it would end.
fn is_within(ending: &Ending, slots: &HashSet<u16>) -> bool {
    let everything = slots.contains(&Target::Everything.slot());
    let by_itself = || ending.slots().iter().all(|slot| slots.contains(slot));
    let by_table = || match ending {
        Ending::Rows(rows) => slots.contains(&Target::Table(rows.table.clone()).slot()),
        Ending::All(_) => false,
    };
    match ending {
        // Its mark is in no slot.
        Ending::All(Target::Pattern(_)) => false,
        Ending::All(_) | Ending::Rows(_) => everything || by_itself() || by_table(),
    }
}

#[cfg(test)]
mod tests;
