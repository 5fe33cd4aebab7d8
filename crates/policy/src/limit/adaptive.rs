//! A bound that falls while the server is under stress and rises again when it is well.
//!
//! Additive increase, multiplicative decrease, as TCP has it: a tenth down on a 429, an overload or answers
//! that all take longer, one up when it is well and at least half of what is allowed is in use. A bound that
//! nobody reaches says nothing about what the server could bear, so it does not rise unused.
//!
//! A change is judged by what was sent since, never by answers that were under way when it was made: that is
//! once per round trip, however long one is, without a constant. A burst of fifty failed answers is one piece
//! of news and not fifty.

use crate::class::{Category, Outcome, Verdict};
use crate::time::{MonoTime, Span};

/// What one answer says about how much the server bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// It answered, after so long.
    Served(Span),
    /// It is asked for more than it bears.
    Stress,
    /// Nothing: the caller gave up, or the network did.
    Nothing,
}

/// A bound between a floor and a ceiling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adaptive {
    value: u32,
    floor: u32,
    ceiling: u32,
    changed_at: MonoTime,
    trend: Trend,
}

/// Whether answers take longer than they used to, by the fastest of each round: one slow report is no sign,
/// and even the fastest answer waits when there is a queue in the server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trend {
    usual: Span,
    fastest: Span,
    seen: u32,
}

impl Signal {
    /// What an attempt's end says.
    #[must_use]
    pub fn of(outcome: &Outcome, latency: Span) -> Self {
        match (outcome.verdict, outcome.category) {
            (_, Some(Category::RateLimited | Category::Timeout)) | (Verdict::Unavailable, _) => Self::Stress,
            // A lost connection tells of the network, and what is broken for good of a mistake: neither of load.
            (Verdict::Failure, Some(Category::Network)) => Self::Nothing,
            (Verdict::Failure, _) if outcome.transient => Self::Stress,
            (Verdict::Healthy, _) => Self::Served(latency),
            (Verdict::Failure | Verdict::Neutral | Verdict::Local, _) => Self::Nothing,
        }
    }
}

impl Adaptive {
    /// A bound that begins at `start`. A floor above the ceiling is the ceiling; a ceiling of nothing is one.
    #[must_use]
    pub fn new(floor: u32, start: u32, ceiling: u32) -> Self {
        let ceiling = ceiling.max(1);
        let floor = floor.clamp(1, ceiling);
        Self {
            value: start.clamp(floor, ceiling),
            floor,
            ceiling,
            changed_at: MonoTime::ZERO,
            trend: Trend::default(),
        }
    }

    /// What holds now.
    #[must_use]
    pub const fn value(&self) -> u32 {
        self.value
    }

    /// Takes up other bounds; what was learnt is kept as far as it fits.
    pub fn rebound(&mut self, floor: u32, ceiling: u32) {
        // One that had nothing to fear goes on so.
        let start = if self.value == self.ceiling {
            ceiling
        } else {
            self.value
        };
        *self = Self {
            changed_at: self.changed_at,
            trend: self.trend,
            ..Self::new(floor, start, ceiling)
        };
    }

    /// Takes in what came of something sent at `sent_at`, when so many were in use. True if the bound rose.
    pub fn feel(&mut self, signal: Signal, sent_at: MonoTime, now: MonoTime, in_use: u32) -> bool {
        let stress = match signal {
            Signal::Nothing => return false,
            Signal::Stress => true,
            Signal::Served(latency) => self.trend.rises(latency),
        };
        // A clock that was set back must not stop the learning.
        self.changed_at = self.changed_at.min(now);
        if sent_at < self.changed_at {
            return false;
        }
        let before = self.value;
        if stress {
            self.value = before.saturating_sub((before / 10).max(1)).max(self.floor);
        } else if in_use.saturating_mul(2) >= before {
            self.value = before.saturating_add(1).min(self.ceiling);
        }
        if self.value != before {
            self.changed_at = now;
        }
        self.value > before
    }
}

impl Trend {
    const ROUND: u32 = 8;
    /// Twice as long and this much more: answers of two milliseconds may take five.
    const SLACK: Span = Span::from_millis(50);

