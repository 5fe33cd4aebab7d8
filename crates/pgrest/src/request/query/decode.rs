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

/// Encodes pairs in the order of their keys; of equal keys, in the order sent.
pub(super) fn canonical(mut pairs: Vec<Pair>) -> String {
    pairs.sort_by(|(left, _), (right, _)| left.cmp(right));
    let encoded: Vec<String> = pairs
        .iter()
        .map(|(key, value)| match value {
            Some(value) => format!("{}={}", encode(key), encode(value)),
            None => encode(key).to_string(),
        })
        .collect();
    encoded.join("&")
}

fn encode(text: &str) -> impl std::fmt::Display {
    utf8_percent_encode(text, RESERVED)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_of(raw: &str) -> String {
        canonical(pairs(raw).unwrap())
    }

    #[test]
    fn the_canonical_form_is_sorted_by_key_and_keeps_repeats() {
        assert_eq!(canonical_of("b=eq.1&a=lt.5&a=gt.1"), "a=lt.5&a=gt.1&b=eq.1");
        assert_eq!(
            canonical_of("?flag&x=a+b%2c\u{e9};y="),
            "flag&x=a%20b%2C%C3%A9&y="
        );
        assert_eq!(canonical_of(""), "");
    }

    #[test]
    fn what_is_canonical_stays_as_it_is() {
        let once = canonical_of("v=hi&v=there&%3B=%26;u");
        assert_eq!(canonical_of(&once), once);
    }

    #[test]
    fn what_postgresql_cannot_hold_is_refused() {
        for raw in ["a=%ff", "%00=1", "a=b%00", "%c3%28"] {
            assert_eq!(pairs(raw), None, "{raw}");
        }
    }
}
