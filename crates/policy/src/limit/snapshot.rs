//! A window's usage as whole numbers, to outlive a page and to pass from one tab to the next.
//!
//! It holds ages and one wall-clock instant. A 60th of a window's calls are kept together at the age of the
//! youngest, so a full window of ten thousand is as short as one of a hundred, and what is restored frees
//! itself a little late and never early. What comes back may be old, damaged or forged: it is parsed strictly,
//! and at worst holds a key back for one window.
//!
//! The form is version, saved, hold, then age and count of each, the youngest first, and a checksum against damage;
//! times in milliseconds.

use alloc::vec::Vec;

use super::window::SlidingWindow;
use crate::error::SnapshotError;
use crate::time::{MonoTime, Span, Steady, UnixTime};
use crate::whole;

const VERSION: u64 = 101;
const SLICES: usize = 60;
/// What stands before the ages.
const HEAD: usize = 3;
/// A stored instant may be this far ahead of a wall clock that was corrected meanwhile.
const MAX_SKEW: Span = Span::from_secs(60);

/// A window's usage at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageSnapshot {
    saved: UnixTime,
    hold: Span,
    ages: Vec<(Span, u32)>,
}

impl SlidingWindow {
    /// The usage to store; `None` where there is nothing to remember. `unix` is the wall clock at `now`.
    #[must_use]
    pub fn usage(&self, now: MonoTime, unix: UnixTime) -> Option<UsageSnapshot> {
        let slice = self.quota.window().as_nanos() / SLICES as u64 + 1;
        let mut ages: Vec<(Span, u32)> = Vec::new();
        for age in self.ages(now) {
            match ages.last_mut() {
                Some((first, count)) if age.minus(*first).as_nanos() < slice => *count += 1,
                _ => ages.push((Span::from_millis(age.as_millis()), 1)),
            }
        }
        let hold = self.held_for(now);
        (!ages.is_empty() || !hold.is_zero()).then_some(UsageSnapshot {
            saved: unix,
            hold: Span::from_millis(hold.as_millis_ceil()),
            ages,
        })
    }

    /// Takes up a stored usage in the place of what was counted here: calls made before count against the quota,
    /// and a server's quiet lasts, up to `longest`.
    ///
    /// # Errors
    /// The usage lies in the future: the caller discards it.
    pub fn remember(
        &mut self,
        usage: &UsageSnapshot,
        longest: Span,
        now: MonoTime,
        unix: UnixTime,
    ) -> Result<(), SnapshotError> {
        if usage.saved.since(unix) > MAX_SKEW {
            return Err(SnapshotError::Future);
        }
        let elapsed = unix.since(usage.saved);
        self.sent.clear();
        if self.queue.is_empty() && self.lease.is_none() {
            // The page's clock may have just begun; what happened before it needs room.
            self.clock = Steady::with_head_room(self.quota.window());
        }
        let now = self.begin(now);
        for (age, count) in &usage.ages {
            let age = age.plus(elapsed);
            if age < self.quota.window() {
                self.log(now.minus(age), (*count).min(self.quota.limit()));
            }
        }
        while self.sent.len() > self.quota.limit() as usize {
            self.sent.pop_front();
        }
        self.hold_until(now + usage.hold.min(longest).minus(elapsed));
        self.plan(0, now);
        Ok(())
    }
}

