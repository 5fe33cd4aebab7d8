//! What stored texts have in common: plain decimal numbers, lists, and a checksum at the end.
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

fn checksum(text: &str) -> u32 {
    text.bytes().fold(0x811C_9DC5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
