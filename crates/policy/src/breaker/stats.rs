//! What a breaker has seen since it was made.

use crate::class::{Outcome, Verdict};
use crate::histogram::Histogram;
use crate::time::{MonoTime, Span};

/// Lifetime counts, and the latencies of the last one to two minutes.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Calls let through.
    pub admitted: u64,
    /// Calls refused.
    pub rejected: u64,
    /// Calls that would have been refused, had the breaker not only been watching.
    pub would_reject: u64,
    /// Calls whose outcome showed a healthy service.
    pub successes: u64,
    /// Calls whose outcome showed an unwell one.
    pub failures: u64,
    /// Calls that were told when to come back.
    pub unavailable: u64,
    /// Calls that say nothing about health: aborted, or refused by a quota.
    pub neutral: u64,
    /// Calls that failed on this side.
    pub local: u64,
    /// Calls that took as long as a slow call or longer.
    pub slow: u64,
    /// Answers that came after their question had lost its meaning.
    pub stragglers: u64,
    /// How often the circuit opened.
    pub opened: u64,
    latency: Latencies,
}

/// Two minutes, one filling and one full, so that percentiles forget.
#[derive(Clone, Debug, Default)]
struct Latencies {
    current: Histogram,
    previous: Histogram,
    minute: u64,
}

impl Stats {
    /// The share of healthy calls among those that say anything, in parts per million; `None` before any.
    #[must_use]
    pub fn success_ppm(&self) -> Option<u32> {
        let said = self.successes + self.failures + self.unavailable;
        // Beyond 2^44 calls the share is of so many that a thousandth of them tells the same.
        let (part, whole) = if said >> 44 == 0 {
            (self.successes, said)
        } else {
            (self.successes >> 20, said >> 20)
        };
        u32::try_from((part * 1_000_000).checked_div(whole)?).ok()
    }

    /// The latency that so many per thousand of the latest calls stayed at or below.
    #[must_use]
    pub fn percentile(&self, per_mille: u32) -> Option<Span> {
        self.latency
            .current
            .merged_percentile(&self.latency.previous, per_mille)
    }

    pub(super) fn record(&mut self, outcome: &Outcome, latency: Span, slow: bool, now: MonoTime) {
        match outcome.verdict {
            Verdict::Healthy => self.successes += 1,
            Verdict::Failure => self.failures += 1,
            Verdict::Unavailable => self.unavailable += 1,
            Verdict::Neutral => self.neutral += 1,
            Verdict::Local => self.local += 1,
        }
        let answered = matches!(
            outcome.verdict,
            Verdict::Healthy | Verdict::Failure | Verdict::Unavailable
        );
        if answered {
            self.slow += u64::from(slow);
            self.latency.record(latency, now);
        }
    }
}

impl Latencies {
    fn record(&mut self, latency: Span, now: MonoTime) {
        let minute = now.as_nanos() / Span::from_secs(60).as_nanos();
        if minute != self.minute {
            let full = core::mem::take(&mut self.current);
            self.previous = if minute == self.minute + 1 {
                full
            } else {
                Histogram::default()
            };
            self.minute = minute;
        }
        self.current.record(latency);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_forget_after_two_minutes() {
        let mut stats = Stats::default();
        let record = |stats: &mut Stats, millis, minute: u64| {
            let now = MonoTime::from_millis(minute * 60_000);
            stats.record(&Outcome::SUCCESS, Span::from_millis(millis), false, now);
        };
        record(&mut stats, 9_000, 0);
        record(&mut stats, 1, 1);
        assert!(stats.percentile(990).unwrap() >= Span::from_secs(9));
        record(&mut stats, 1, 2);
        assert!(stats.percentile(990).unwrap() < Span::from_millis(2));
    }

    #[test]
    fn the_success_share_leaves_out_what_says_nothing() {
        let mut stats = Stats::default();
        assert_eq!(stats.success_ppm(), None);
        for outcome in [
            Outcome::SUCCESS,
            Outcome::NETWORK,
            Outcome::ABORTED,
            Outcome::OFFLINE,
        ] {
            stats.record(&outcome, Span::ZERO, false, MonoTime::ZERO);
        }
        assert_eq!(stats.success_ppm(), Some(500_000));
    }
}
