//! A window's usage as one line of text, to outlive a page and to pass from one tab to the next.
//!
//! It holds ages and one wall-clock instant. A 60th of a window's calls are kept together at the age of the
//! youngest, so a full window of ten thousand is as short as one of a hundred, and what is restored frees
//! itself a little late and never early. What comes back may be old, damaged or forged: it is parsed strictly,
//! and at worst holds a key back for one window.
//!
//! The form is `u1;saved;hold;ages;check`: milliseconds in decimal, the ages with their counts (`age.count`)
//! separated by commas, and an FNV-1a checksum against damage.

use core::fmt::Write as _;

use super::window::SlidingWindow;
use crate::error::SnapshotError;
use crate::stored::{self, comma, fields, list, number, small};
use crate::time::{MonoTime, Span, Steady, UnixTime};

const VERSION: &str = "u1";
const SLICES: usize = 60;
const MAX_LEN: usize = 2_048;
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

    /// Takes up a stored usage: calls made before count against the quota, and a server's quiet lasts, up to
    /// `longest`. What has been counted here meanwhile stays counted.
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
        if self.sent.is_empty() && self.queue.is_empty() {
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
        let excess = self.sent.len().saturating_sub(self.quota.limit() as usize);
        self.sent.drain(..excess);
        self.hold_until(now + usage.hold.min(longest).minus(elapsed));
        self.plan(0, now);
        Ok(())
    }
}

impl UsageSnapshot {
    /// The snapshot as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::from(VERSION);
        // Writing to a String cannot fail.
        let _ = write!(text, ";{};{};", self.saved.as_millis(), self.hold.as_millis());
        for (index, (age, count)) in self.ages.iter().enumerate() {
            let _ = write!(text, "{}{}.{count}", comma(index), age.as_millis());
        }
        Self::sealed(&text)
    }

    /// A snapshot's body with its checksum, which is against damage: anybody may make one; tests and fuzzers do.
    #[must_use]
    pub fn sealed(body: &str) -> String {
        stored::sealed(body)
    }

    /// Reads a snapshot's text.
    ///
    /// # Errors
    /// Anything that [`UsageSnapshot::encode`] would not have written is refused.
    pub fn decode(text: &str) -> Result<Self, SnapshotError> {
        let mut fields = fields(text, VERSION, MAX_LEN)?;
        let mut field = || fields.next().ok_or(SnapshotError::Malformed);
        let snapshot = Self {
            saved: UnixTime::from_millis(number(field()?)?),
            hold: Span::from_millis(number(field()?)?),
            ages: list(field()?, SLICES + 1, age)?,
        };
        let canonical = snapshot.encode() == text && snapshot.ages.is_sorted_by_key(|(age, _)| *age);
        if canonical {
            Ok(snapshot)
        } else {
            Err(SnapshotError::Malformed)
        }
    }
}

fn age(text: &str) -> Result<(Span, u32), SnapshotError> {
    let (age, count) = text.split_once('.').ok_or(SnapshotError::Malformed)?;
    Ok((Span::from_millis(number(age)?), small(count)?))
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
        let text = used().encode();
        let usage = UsageSnapshot::decode(&text).unwrap();
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
        for body in ["u1;1;0;", "u1;1;0;5.1,90.2"] {
            assert!(
                UsageSnapshot::decode(&UsageSnapshot::sealed(body)).is_ok(),
                "{body}"
            );
        }
        for body in [
            "u1;01;0;",
            "u1;1;0",
            "u1;1;0;;",
            "u1;1;0;90.1,5.1",
            "u1;1;0;5",
            "u1;1;0;5.-1",
            "u1;1;0;5.4294967296",
            "u1;1;0;90000000000000000.1",
        ] {
            assert_eq!(
                UsageSnapshot::decode(&UsageSnapshot::sealed(body)),
                Err(SnapshotError::Malformed),
                "{body}"
            );
        }
        assert_eq!(UsageSnapshot::decode("u1;1;0;;7"), Err(SnapshotError::Damaged));
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
