//! What stored states have in common: plain decimal or whole numbers, lists, and a checksum at the end.
//!
//! A stored text is anybody's: it is parsed strictly, and only in the very form that would have been written.
//! The checksum is against damage; against forgery there are clamps where a text is taken up.

use core::fmt::Write as _;

use crate::error::SnapshotError;

/// A body with its checksum.
pub(crate) fn sealed(body: &str) -> String {
    let mut text = String::from(body);
    // Writing to a String cannot fail.
    let _ = write!(text, ";{}", checksum(body));
    text
}

/// The fields of a sealed text of this version, without its checksum.
pub(crate) fn fields<'a>(
    text: &'a str,
    version: &str,
    max_len: usize,
) -> Result<core::str::Split<'a, char>, SnapshotError> {
    if text.len() > max_len {
        return Err(SnapshotError::Malformed);
    }
    let (body, check) = text.rsplit_once(';').ok_or(SnapshotError::Malformed)?;
    let mut fields = body.split(';');
    if fields.next() != Some(version) {
        return Err(SnapshotError::Version);
    }
    if number(check) != Ok(u64::from(checksum(body))) {
        return Err(SnapshotError::Damaged);
    }
    Ok(fields)
}

pub(crate) fn number(text: &str) -> Result<u64, SnapshotError> {
    let plain = !text.starts_with('+');
    text.parse()
        .ok()
        .filter(|_| plain)
        .ok_or(SnapshotError::Malformed)
}

pub(crate) fn small(text: &str) -> Result<u32, SnapshotError> {
    u32::try_from(number(text)?).map_err(|_| SnapshotError::Malformed)
}

pub(crate) fn list<T>(
    text: &str,
    max: usize,
    parse: impl Fn(&str) -> Result<T, SnapshotError>,
) -> Result<Vec<T>, SnapshotError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if text.split(',').count() > max {
        return Err(SnapshotError::Malformed);
    }
    text.split(',').map(parse).collect()
}

pub(crate) const fn comma(index: usize) -> &'static str {
    if index == 0 { "" } else { "," }
}

/// JavaScript's numbers are exact up to here.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// Whole numbers with their checksum, as JavaScript holds them.
#[expect(clippy::cast_precision_loss, reason = "times and counts are far below 2^53")]
pub(crate) fn sealed_numbers(mut whole: Vec<u64>) -> Vec<f64> {
    whole.push(sum_of(&whole));
    whole.into_iter().map(|number| number as f64).collect()
}

/// The numbers of a sealed list of this version, without its checksum; at most so many.
pub(crate) fn whole_numbers(numbers: &[f64], version: u64, most: usize) -> Result<Vec<u64>, SnapshotError> {
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
    if sum_of(&whole) != check {
        return Err(SnapshotError::Damaged);
    }
    Ok(whole)
}

pub(crate) fn small_number(number: u64) -> Result<u32, SnapshotError> {
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

fn sum_of(whole: &[u64]) -> u64 {
    let fold = |hash: u32, byte: &u8| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    let bytes = whole.iter().map(|number| number.to_le_bytes());
    u64::from(bytes.fold(0x811C_9DC5, |hash, bytes| bytes.iter().fold(hash, fold)))
}

fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
