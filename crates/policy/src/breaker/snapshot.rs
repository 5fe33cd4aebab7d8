//! A breaker's state as one line of text, to outlive a page.
//!
//! A snapshot holds spans and one wall-clock instant, never raw instants of a clock that dies with the page.
//! What comes back may be old, damaged or forged: it is parsed strictly, refused as a whole if anything is
//! odd, and what is accepted is clamped to what the configuration could have produced. What a hand has
//! forced is not kept: a forged "disabled" or "forced open" would outlive its author.
//!
//! The form is `b1;saved;state;remaining;trips;closed;failures;slices;check`: milliseconds in decimal, the
//! ages of failures and the slices (`age.total.failures.slow`) separated by commas, and an FNV-1a checksum
//! against damage (not against forgery: the clamps are for that).

use core::fmt::Write as _;

use super::circuit::Circuit;
use super::trip::Trip;
use super::window::{AgedCounts, BUCKETS, Counts};
use super::{Breaker, BreakerConfig};
use crate::error::SnapshotError;
use crate::event::{Cause, State};
use crate::stored::{self, comma, fields, list, number, small};
use crate::time::{MonoTime, Span, Steady, UnixTime};

const VERSION: &str = "b1";
const MAX_FAILURES: usize = 32;
/// A stored instant may be this far ahead of a wall clock that was corrected meanwhile.
const MAX_SKEW: Span = Span::from_secs(60);
const MAX_LEN: usize = 1_024;

/// A breaker's state at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub(super) saved: UnixTime,
    pub(super) state: State,
    /// Until the cool-down ends.
    pub(super) remaining: Span,
    pub(super) trips: u32,
    /// Since the circuit closed.
    closed_for: Span,
    failure_ages: Vec<Span>,
    slices: Vec<AgedCounts>,
}

impl Breaker {
    /// The state to store. `unix` is the wall clock at `now`.
    #[must_use]
    pub fn snapshot(&self, now: MonoTime, unix: UnixTime) -> Snapshot {
        let now = self.clock.to_steady(now).max(self.clock.last());
        let (remaining, closed_for) = match self.circuit {
            Circuit::Open { until } => (until.since(now), Span::ZERO),
            Circuit::Closed { since } => (Span::ZERO, now.since(since)),
            Circuit::HalfOpen(_) => (Span::ZERO, Span::ZERO),
        };
        let period = self.config.settings().monitoring_period;
        let ages = self
            .trip
            .recent()
            .rev()
            .map(|instant| now.since(instant))
            .take_while(|age| *age < period);
        Snapshot {
            saved: unix,
            state: self.circuit_state(),
            remaining,
            trips: self.trips,
            closed_for,
            failure_ages: ages.take(MAX_FAILURES).collect(),
            slices: self.trip.aged(now).collect(),
        }
    }

    /// A breaker that goes on from a stored state.
    ///
    /// # Errors
    /// The snapshot is too old to say anything, or lies in the future: the caller discards it.
    pub fn restore(
        config: BreakerConfig,
        snapshot: &Snapshot,
        now: MonoTime,
        unix: UnixTime,
    ) -> Result<Self, SnapshotError> {
        if snapshot.saved.since(unix) > MAX_SKEW {
            return Err(SnapshotError::Future);
        }
        let elapsed = unix.since(snapshot.saved);
        let shelf_life = config.shelf_life();
        if elapsed > shelf_life {
            return Err(SnapshotError::Expired);
        }
        let mut breaker = Self::new(config);
        // The page's clock may have just begun; what happened before it needs room.
        breaker.clock = Steady::with_head_room(shelf_life);
        let now = breaker.clock.read(now);
        snapshot.restore_into(&mut breaker, now, elapsed);
        Ok(breaker)
    }
}

impl Snapshot {
    /// Twice the trips it takes from the shortest to the longest cool-down change nothing more.
    pub(super) const MOST_TRIPS: u32 = 64;

    fn restore_into(&self, breaker: &mut Breaker, now: MonoTime, elapsed: Span) {
        breaker.trips = self.trips.min(Self::MOST_TRIPS);
        let config = breaker.config;
        match self.state {
            State::Open | State::HalfOpen => {
                let remaining = self.remaining.min(config.longest_cool_down()).minus(elapsed);
                breaker.circuit = Circuit::Open {
                    until: now + remaining,
                };
                breaker.tell(now, State::Closed, State::Open, Cause::Restored);
            }
            State::Closed
            | State::ForcedOpen
            | State::ForcedClosed
            | State::Disabled
            | State::MetricsOnly => {
                breaker.circuit = Circuit::Closed {
                    since: now.minus(self.closed_for + elapsed),
                };
                self.restore_counts(&mut breaker.trip, &config, now, elapsed);
            }
        }
    }

