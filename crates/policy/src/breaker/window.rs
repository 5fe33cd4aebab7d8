//! Calls, failures and slow calls of the last while, in an epoch-tagged ring.
//!
//! Each bucket carries the number of the time slice it counts, so a bucket left over from before an idle
//! gap is recognised by its tag and not counted: nothing needs a timer, and a tab that slept for an hour
//! remembers nothing of the hour before.

use crate::time::{MonoTime, Span};

/// How many slices a window has: its sum is exact to a tenth of its length.
pub const BUCKETS: usize = 10;

/// What happened within a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls that say something about the service's health.
    pub total: u32,
    /// Those that failed.
    pub failures: u32,
    /// Those that were slow, whatever their result.
    pub slow: u32,
}

/// A slice's counts with its age in slices, for storing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AgedCounts {
    /// Slices since.
    pub age: u64,
    /// What happened in it.
    pub counts: Counts,
}

/// A sliding window over the last `period`.
#[derive(Clone, Debug)]
pub struct Window {
    width: Span,
    buckets: [Bucket; BUCKETS],
    /// The sum as of one slice: nearly every call asks for it again within the same.
    sum: Bucket,
}

#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    epoch: u64,
    counts: Counts,
}

impl Window {
    /// An empty window of that length, rounded up to ten nanoseconds.
    #[must_use]
    pub fn new(period: Span) -> Self {
        let width = Span::from_nanos(period.as_nanos().div_ceil(BUCKETS as u64).max(1));
        Self {
            width,
            buckets: [Bucket::default(); BUCKETS],
            sum: Bucket::default(),
        }
    }

    /// Counts a call, and gives what happened up to now.
    pub fn record(&mut self, now: MonoTime, failed: bool, slow: bool) -> Counts {
        let one = Counts {
            total: 1,
            failures: u32::from(failed),
            slow: u32::from(slow),
        };
        let epoch = self.epoch(now);
        self.add(epoch, one);
        if self.sum.epoch == epoch {
            self.sum.counts = self.sum.counts.plus(one);
        } else {
            self.sum_up(epoch);
        }
        self.sum.counts
    }

    /// Puts stored counts back in their place.
    pub fn restore(&mut self, now: MonoTime, aged: AgedCounts) {
        if let Some(epoch) = self
            .epoch(now)
            .checked_sub(aged.age)
            .filter(|_| aged.age < BUCKETS as u64)
        {
            self.add(epoch, aged.counts);
            self.sum_up(epoch + aged.age);
        }
    }

    /// What happened up to now, within the window.
    #[must_use]
    pub fn counts(&self, now: MonoTime) -> Counts {
        self.counts_at(self.epoch(now))
    }

    /// The slices that hold anything, with their ages, the latest first.
    pub fn aged(&self, now: MonoTime) -> impl Iterator<Item = AgedCounts> + '_ {
        let current = self.epoch(now);
        (0..BUCKETS as u64).filter_map(move |age| {
            let bucket = self.bucket(current.checked_sub(age)?)?;
            (bucket.counts.total > 0).then_some(AgedCounts {
                age,
                counts: bucket.counts,
            })
        })
    }

    /// How long a slice is.
    #[must_use]
    pub const fn slice(&self) -> Span {
        self.width
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.buckets = [Bucket::default(); BUCKETS];
        self.sum = Bucket::default();
    }

    fn epoch(&self, now: MonoTime) -> u64 {
        now.as_nanos() / self.width.as_nanos().max(1)
    }

    fn counts_at(&self, current: u64) -> Counts {
        let within = |bucket: &&Bucket| bucket.epoch <= current && current - bucket.epoch < BUCKETS as u64;
        self.buckets
            .iter()
            .filter(within)
            .fold(Counts::default(), |sum, bucket| sum.plus(bucket.counts))
    }

    fn sum_up(&mut self, epoch: u64) {
        self.sum = Bucket {
            epoch,
            counts: self.counts_at(epoch),
        };
    }

    /// The bucket of that slice, if it still counts it.
    fn bucket(&self, epoch: u64) -> Option<&Bucket> {
        let index = usize::try_from(epoch % BUCKETS as u64).ok()?;
        self.buckets.get(index).filter(|bucket| bucket.epoch == epoch)
    }

    fn add(&mut self, epoch: u64, counts: Counts) {
        let index = usize::try_from(epoch % BUCKETS as u64).unwrap_or(0);
        let Some(bucket) = self.buckets.get_mut(index) else {
            return;
        };
        if bucket.epoch != epoch {
            *bucket = Bucket {
                epoch,
                counts: Counts::default(),
            };
        }
        bucket.counts = bucket.counts.plus(counts);
    }
}

impl Counts {
    const fn plus(self, other: Self) -> Self {
        Self {
            total: self.total.saturating_add(other.total),
            failures: self.failures.saturating_add(other.failures),
            slow: self.slow.saturating_add(other.slow),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    fn window() -> Window {
        Window::new(Span::from_secs(10))
    }

    #[test]
    fn counts_slide_out_with_their_slice() {
        let mut window = window();
        window.record(at(500), true, false);
        window.record(at(5_500), false, true);
        assert_eq!(
            window.counts(at(9_999)),
            Counts {
                total: 2,
                failures: 1,
                slow: 1
            }
        );
        assert_eq!(
            window.counts(at(10_000)),
            Counts {
                total: 1,
                failures: 0,
                slow: 1
            }
        );
        assert_eq!(window.counts(at(15_000)), Counts::default());
    }

    #[test]
    fn an_idle_gap_of_whole_turns_leaves_nothing() {
        let mut window = window();
        for millis in 0..10 {
            window.record(at(millis * 1_000), true, false);
        }
        assert_eq!(window.counts(at(3_600_000)), Counts::default());
        window.record(at(3_600_000), false, false);
        assert_eq!(window.counts(at(3_600_000)).total, 1);
    }

    #[test]
    fn each_call_is_told_what_a_look_at_the_same_instant_finds() {
        let mut window = window();
        let instants = [
            0, 10, 900, 1_000, 9_999, 10_000, 10_500, 4_000, 10_600, 31_000, 500_000, 500_001,
        ];
        for (place, millis) in instants.into_iter().enumerate() {
            let told = window.record(at(millis), place % 2 == 0, place % 3 == 0);
            assert_eq!(told, window.counts(at(millis)), "at {millis}");
            if place == 5 {
                let counts = told;
                window.restore(at(millis), AgedCounts { age: 1, counts });
            }
        }
    }

    #[test]
    fn stored_slices_return_to_their_place() {
        let mut window = window();
        let counts = Counts {
            total: 3,
            failures: 2,
            slow: 0,
        };
        window.restore(at(20_000), AgedCounts { age: 9, counts });
        window.restore(at(20_000), AgedCounts { age: 10, counts });
        assert_eq!(window.counts(at(20_000)), counts);
        assert_eq!(window.counts(at(21_000)), Counts::default());
    }
}