    fn rises(&mut self, latency: Span) -> bool {
        self.fastest = if self.seen == 0 {
            latency
        } else {
            self.fastest.min(latency)
        };
        self.seen += 1;
        if self.seen < Self::ROUND {
            return false;
        }
        self.seen = 0;
        let (fastest, usual) = (self.fastest, self.usual);
        // Faster is believed at once; slower is got used to, so that a slower network is not stress for ever.
        self.usual = if usual.is_zero() || fastest < usual {
            fastest
        } else {
            usual + Span::from_nanos(fastest.minus(usual).as_nanos() / 16)
        };
        !usual.is_zero() && fastest > usual.times(2) + Self::SLACK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    const SOON: Signal = Signal::Served(Span::from_millis(5));

    #[test]
    fn stress_takes_a_tenth_and_at_least_one() {
        let mut bound = Adaptive::new(1, 100, 100);
        bound.feel(Signal::Stress, at(1), at(2), 0);
        assert_eq!(bound.value(), 90);
        let mut small = Adaptive::new(1, 3, 3);
        small.feel(Signal::Stress, at(1), at(2), 0);
        assert_eq!(small.value(), 2);
    }

    #[test]
    fn a_burst_of_bad_answers_is_one_piece_of_news() {
        let mut bound = Adaptive::new(1, 100, 100);
        for _ in 0..50 {
            bound.feel(Signal::Stress, at(10), at(20), 100);
        }
        assert_eq!(bound.value(), 90);
        bound.feel(Signal::Stress, at(20), at(30), 100);
        assert_eq!(bound.value(), 81);
    }

    #[test]
    fn it_rises_by_one_and_only_when_used() {
        let mut bound = Adaptive::new(2, 10, 20);
        assert!(!bound.feel(SOON, at(1), at(2), 4));
        assert!(bound.feel(SOON, at(1), at(2), 5));
        assert!(!bound.feel(SOON, at(1), at(3), 11));
        assert!(bound.feel(SOON, at(2), at(3), 11));
        assert_eq!(bound.value(), 12);
    }

    #[test]
    fn it_stays_between_floor_and_ceiling() {
        let mut bound = Adaptive::new(2, 3, 4);
        for round in 1..20 {
            bound.feel(Signal::Stress, at(round), at(round), 9);
        }
        assert_eq!(bound.value(), 2);
        for round in 20..40 {
            bound.feel(SOON, at(round), at(round), 9);
        }
        assert_eq!(bound.value(), 4);
    }

    #[test]
    fn answers_that_all_take_longer_are_stress_and_one_slow_one_is_not() {
        let mut bound = Adaptive::new(1, 50, 50);
        let mut time = 0;
        let mut round = |bound: &mut Adaptive, millis: [u64; 8]| {
            for latency in millis {
                time += 1;
                bound.feel(Signal::Served(Span::from_millis(latency)), at(time), at(time), 0);
            }
        };
        round(&mut bound, [20; 8]);
        round(&mut bound, [20, 3_000, 20, 3_000, 20, 20, 20, 20]);
        assert_eq!(bound.value(), 50);
        round(&mut bound, [200; 8]);
        assert_eq!(bound.value(), 45);
    }

    #[test]
    fn a_network_that_stays_slower_is_got_used_to() {
        let mut trend = Trend::default();
        let mut judge = |millis| (0..8).any(|_| trend.rises(Span::from_millis(millis)));
        assert!(!judge(20));
        assert!(judge(200));
        let rounds = (0..100).filter(|_| judge(200)).count();
        assert!(rounds < 10, "{rounds}");
    }

    #[test]
    fn a_clock_set_back_does_not_stop_the_learning() {
        let mut bound = Adaptive::new(1, 100, 100);
        bound.feel(Signal::Stress, at(3_600_000), at(3_600_000), 0);
        bound.feel(Signal::Stress, at(5), at(5), 0);
        assert_eq!(bound.value(), 81);
    }

    #[test]
    fn the_network_and_the_caller_say_nothing_about_load() {
        for outcome in [Outcome::NETWORK, Outcome::ABORTED, Outcome::OFFLINE] {
            assert_eq!(Signal::of(&outcome, Span::ZERO), Signal::Nothing);
        }
        assert_eq!(Signal::of(&Outcome::TIMEOUT, Span::ZERO), Signal::Stress);
        assert_eq!(
            Signal::of(&Outcome::limited(crate::class::Fate::NotDone), Span::ZERO),
            Signal::Stress
        );
        assert_eq!(
            Signal::of(&Outcome::SUCCESS, Span::ZERO),
            Signal::Served(Span::ZERO)
        );
    }
}
