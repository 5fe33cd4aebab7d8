//! Priorities that age, so that nobody starves.
//!
//! Who waits is ordered by the instant it joined, plus a handicap for its priority: the earliest goes first. So
//! the urgent overtake, and the longer somebody has waited the fewer can: a waiter is overtaken only by those
//! who join within the difference of the two handicaps after it. With `k` such in that time it is served at most
//! `k` places later than its turn, whatever comes afterwards.

use crate::time::{MonoTime, Span};

/// How urgent a call is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// What everything else waits for.
    Critical,
    /// What somebody is looking at.
    High,
    /// Everything that says nothing.
    #[default]
    Normal,
    /// What nobody waits for.
    Low,
}

impl Priority {
    /// Every priority, the most urgent first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];
    /// One step of priority is worth so much waiting.
    pub const STEP: Span = Span::from_millis(2_000);

    /// The name in options, metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// The priority with this number; what has none is normal.
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or_default()
    }

    /// What a waiter that joins at `now` is ordered by.
    #[must_use]
    pub const fn place(self, now: MonoTime) -> MonoTime {
        MonoTime::from_nanos(now.as_nanos().saturating_add(self.handicap().as_nanos()))
    }

    /// By how much a call of this priority stands behind a critical one that joins with it.
    #[must_use]
    pub const fn handicap(self) -> Span {
        Self::STEP.times(self as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urgent_overtake_until_the_others_have_waited_long_enough() {
        let early = Priority::Normal.place(MonoTime::from_millis(0));
        assert!(Priority::Critical.place(MonoTime::from_millis(3_999)) < early);
        assert!(Priority::Critical.place(MonoTime::from_millis(4_001)) > early);
        assert!(Priority::Low.place(MonoTime::from_millis(0)) > early);
    }

    #[test]
    fn an_unknown_number_is_normal() {
        assert_eq!(Priority::from_code(0), Priority::Critical);
        assert_eq!(Priority::from_code(9), Priority::Normal);
    }
}
