//! How much may be kept, and how much has to go when there is more: the least recently used first, which the shell
//! knows by its own order.

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
