//! What goes when there is too much: the least recently used.

use std::collections::BTreeMap;

use super::invalidate::{Labels, Target};

/// An amount of kept answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub entries: u64,
    /// How much they take together.
    pub bytes: u64,
}

/// How much may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Everything together.
    pub total: Amount,
    /// The largest single answer.
    pub largest: u64,
}

impl Limits {
    /// How much has to go when so much is kept; nothing while it is within the limits.
    ///
    /// A tenth more goes than must, so that a full cache does not evict with every write.
    #[must_use]
    pub fn excess(&self, kept: Amount) -> Amount {
        if kept.entries <= self.total.entries && kept.bytes <= self.total.bytes {
            return Amount::default();
        }
        let spared = |limit: u64| limit - limit / 10;
        Amount {
            entries: kept.entries.saturating_sub(spared(self.total.entries)),
            bytes: kept.bytes.saturating_sub(spared(self.total.bytes)),
        }
    }

    /// Whether an answer of that size may be kept at all.
    #[must_use]
    pub fn admit(&self, size: u64) -> bool {
        size <= self.largest && size <= self.total.bytes
    }
}

/// Answers in memory, least recently used first out.
#[derive(Debug)]
pub struct Lru<T> {
    limits: Limits,
    kept: Amount,
    uses: u64,
    entries: BTreeMap<String, Slot<T>>,
    order: BTreeMap<u64, String>,
}

#[derive(Debug)]
struct Slot<T> {
    value: T,
    size: u64,
    used: u64,
    owned: OwnedLabels,
}

/// What an answer is known by, without its key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnedLabels {
    /// Whom it was kept for.
    pub user: String,
    /// Path and query of its request.
    pub path: String,
    /// The tables it depends on.
    pub tables: Vec<String>,
    /// The tags its caller gave it.
    pub tags: Vec<String>,
}

impl OwnedLabels {
    /// The labels of the answer with that key.
    #[must_use]
    pub fn with_key<'a>(&'a self, key: &'a str) -> Labels<'a> {
        Labels {
            key,
            user: &self.user,
            path: &self.path,
            tables: &self.tables,
            tags: &self.tags,
        }
    }
}

impl<T> Lru<T> {
    /// An empty one.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        Self {
            limits,
            kept: Amount { entries: 0, bytes: 0 },
            uses: 0,
            entries: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// How much is kept.
    #[must_use]
    pub const fn kept(&self) -> Amount {
        self.kept
    }

    /// The answer with that key, which is used by asking for it.
    pub fn get(&mut self, key: &str) -> Option<&T> {
        let slot = self.entries.get_mut(key)?;
        self.uses += 1;
        if let Some(key) = self.order.remove(&slot.used) {
            self.order.insert(self.uses, key);
        }
        slot.used = self.uses;
        Some(&slot.value)
    }

    /// Keeps an answer, in the place of an earlier one; what is too large is not kept and ends the earlier one.
    pub fn put(&mut self, key: String, value: T, size: u64, owned: OwnedLabels) {
        self.remove(&key);
        if !self.limits.admit(size) {
            return;
        }
        self.uses += 1;
        let used = self.uses;
        self.order.insert(used, key.clone());
        self.entries.insert(
            key,
            Slot {
                value,
                size,
                used,
                owned,
            },
        );
        self.kept.entries += 1;
        self.kept.bytes = self.kept.bytes.saturating_add(size);
        self.evict();
    }

    /// Ends one answer; tells whether it was there.
    pub fn remove(&mut self, key: &str) -> bool {
        let Some(slot) = self.entries.remove(key) else {
            return false;
        };
        self.order.remove(&slot.used);
        self.kept.entries -= 1;
        self.kept.bytes -= slot.size;
        true
    }

    /// Ends what the target means; tells how many there were.
    pub fn invalidate(&mut self, target: &Target) -> usize {
        let doomed: Vec<String> = self
            .entries
            .iter()
            .filter(|(key, slot)| target.matches(&slot.owned.with_key(key)))
            .map(|(key, _)| key.clone())
            .collect();
        doomed.iter().filter(|key| self.remove(key)).count()
    }

    /// Every answer with its size, least recently used first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T, u64)> {
        let entry = |key: &String| self.entries.get_key_value(key);
        self.order
            .values()
            .filter_map(entry)
            .map(|(key, slot)| (key.as_str(), &slot.value, slot.size))
    }

    fn evict(&mut self) {
        let excess = self.limits.excess(self.kept);
        let before = self.kept;
        while before.entries - self.kept.entries < excess.entries
            || before.bytes - self.kept.bytes < excess.bytes
        {
            let Some((_, oldest)) = self.order.first_key_value() else {
                return;
            };
            let oldest = oldest.clone();
            self.remove(&oldest);
        }
    }
}
