//! What stored lists of numbers have in common: all whole, a version at the beginning, a checksum at the end.
//!
//! A stored list is anybody's: it is read strictly, and only in the very form that would have been written. The
//! checksum is against damage; against forgery there are clamps where a list is taken up.

use alloc::vec::Vec;

use crate::error::SnapshotError;

/// JavaScript's numbers are exact up to here.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Numbers with their checksum, as JavaScript holds them.
#[expect(clippy::cast_precision_loss, reason = "times and counts are far below 2^53")]
pub(crate) fn sealed(mut whole: Vec<u64>) -> Vec<f64> {
    whole.push(checksum(&whole));
    whole.into_iter().map(|number| number as f64).collect()
}

/// The numbers of a sealed list of this version, without its checksum; at most so many.
pub(crate) fn opened(numbers: &[f64], version: u64, most: usize) -> Result<Vec<u64>, SnapshotError> {
    let malformed = SnapshotError::Malformed;
    if numbers.len() > most + 1 {
        return Err(malformed);
    }
    let mut whole = Vec::with_capacity(numbers.len());
    for number in numbers {
        whole.push(exact(*number).ok_or(malformed)?);
    }
    let check = whole.pop().ok_or(malformed)?;
    if whole.first() != Some(&version) {
        return Err(SnapshotError::Version);
    }
    if checksum(&whole) != check {
        return Err(SnapshotError::Damaged);
    }
    Ok(whole)
}

pub(crate) fn small(number: u64) -> Result<u32, SnapshotError> {
    u32::try_from(number).map_err(|_| SnapshotError::Malformed)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a number that changes on the way there and back is refused"
)]
fn exact(number: f64) -> Option<u64> {
    let whole = number as u64;
    ((0.0..=LARGEST).contains(&number) && whole as f64 == number).then_some(whole)
}

fn checksum(numbers: &[u64]) -> u64 {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes());
    let hash = bytes.fold(0x811C_9DC5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    u64::from(hash)
}
