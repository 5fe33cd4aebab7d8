//! A path in one spelling, so that another spelling of it is nothing else to those who look things up by it.
//!
//! `/rest/v1/%72ooms`, `/rest/v1//rooms` and `/rest/v1/rooms` are the same table to the database and to an upstream.
//! Limits of endpoints and classes, what is expensive, and which table a write changed go by this form, which is the
//! one that browsers and the policy document write; what is sent on stays as it came.

use std::borrow::Cow;

/// Signs that stand in a path as they are, beside letters and digits.
const PLAIN_SIGNS: &[u8] = b"-._~!$&'()*+,;=:@";

/// The path with escapes where there must be some and nowhere else, and without empty segments. An escaped slash stays
/// one: it is part of a name.
pub(crate) fn plain(path: &str) -> Cow<'_, str> {
    // Most paths are plain.
    if path.is_ascii() && !path.contains('%') && !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut plain = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, escaped(after)) {
            (b'%', Some(byte)) => {
                rest = after.get(2..).unwrap_or_default();
                push(&mut plain, byte);
            }
            (b'/', _) if plain.ends_with('/') => {}
            (b'/' | b'%', _) => plain.push(char::from(*first)),
            (byte, _) => push(&mut plain, *byte),
        }
    }
    plain.into()
}

fn push(plain: &mut String, byte: u8) {
    if byte.is_ascii_alphanumeric() || PLAIN_SIGNS.contains(&byte) {
        plain.push(char::from(byte));
    } else {
        plain.push_str(&format!("%{byte:02X}"));
    }
}

/// The byte that two digits stand for.
fn escaped(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(..2)?).ok()?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_path_is_the_same_path() {
        for spelt in [
            "/rest/v1/rooms",
            "/rest/v1/%72ooms",
            "/rest/v1/r%6F%6fms",
            "/r%65st/v1//rooms",
            "//rest/v1/rooms",
        ] {
            assert_eq!(plain(spelt), "/rest/v1/rooms", "{spelt}");
        }
        for spelt in ["/größe", "/gr%c3%b6%c3%9fe", "/gr%C3%B6%C3%9Fe"] {
            assert_eq!(plain(spelt), "/gr%C3%B6%C3%9Fe");
        }
    }

    #[test]
    fn what_must_be_escaped_stays_so() {
        for path in [
            "/a%2Fb", "/a%20b", "/a%252F", "/a%", "/a%2", "/a%zz", "/a%+1", "", "/",
        ] {
            assert_eq!(plain(path), path);
        }
    }
}
