//! A snapshot as one line of text.

use alloc::string::String;
use core::fmt::Write as _;

use super::{MAX_FAILURES, Snapshot};
use crate::breaker::window::{AgedCounts, BUCKETS, Counts};
use crate::error::SnapshotError;
use crate::event::State;
use crate::stored::{self, comma, fields, list, number, small};
use crate::time::{Span, UnixTime};

const VERSION: &str = "b1";
const MAX_LEN: usize = 1_024;

impl Snapshot {
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
