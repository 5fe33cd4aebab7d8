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

mod numbers;
#[cfg(feature = "std")]
mod text;

use super::circuit::Circuit;
use super::trip::Trip;
use super::window::AgedCounts;
use super::{Breaker, BreakerConfig};
use crate::error::SnapshotError;
use crate::event::{Cause, State};
use crate::time::{MonoTime, Span, Steady, UnixTime};
use alloc::vec::Vec;

const MAX_FAILURES: usize = 32;
/// A stored instant may be this far ahead of a wall clock that was corrected meanwhile.
const MAX_SKEW: Span = Span::from_secs(60);

/// A breaker's state at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub(super) saved: UnixTime,
    pub(super) state: State,
    /// Until the cool-down ends.
    pub(super) remaining: Span,
    pub(super) trips: u32,
    /// Since the circuit closed.
    pub(super) closed_for: Span,
    pub(super) failure_ages: Vec<Span>,
    pub(super) slices: Vec<AgedCounts>,
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
}