impl UsageSnapshot {
    /// The snapshot as numbers.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let mut numbers = Vec::with_capacity(HEAD + 2 * self.ages.len() + 1);
        numbers.extend([VERSION, self.saved.as_millis(), self.hold.as_millis()]);
        for (age, count) in &self.ages {
            numbers.extend([age.as_millis(), u64::from(*count)]);
        }
        whole::sealed(numbers)
    }

    /// Numbers with their checksum, which is against damage: anybody may make one; tests and fuzzers do.
    #[must_use]
    pub fn sealed(body: &[u64]) -> Vec<f64> {
        whole::sealed(body.to_vec())
    }

    /// Reads a snapshot's numbers.
    ///
    /// # Errors
    /// Anything that [`UsageSnapshot::numbers`] would not have written is refused.
    pub fn from_numbers(numbers: &[f64]) -> Result<Self, SnapshotError> {
        let malformed = SnapshotError::Malformed;
        let body = whole::opened(numbers, VERSION, HEAD + 2 * (SLICES + 1))?;
        let (head, ages) = body.split_at_checked(HEAD).ok_or(malformed)?;
        let &[_, saved, hold] = head else {
            return Err(malformed);
        };
        let mut pairs = ages.chunks_exact(2);
        let mut found: Vec<(Span, u32)> = Vec::with_capacity(SLICES);
        for pair in &mut pairs {
            let &[age, count] = pair else {
                return Err(malformed);
            };
            let age = Span::from_millis(age);
            if found.last().is_some_and(|(younger, _)| *younger > age) {
                return Err(malformed);
            }
            found.push((age, whole::small(count)?));
        }
        if !pairs.remainder().is_empty() {
            return Err(malformed);
        }
        Ok(Self {
            saved: UnixTime::from_millis(saved),
            hold: Span::from_millis(hold),
            ages: found,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{Quota, Turn};

    const WALL: UnixTime = UnixTime::from_secs(1_700_000_000);

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    fn window() -> SlidingWindow {
        SlidingWindow::new(Quota::try_new(3, Span::from_secs(60)).unwrap())
    }

    fn later(millis: u64) -> UnixTime {
        UnixTime::from_millis(WALL.as_millis() + millis)
    }

    fn used() -> UsageSnapshot {
        let mut first = window();
        for millis in [1_000, 20_000, 20_500] {
            assert!(matches!(first.take(at(millis)), Turn::Now { .. }));
        }
        first.usage(at(31_000), WALL).unwrap()
    }

    #[test]
    fn a_reload_forgets_no_call_and_frees_each_when_it_is_due() {
        let usage = UsageSnapshot::from_numbers(&used().numbers()).unwrap();
        let mut next = window();
        next.remember(&usage, Span::MAX, at(5), later(1_000)).unwrap();
        assert_eq!(next.remaining(at(5)), 0);
        assert!(matches!(next.take(at(28_999)), Turn::Refused { retry_at, .. } if retry_at == at(29_005)));
        assert!(matches!(next.take(at(29_005)), Turn::Now { .. }));
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_and_nothing_is_not_stored() {
        let mut next = window();
        next.remember(&used(), Span::MAX, at(5), later(60_000)).unwrap();
        assert_eq!(next.remaining(at(5)), 3);
        assert_eq!(next.usage(at(5), WALL), None);
    }

    #[test]
    fn a_servers_quiet_survives_a_reload_up_to_the_longest_that_is_kept() {
        let mut first = window();
        first.hold(at(0), Some(Span::from_secs(9)), Span::ZERO, Span::MAX);
        let usage = first.usage(at(1_000), WALL).unwrap();
        let mut next = window();
        next.remember(&usage, Span::from_secs(5), at(0), later(2_000))
            .unwrap();
        assert!(matches!(next.take(at(0)), Turn::Refused { retry_at, .. } if retry_at == at(3_000)));
    }

    #[test]
    fn only_the_form_that_would_be_written_is_read() {
        let form = used().numbers();
        assert_eq!(UsageSnapshot::from_numbers(&form), Ok(used()));
        let read = |body: &[u64]| UsageSnapshot::from_numbers(&whole::sealed(body.to_vec()));
        assert!(read(&[101, 1, 0]).is_ok() && read(&[101, 1, 0, 5, 1, 90, 2]).is_ok());
        let too_many: Vec<u64> = [101, 1, 0].into_iter().chain(0..124).collect();
        for body in [
            [101, 1].as_slice(),
            &[101, 1, 0, 5],
            &[101, 1, 0, 90, 1, 5, 1],
            &[101, 1, 0, 5, 4_294_967_296],
            &too_many,
        ] {
            assert_eq!(read(body), Err(SnapshotError::Malformed), "{body:?}");
        }
        assert_eq!(read(&[102, 1, 0]), Err(SnapshotError::Version));
        for (index, number) in form.iter().enumerate() {
            for other in [number + 1.0, number + 0.5, -1.0, f64::NAN, f64::INFINITY, 1e300] {
                let mut damaged = form.clone();
                damaged[index] = other;
                assert!(UsageSnapshot::from_numbers(&damaged).is_err(), "{index} {other}");
            }
        }
    }

    #[test]
    fn what_lies_in_the_future_is_discarded() {
        let usage = used();
        let early = UnixTime::from_millis(WALL.as_millis() - 61_000);
        assert_eq!(
            window().remember(&usage, Span::MAX, at(0), early),
            Err(SnapshotError::Future)
        );
    }
}
