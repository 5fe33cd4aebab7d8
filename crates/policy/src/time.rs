//! Points and spans of time, in integers.
//!
//! A point is not a span: [`MonoTime`] is an instant on a clock whose zero means nothing, [`Span`] is a
//! length, [`UnixTime`] is the wall clock and never mixes with either. All arithmetic saturates, so a
//! hostile `Retry-After` or a clock at its end bends a result and never wraps or panics.
//!
//! Nothing here reads a clock: the caller brings the time.

use core::ops::{Add, Sub};

/// An instant on the caller's monotonic clock, in nanoseconds since an origin of the caller's choosing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonoTime(u64);

/// A length of time in nanoseconds, up to 584 years.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

/// A wall-clock instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl MonoTime {
    /// The clock's origin.
    pub const ZERO: Self = Self(0);
    /// Later than every instant that will come: "never".
    pub const FAR: Self = Self(u64::MAX);

    /// An instant so many nanoseconds after the origin.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// An instant so many milliseconds after the origin.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(Span::NANOS_PER_MILLI))
    }

    /// An instant from a floating clock in milliseconds (`performance.now()`); NaN and negatives are zero.
    #[must_use]
    pub fn from_millis_f64(millis: f64) -> Self {
        Self(Span::from_millis_f64(millis).0)
    }

    /// Nanoseconds since the origin.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Milliseconds since the origin, as the floating number JavaScript's clocks use.
    #[must_use]
    pub fn as_millis_f64(self) -> f64 {
        Span(self.0).as_millis_f64()
    }

    /// How long after `earlier` this is; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// The instant `span` before this one, or the origin.
    #[must_use]
    pub const fn minus(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Add<Span> for MonoTime {
    type Output = Self;

    fn add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for MonoTime {
    type Output = Span;

    fn sub(self, earlier: Self) -> Span {
        self.since(earlier)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// The longest span.
    pub const MAX: Self = Self(u64::MAX);
    const NANOS_PER_MILLI: u64 = 1_000_000;
    const NANOS_PER_SEC: u64 = 1_000_000_000;

    /// So many nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// So many milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(Self::NANOS_PER_MILLI))
    }

    /// So many seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(Self::NANOS_PER_SEC))
    }

    /// So many milliseconds, fractions kept to the nanosecond; NaN and negatives are zero.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a float-to-integer cast saturates, and NaN becomes zero"
    )]
    pub fn from_millis_f64(millis: f64) -> Self {
        Self((millis * 1e6) as u64)
    }

    /// Whole nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds, rounded down.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 / Self::NANOS_PER_MILLI
    }

    /// Whole milliseconds, rounded up: what a coarse timer must wait so as not to wake too early.
    #[must_use]
    pub const fn as_millis_ceil(self) -> u64 {
        self.0.div_ceil(Self::NANOS_PER_MILLI)
    }

    /// Whole seconds, rounded up: what `Retry-After` must say so that nobody is told to come too early.
    #[must_use]
    pub const fn as_secs_ceil(self) -> u64 {
        self.0.div_ceil(Self::NANOS_PER_SEC)
    }

    /// Milliseconds as a floating number.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "a clock value above 2^53 ns is off by nanoseconds only"
    )]
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Whether this is no time at all.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `factor` times as long.
    #[must_use]
    pub const fn times(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// This share of the span, in parts per million.
    #[must_use]
    pub const fn parts_per_million(self, parts: u32) -> Self {
        const MILLION: u64 = 1_000_000;
        // In two steps, exact all the same: a division of 128 bits would cost the small module a kilobyte.
        let (millions, rest) = (self.0 / MILLION, self.0 % MILLION);
        Self(
            millions
                .saturating_mul(parts as u64)
                .saturating_add(rest * parts as u64 / MILLION),
        )
    }

    /// Both spans, one after the other.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left after `other`; zero if nothing is.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Add for Span {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        self.plus(other)
    }
}

