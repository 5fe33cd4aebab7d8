//! A snapshot as a list of whole numbers: what a page stores, because reading text would cost the small module more
//! than all the rest of it.
//!
//! The form is version, saved, state, remaining, trips, closed, how many failures, their ages, the slices (age, total,
//! failures, slow) and a checksum, times in milliseconds. It is read as strictly as the text: every number whole, none
//! missing, none left over.

use alloc::vec::Vec;

use super::{MAX_FAILURES, Snapshot};
use crate::breaker::window::{AgedCounts, BUCKETS, Counts};
use crate::error::SnapshotError;
use crate::event::State;
use crate::time::{Span, UnixTime};
use crate::whole;

const VERSION: u64 = 2;
/// What stands before the failures.
const HEAD: usize = 7;
/// Numbers of a slice.
const SLICE: usize = 4;

impl Snapshot {
    /// The snapshot as numbers.
    #[must_use]
    pub fn numbers(&self) -> Vec<f64> {
        let state = match self.state {
            State::Open => 1,
            State::HalfOpen => 2,
            State::Closed
            | State::ForcedOpen
            | State::ForcedClosed
            | State::Disabled
            | State::MetricsOnly => 0,
        };
        let mut numbers = Vec::with_capacity(HEAD + MAX_FAILURES + SLICE * BUCKETS + 1);
        numbers.extend([
            VERSION,
            self.saved.as_millis(),
            state,
            self.remaining.as_millis_ceil(),
            u64::from(self.trips),
            self.closed_for.as_millis(),
            self.failure_ages.len() as u64,
        ]);
        numbers.extend(self.failure_ages.iter().map(|age| age.as_millis()));
        for AgedCounts { age, counts } in &self.slices {
            numbers.extend([
                *age,
                counts.total.into(),
                counts.failures.into(),
                counts.slow.into(),
            ]);
        }
        whole::sealed(numbers)
    }

    /// A snapshot's numbers with their checksum. The checksum is against damage, so anybody may make one; tests and
    /// fuzzers do.
    #[must_use]
    pub fn sealed_numbers(body: &[u64]) -> Vec<f64> {
        whole::sealed(body.to_vec())
    }

    /// Reads a snapshot's numbers.
    ///
    /// # Errors
    /// Anything that [`Snapshot::numbers`] would not have written is refused.
    pub fn from_numbers(numbers: &[f64]) -> Result<Self, SnapshotError> {
        let malformed = SnapshotError::Malformed;
        let body = whole::opened(numbers, VERSION, HEAD + MAX_FAILURES + SLICE * BUCKETS)?;
        let (head, rest) = body.split_at_checked(HEAD).ok_or(malformed)?;
        let [_, saved, state, remaining, trips, closed, failures] =
            <[u64; HEAD]>::try_from(head).map_err(|_| malformed)?;
        let failures = usize::try_from(failures).map_err(|_| malformed)?;
        let (ages, slices) = rest.split_at_checked(failures).ok_or(malformed)?;
        let few = failures <= MAX_FAILURES && slices.len() <= SLICE * BUCKETS && slices.len() % SLICE == 0;
        if !few || !ages.is_sorted() {
            return Err(malformed);
        }
        Ok(Self {
            saved: UnixTime::from_millis(saved),
            state: match state {
                0 => State::Closed,
                1 => State::Open,
                2 => State::HalfOpen,
                _ => return Err(malformed),
            },
            remaining: Span::from_millis(remaining),
            trips: whole::small(trips)?,
            closed_for: Span::from_millis(closed),
            failure_ages: ages.iter().map(|age| Span::from_millis(*age)).collect(),
            slices: slices.chunks_exact(SLICE).map(slice).collect::<Result<_, _>>()?,
        })
    }
}

fn slice(numbers: &[u64]) -> Result<AgedCounts, SnapshotError> {
    let [age, total, failures, slow] =
        <[u64; SLICE]>::try_from(numbers).map_err(|_| SnapshotError::Malformed)?;
    if failures > total || slow > total {
        return Err(SnapshotError::Malformed);
    }
    let counts = Counts {
        total: whole::small(total)?,
        failures: whole::small(failures)?,
        slow: whole::small(slow)?,
    };
    Ok(AgedCounts { age, counts })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed(body: &[u64]) -> Vec<f64> {
        Snapshot::sealed_numbers(body)
    }

    #[test]
    fn what_was_written_is_read() {
        let body = [
            2,
            1_700_000_000_000,
            0,
            0,
            3,
            60_000,
            2,
            10,
            900,
            0,
            4,
            2,
            1,
            9,
            1,
            0,
            0,
        ];
        let numbers = sealed(&body);
        assert_eq!(Snapshot::from_numbers(&numbers).unwrap().numbers(), numbers);
    }

    #[test]
    fn only_what_would_be_written_is_read() {
        for body in [
            &[2, 1, 0, 0, 0, 0][..],
            &[2, 1, 3, 0, 0, 0, 0],
            &[2, 1, 0, 0, 1 << 32, 0, 0],
            &[2, 1, 0, 0, 0, 0, 1],
            &[2, 1, 0, 0, 0, 0, 33],
            &[2, 1, 0, 0, 0, 0, 2, 900, 10],
            &[2, 1, 0, 0, 0, 0, 0, 1],
            &[2, 1, 0, 0, 0, 0, 0, 0, 1, 2, 0],
        ] {
            assert_eq!(
                Snapshot::from_numbers(&sealed(body)),
                Err(SnapshotError::Malformed),
                "{body:?}"
            );
        }
        let good = sealed(&[2, 1, 0, 0, 0, 0, 0]);
        for odd in [f64::NAN, -1.0, 0.5, 1e300, f64::INFINITY] {
            let mut numbers = good.clone();
            numbers[1] = odd;
            assert_eq!(Snapshot::from_numbers(&numbers), Err(SnapshotError::Malformed));
        }
        let mut numbers = good;
        numbers[1] = 2.0;
        assert_eq!(Snapshot::from_numbers(&numbers), Err(SnapshotError::Damaged));
        assert_eq!(
            Snapshot::from_numbers(&sealed(&[1, 1, 0, 0, 0, 0, 0])),
            Err(SnapshotError::Version)
        );
        assert_eq!(
            Snapshot::from_numbers(&[0.0; 1000]),
            Err(SnapshotError::Malformed)
        );
        assert_eq!(Snapshot::from_numbers(&[]), Err(SnapshotError::Malformed));
    }
}