    fn restore_counts(&self, trip: &mut Trip, config: &BreakerConfig, now: MonoTime, elapsed: Span) {
        let slices_passed = elapsed.as_nanos() / trip.slice().as_nanos().max(1);
        for slice in &self.slices {
            trip.restore_slice(
                now,
                AgedCounts {
                    age: slice.age.saturating_add(slices_passed),
                    ..*slice
                },
            );
        }
        for age in self.failure_ages.iter().rev() {
            trip.restore_failure(config, now.minus(*age + elapsed));
        }
    }

    /// The snapshot as text.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::from(VERSION);
        let state = match self.state {
            State::Open => 'o',
            State::HalfOpen => 'h',
            State::Closed
            | State::ForcedOpen
            | State::ForcedClosed
            | State::Disabled
            | State::MetricsOnly => 'c',
        };
        let (saved, remaining) = (self.saved.as_millis(), self.remaining.as_millis_ceil());
        let (trips, closed) = (self.trips, self.closed_for.as_millis());
        // Writing to a String cannot fail.
        let _ = write!(text, ";{saved};{state};{remaining};{trips};{closed};");
        for (index, age) in self.failure_ages.iter().enumerate() {
            let _ = write!(text, "{}{}", comma(index), age.as_millis());
        }
        text.push(';');
        for (index, AgedCounts { age, counts }) in self.slices.iter().enumerate() {
            let Counts {
                total,
                failures,
                slow,
            } = counts;
            let _ = write!(text, "{}{age}.{total}.{failures}.{slow}", comma(index));
        }
        Self::sealed(&text)
    }

    /// A snapshot's body with its checksum. The checksum is against damage, so anybody may make one; tests and
    /// fuzzers do.
    #[must_use]
    pub fn sealed(body: &str) -> String {
        stored::sealed(body)
    }

    /// Reads a snapshot's text.
    ///
    /// # Errors
    /// Anything that [`Snapshot::encode`] would not have written is refused.
    pub fn decode(text: &str) -> Result<Self, SnapshotError> {
        let mut fields = fields(text, VERSION, MAX_LEN)?;
        let mut field = || fields.next().ok_or(SnapshotError::Malformed);
        let snapshot = Self {
            saved: UnixTime::from_millis(number(field()?)?),
            state: state(field()?)?,
            remaining: Span::from_millis(number(field()?)?),
            trips: small(field()?)?,
            closed_for: Span::from_millis(number(field()?)?),
            failure_ages: list(field()?, MAX_FAILURES, |age| number(age).map(Span::from_millis))?,
            slices: list(field()?, BUCKETS, slice)?,
        };
        // Leading zeros, numbers that saturate, a ninth field: whatever would have been written otherwise.
        let canonical = snapshot.encode() == text && snapshot.failure_ages.is_sorted();
        if canonical {
            Ok(snapshot)
        } else {
            Err(SnapshotError::Malformed)
        }
    }
}

fn state(text: &str) -> Result<State, SnapshotError> {
    match text {
        "c" => Ok(State::Closed),
        "o" => Ok(State::Open),
        "h" => Ok(State::HalfOpen),
        _ => Err(SnapshotError::Malformed),
    }
}

fn slice(text: &str) -> Result<AgedCounts, SnapshotError> {
    let mut parts = text.split('.');
    let mut part = || parts.next().ok_or(SnapshotError::Malformed);
    let age = number(part()?)?;
    let counts = Counts {
        total: small(part()?)?,
        failures: small(part()?)?,
        slow: small(part()?)?,
    };
    let sane = counts.failures <= counts.total && counts.slow <= counts.total;
    if parts.next().is_some() || !sane {
        Err(SnapshotError::Malformed)
    } else {
        Ok(AgedCounts { age, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &str) -> Result<Snapshot, SnapshotError> {
        Snapshot::decode(&Snapshot::sealed(body))
    }

    #[test]
    fn what_was_written_is_read() {
        let body = "b1;1700000000000;c;0;3;60000;10,900;0.4.2.1,9.1.0.0";
        assert_eq!(
            decoded(body).map(|snapshot| snapshot.encode()),
            Ok(Snapshot::sealed(body))
        );
    }

    /// Found by fuzzing: an age beyond the clock's range was read as another number than it was.
    #[test]
    fn only_the_form_that_would_be_written_is_read() {
        for body in [
            "b1;1;c;0;0;0;10,90000000000000000;",
            "b1;01;c;0;0;0;;",
            "b1;1;c;0;0;0;;;",
            "b1;1;c;0;0;0;900,10;",
            "b1;1;c;0;0;0;,;",
            "b1;1;c;+1;0;0;;",
            "b1;1;x;0;0;0;;",
            "b1;1;c;0;4294967296;0;;",
            "b1;1;c;0;0;0;;0.1.2.0",
            "b1;1;c;0;0;0;;0.1.1",
        ] {
            assert_eq!(decoded(body), Err(SnapshotError::Malformed), "{body}");
        }
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let body = ["b1;1;c;0;0;0;", &"1,".repeat(MAX_LEN), "1;"].concat();
        assert_eq!(decoded(&body), Err(SnapshotError::Malformed));
    }
}
