//! From the bytes of a query string, or of a form, to keys and values, and back.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but letters, digits and `-_.~`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A key, and its value where there is an `=`.
type Pair = (String, Option<String>);

/// Splits at `&` and `;` and decodes, `+` as a space. `None` if a part is no UTF-8, or holds a zero
/// character, which no text in PostgreSQL can.
#[must_use]
pub fn pairs(raw: &str) -> Option<Vec<Pair>> {
    raw.strip_prefix('?')
        .unwrap_or(raw)
        .split(['&', ';'])
        .filter(|part| !part.is_empty())
        .map(pair)
        .collect()
}

/// Encodes pairs in the order of their keys; values of equal keys are joined by commas.
pub(super) fn canonical(mut pairs: Vec<Pair>) -> String {
    pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
    let mut text = String::new();
    let mut previous: Option<&str> = None;
    for (key, value) in &pairs {
        if previous == Some(key) {
            text.push(',');
        } else {
            if previous.is_some() {
                text.push('&');
            }
            text.extend(utf8_percent_encode(key, RESERVED));
            text.push('=');
        }
        text.extend(utf8_percent_encode(
            value.as_deref().unwrap_or_default(),
            RESERVED,
        ));
        previous = Some(key);
    }
    text
}

fn pair(part: &str) -> Option<Pair> {
    match part.split_once('=') {
        Some((key, value)) => Some((decode(key)?, Some(decode(value)?))),
        None => Some((decode(part)?, None)),
    }
}

fn decode(text: &str) -> Option<String> {
    let spaced = match text.contains('+') {
        true => Cow::Owned(text.replace('+', " ")),
        false => Cow::Borrowed(text),
    };
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?.into_owned();
    (!decoded.contains('\0')).then_some(decoded)
}