impl UnixTime {
    /// A wall-clock instant so many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// A wall-clock instant so many seconds after the epoch.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The instant `span` after this one, to the whole millisecond above.
    #[must_use]
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.as_millis_ceil()))
    }

    /// How long after `earlier` this is; zero if it is not later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A clock that goes on when the caller's goes back.
///
/// Threads that read the clock before they take a lock arrive out of order by microseconds: such a step is
/// held at the last reading. A step back by more than [`Steady::TOLERANCE`] is a clock that was set: from
/// then on its readings are shifted, so cool-downs and windows last as long as they were meant to and
/// nobody stays locked out until the clock has caught up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Steady {
    last: MonoTime,
    shift: Span,
}

impl Steady {
    /// How far back a reading may be and still count as "now, read a little early".
    pub const TOLERANCE: Span = Span::from_millis(1_000);

    /// A clock on which as much as `room` has already passed when the caller's begins.
    #[must_use]
    pub const fn with_head_room(room: Span) -> Self {
        Self {
            last: MonoTime::ZERO,
            shift: room,
        }
    }

    /// The steady instant for the caller's `now`; never earlier than any before it.
    pub fn read(&mut self, now: MonoTime) -> MonoTime {
        let mut steady = now + self.shift;
        if steady < self.last {
            let back = self.last.since(steady);
            if back > Self::TOLERANCE {
                self.shift = self.shift + back;
            }
            steady = self.last;
        }
        self.last = steady;
        steady
    }

    /// The last steady instant that was read.
    #[must_use]
    pub const fn last(&self) -> MonoTime {
        self.last
    }

    /// A steady instant in the terms of the caller's clock.
    #[must_use]
    pub fn to_caller(&self, steady: MonoTime) -> MonoTime {
        if steady == MonoTime::FAR {
            steady
        } else {
            steady.minus(self.shift)
        }
    }

    /// An instant of the caller's clock in steady terms, without taking it for the present.
    #[must_use]
    pub fn to_steady(&self, instant: MonoTime) -> MonoTime {
        instant + self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(MonoTime::FAR + Span::from_secs(1), MonoTime::FAR);
        assert_eq!(MonoTime::ZERO.minus(Span::MAX), MonoTime::ZERO);
        assert_eq!(MonoTime::ZERO - MonoTime::FAR, Span::ZERO);
        assert_eq!(Span::MAX.times(3), Span::MAX);
        assert_eq!(Span::MAX.parts_per_million(2_000_000), Span::MAX);
    }

    #[test]
    fn floating_clocks_are_read_to_the_nanosecond_and_nonsense_is_zero() {
        assert_eq!(MonoTime::from_millis_f64(1.5).as_nanos(), 1_500_000);
        assert_eq!(Span::from_millis_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_millis_f64(-1.0), Span::ZERO);
        assert_eq!(Span::from_millis_f64(f64::INFINITY), Span::MAX);
    }

    #[test]
    fn seconds_and_milliseconds_round_up_for_those_who_wait() {
        assert_eq!(Span::from_nanos(1).as_secs_ceil(), 1);
        assert_eq!(Span::from_nanos(1).as_millis_ceil(), 1);
        assert_eq!(Span::from_secs(2).as_secs_ceil(), 2);
    }

    #[test]
    fn a_small_step_back_is_held() {
        let mut clock = Steady::default();
        clock.read(at(5_000));
        assert_eq!(clock.read(at(4_999)), at(5_000));
        assert_eq!(clock.read(at(5_001)), at(5_001));
    }

    #[test]
    fn a_clock_set_back_goes_on_from_where_it_was() {
        let mut clock = Steady::default();
        clock.read(at(3_600_000));
        assert_eq!(clock.read(at(0)), at(3_600_000));
        assert_eq!(clock.read(at(500)), at(3_600_500));
        assert_eq!(clock.to_caller(at(3_601_000)), at(1_000));
    }
}
