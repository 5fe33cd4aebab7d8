//! The generic cell rate algorithm: one instant per key, an exact bound of `burst + rate · t`.
//!
//! The state is the *theoretical arrival time*: when the next call would come if all came evenly. The
//! decision is pure; whoever stores the instant (a sharded map, a Redis script) applies it.

use super::quota::Quota;
use crate::error::ConfigError;
use crate::time::{MonoTime, Span};

/// A rate with a burst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gcra {
    interval: Span,
    capacity: Span,
}

/// The answer to "may so much pass now?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It may.
    Admitted {
        /// How many more calls would pass at this instant.
        remaining: u32,
        /// How long until the whole burst is there again.
        full_in: Span,
    },
    /// It may not.
    Refused {
        /// The first instant at which it would pass; [`MonoTime::FAR`] if it costs more than the burst.
        retry_at: MonoTime,
    },
}

impl Gcra {
    /// The quota's rate, with its whole limit as burst.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        // Rounded up, so that the bound is never exceeded by rounding.
        let interval = quota
            .window()
            .as_nanos()
            .div_ceil(u64::from(quota.limit()))
            .max(1);
        let interval = Span::from_nanos(interval);
        Self {
            interval,
            capacity: interval.times(u64::from(quota.limit())),
        }
    }

    /// The same rate with another burst.
    ///
    /// # Errors
    /// A burst of nothing admits nothing.
    pub fn with_burst(self, burst: u32) -> Result<Self, ConfigError> {
        if burst == 0 {
            return Err(ConfigError::Burst);
        }
        Ok(Self {
            capacity: self.interval.times(u64::from(burst)),
            ..self
        })
    }

    /// One of so many equal shares of `part` in `whole`: the rate and the burst are both cut to that part, rounded
    /// down, so that all shares together stay within the undivided bound. One call always fits, however small
    /// the burst: of a burst of 2 in three shares each lets one call pass.
    #[must_use]
    pub fn share(self, part: u32, whole: u32) -> Self {
        let (part, whole) = (u64::from(part.max(1)), u64::from(whole.max(1)));
        if part >= whole {
            return self;
        }
        let interval = self.interval.times(whole).as_nanos().div_ceil(part);
        let interval = Span::from_nanos(interval);
        Self {
            interval,
            capacity: self.capacity.max(interval),
        }
    }

    /// The time one call takes to be replenished.
    #[must_use]
    pub const fn interval(&self) -> Span {
        self.interval
    }

    /// The time a used-up burst takes to be replenished.
    #[must_use]
    pub const fn capacity(&self) -> Span {
        self.capacity
    }

    /// How many calls may come at once.
    #[must_use]
    pub fn burst(&self) -> u32 {
        self.calls_in(self.capacity)
    }

    /// Decides, and moves the stored instant if it admits. A new key's instant is [`MonoTime::ZERO`].
    ///
    /// An instant further ahead than any burst could have moved it is from before the clock was set back,
    /// and counts as a used-up burst.
    pub fn check(&self, arrival: &mut MonoTime, now: MonoTime, cost: u32) -> Pass {
        let (capacity, price) = (self.capacity, self.interval.times(u64::from(cost)));
        if price > capacity {
            return Pass::Refused {
                retry_at: MonoTime::FAR,
            };
        }
        let base = (*arrival).clamp(now, now + capacity);
        let next = base + price;
        if next.since(now) > capacity {
            return Pass::Refused {
                retry_at: next.minus(capacity),
            };
        }
        *arrival = next;
        let used = next.since(now);
        Pass::Admitted {
            remaining: self.calls_in(capacity.minus(used)),
            full_in: used,
        }
    }

    /// Whether a key with this stored instant is as good as new, and may be forgotten.
    #[must_use]
    pub fn is_idle(&self, arrival: MonoTime, now: MonoTime) -> bool {
        arrival <= now
    }

    fn calls_in(&self, span: Span) -> u32 {
        u32::try_from(span.as_nanos() / self.interval.as_nanos().max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ten_per_second() -> Gcra {
        Gcra::new(Quota::try_new(10, Span::from_secs(1)).unwrap())
    }

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    #[test]
    fn the_burst_passes_and_then_one_per_interval() {
        let gcra = ten_per_second();
        let mut state = MonoTime::ZERO;
        for left in (0..10).rev() {
            assert!(
                matches!(gcra.check(&mut state, at(0), 1), Pass::Admitted { remaining, .. } if remaining == left)
            );
        }
        assert_eq!(
            gcra.check(&mut state, at(0), 1),
            Pass::Refused { retry_at: at(100) }
        );
        let early = MonoTime::from_nanos(at(100).as_nanos() - 1);
        assert_eq!(
            gcra.check(&mut state, early, 1),
            Pass::Refused { retry_at: at(100) }
        );
        assert!(matches!(
            gcra.check(&mut state, at(100), 1),
            Pass::Admitted { remaining: 0, .. }
        ));
    }

    #[test]
    fn refusals_are_not_counted() {
        let gcra = ten_per_second();
        let mut state = MonoTime::ZERO;
        let _ = gcra.check(&mut state, at(0), 10);
        for millis in 0..99 {
            assert_eq!(
                gcra.check(&mut state, at(millis), 1),
                Pass::Refused { retry_at: at(100) }
            );
        }
    }

    #[test]
    fn what_costs_more_than_the_burst_never_passes() {
        let mut state = MonoTime::ZERO;
        assert_eq!(
            ten_per_second().check(&mut state, at(0), 11),
            Pass::Refused {
                retry_at: MonoTime::FAR
            }
        );
    }

    #[test]
    fn all_shares_together_stay_within_the_bound() {
        for shares in 1..=12 {
            let one = ten_per_second().share(1, shares);
            let mut states = vec![MonoTime::ZERO; shares as usize];
            let mut passed = 0;
            for millis in 0..=1_000 {
                for state in &mut states {
                    while matches!(one.check(state, at(millis), 1), Pass::Admitted { .. }) {
                        passed += 1;
                    }
                }
            }
            let bound = 10.max(shares) + 10;
            assert!(
                passed <= bound && passed + shares >= 20,
                "{passed} of {bound} in {shares} shares"
            );
        }
    }

    #[test]
    fn a_used_up_burst_passes_nothing_until_one_interval_later() {
        let gcra = ten_per_second();
        let mut state = at(500) + gcra.capacity();
        assert_eq!(
            gcra.check(&mut state, at(500), 1),
            Pass::Refused { retry_at: at(600) }
        );
        assert!(matches!(
            gcra.check(&mut state, at(600), 1),
            Pass::Admitted { .. }
        ));
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out() {
        let gcra = ten_per_second();
        let mut state = at(3_600_000);
        assert_eq!(
            gcra.check(&mut state, at(0), 1),
            Pass::Refused { retry_at: at(100) }
        );
    }
}
