//! A retry budget: each call pays in a little, each retry takes out one.
//!
//! Attempts alone do not bound traffic: if every call fails and every call is tried three times, the load on
//! a server that is down triples. With a budget, retries are at most the given share of calls in the long
//! run, plus what was saved up to begin with.

use crate::breaker::Share;

const ONE: u64 = 1_000_000;

/// How much a budget saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetConfig {
    /// Retries per call in the long run.
    pub share: Share,
    /// Most retries saved up, and what there is to begin with.
    pub reserve: u32,
}

/// The retries that may still be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    config: BudgetConfig,
    parts: u64,
}

impl Default for BudgetConfig {
    fn default() -> Self {
        Self {
            share: Share::from_percent(10),
            reserve: 5,
        }
    }
}

impl Budget {
    /// A full budget.
    #[must_use]
    pub fn new(config: BudgetConfig) -> Self {
        Self {
            config,
            parts: u64::from(config.reserve) * ONE,
        }
    }

    /// Pays in for one call.
    pub fn deposit(&mut self) {
        let most = u64::from(self.config.reserve) * ONE;
        self.parts = (self.parts + u64::from(self.config.share.ppm())).min(most);
    }

    /// Takes out one retry; false if there is none.
    #[must_use]
    pub fn withdraw(&mut self) -> bool {
        let left = self.parts.checked_sub(ONE);
        self.parts = left.unwrap_or(self.parts);
        left.is_some()
    }

    /// Whole retries left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.parts / ONE
    }

    /// Another configuration; what was saved is kept up to the new reserve.
    pub fn reconfigure(&mut self, config: BudgetConfig) {
        self.config = config;
        self.parts = self.parts.min(u64::from(config.reserve) * ONE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_calls_pay_for_one_retry() {
        let mut budget = Budget::new(BudgetConfig::default());
        while budget.withdraw() {}
        for _ in 0..9 {
            budget.deposit();
        }
        assert!(!budget.withdraw());
        budget.deposit();
        assert!(budget.withdraw() && !budget.withdraw());
    }

    #[test]
    fn savings_are_bounded() {
        let mut budget = Budget::new(BudgetConfig::default());
        for _ in 0..10_000 {
            budget.deposit();
        }
        assert_eq!(budget.left(), 5);
    }

    #[test]
    fn a_reserve_of_nothing_allows_no_retry() {
        let mut budget = Budget::new(BudgetConfig {
            share: Share::ONE,
            reserve: 0,
        });
        budget.deposit();
        assert!(!budget.withdraw());
    }
}
