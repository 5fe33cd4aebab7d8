//! Which values may meet in a batch: those that are different whatever the type of the column.
//!
//! `5` and `05` are one number, `Bob` and `bob` may be one name, `1 day` and `24:00:00` are one interval: a row that
//! answers one of them answers both. So values meet only in kinds for which equal means equal in text.

use super::super::rows;
use super::super::text::{DAY, UUID, fold, is_shaped};

/// Whether two values are the same text, or surely two values in a column of any type.
#[must_use]
pub(super) fn may_meet(one: &str, other: &str) -> bool {
    let (Some(kind), Some(other_kind)) = (Kind::of(one), Kind::of(other)) else {
        return false;
    };
    kind == other_kind && (one == other || kind != Kind::Word || fold(one) != fold(other))
}

/// Whether a value may be in a batch at all.
#[must_use]
pub(super) fn may_be_batched(value: &str) -> bool {
    Kind::of(value).is_some()
}

/// Whether a row's member, as written in JSON, shows this value.
#[must_use]
pub(super) fn is_shown(value: &str, written: &[u8]) -> bool {
    if written.first() == Some(&b'"') {
        return written == rows::quoted(value);
    }
    let is_bare = Kind::of(value) == Some(Kind::Integer) || matches!(value, "true" | "false");
    is_bare && written == value.as_bytes()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A whole number in its one form, short enough for every type of number to hold and print it. A float that
    /// cannot hold it prints an exponent, which is then no value asked for.
    Integer,
    /// A UUID in lower case.
    Uuid,
    /// A day, `2026-01-31`.
    Date,
    /// Printable ASCII that begins with a letter and is no interval.
    Word,
}

impl Kind {
    fn of(value: &str) -> Option<Self> {
        let bytes = value.as_bytes();
        if is_shaped(bytes, UUID) {
            return Some(Self::Uuid);
        }
        if is_shaped(bytes, DAY) {
            return Some(Self::Date);
        }
        if is_integer(value) {
            return Some(Self::Integer);
        }
        let (first, second) = (bytes.first()?, bytes.get(1));
        let is_interval = *first == b'P' && second.is_some_and(|byte| *byte == b'T' || byte.is_ascii_digit());
        let is_word = first.is_ascii_alphabetic()
            && !is_interval
            && bytes.len() <= 200
            && bytes.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ')
            && !value.ends_with(' ');
        is_word.then_some(Self::Word)
    }
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix('-').unwrap_or(value);
    let is_canonical = !digits.starts_with('0') || value == "0";
    !digits.is_empty()
        && digits.len() <= 15
        && is_canonical
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_one_certain_kind_meet() {
        for (one, other) in [
            ("1", "2"),
            ("-1", "0"),
            (
                "0b6e5ee4-1c0c-4a0e-8f7c-0d6e5f4a3b2c",
                "1b6e5ee4-1c0c-4a0e-8f7c-0d6e5f4a3b2c",
            ),
            ("2026-01-31", "2026-02-01"),
            ("bob", "alice"),
            ("true", "false"),
            ("a\"b", "c\\d"),
            ("5", "5"),
        ] {
            assert!(may_meet(one, other), "{one} {other}");
        }
    }

    #[test]
    fn values_that_may_be_one_do_not_meet() {
        for (one, other) in [
            ("5", "05"),
            ("5", "5.0"),
            ("1e3", "1000"),
            ("0", "-0"),
            ("Bob", "bob"),
            ("a-b", "ab"),
            ("bob", "bob "),
            ("café", "tea"),
            ("P1D", "PT24H"),
            ("1 day", "24:00:00"),
            ("1", "one"),
            ("2026-01-31T00:00:00Z", "2026-01-31T01:00:00+01:00"),
            ("1234567890123456", "1234567890123457"),
            ("", "a"),
        ] {
            assert!(!may_meet(one, other), "{one} {other}");
        }
    }

    #[test]
    fn a_row_shows_a_value_only_in_its_one_form() {
        assert!(is_shown("5", b"5"));
        assert!(is_shown("5", b"\"5\""));
        assert!(is_shown("true", b"true"));
        assert!(is_shown("a\"b", br#""a\"b""#));
        assert!(!is_shown("5", b"5.0"));
        assert!(!is_shown("null", b"null"));
        assert!(!is_shown("Bob", b"\"bob\""));
        assert!(!is_shown("true", b"\"t\""));
    }
}
