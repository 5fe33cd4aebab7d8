//! Inserts of one row each that may become one insert of many.
//!
//! Only where nothing comes back but success: an insert that shows its row again could not be told from its
//! neighbours' where a trigger or a rule leaves one out. The many are one transaction, so a failure that is about one
//! of them undoes all, and each is then sent alone; what never came back is not sent again by anybody.

use super::rows;

/// What becomes of the answer to inserts sent as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Each has got this answer.
    Share,
    /// Nothing was written, for the sake of one of them: each is sent alone.
    Apart,
}

/// What two inserts must have in common to be sent as one; `None` where this one is sent alone. `scope` is
/// everything about it that is not named here.
#[must_use]
pub fn key(url: &str, prefer: Option<&str>, scope: &str, body: &[u8]) -> Option<String> {
    let mut preferences = prefer.unwrap_or_default().split(',').map(str::trim);
    if !preferences.all(|preference| matches!(preference, "" | "return=minimal" | "missing=default")) {
        return None;
    }
    let columns = rows::members(body.trim_ascii())?;
    if columns.is_empty() {
        return None;
    }
    let mut key = [url, prefer.unwrap_or_default(), scope].join("\n");
    for column in &columns {
        key.push('\n');
        key.push_str(core::str::from_utf8(column.name).ok()?);
    }
    Some(key)
}

/// What an answer's status says.
#[must_use]
pub fn verdict(status: u16) -> Verdict {
    match status {
        400 | 402..=428 | 430..=499 => Verdict::Apart,
        _ => Verdict::Share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(body: &str) -> Option<String> {
        key("/rest/v1/t", Some("return=minimal"), "user", body.as_bytes())
    }

    #[test]
    fn rows_of_the_same_columns_go_together() {
        assert_eq!(key_of(r#"{"a":1,"b":[1]}"#), key_of(r#" {"a":"x","b":null} "#));
        assert_ne!(key_of(r#"{"a":1}"#), key_of(r#"{"b":1}"#));
        assert_ne!(key_of(r#"{"a":1}"#), key_of(r#"{"a":1,"b":2}"#));
    }

    #[test]
    fn what_shows_its_row_or_is_no_row_goes_alone() {
        assert_eq!(key("t", Some("return=representation"), "", b"{\"a\":1}"), None);
        assert_eq!(
            key("t", Some("resolution=merge-duplicates"), "", b"{\"a\":1}"),
            None
        );
        assert_eq!(key("t", Some("count=exact"), "", b"{\"a\":1}"), None);
        for body in ["[{\"a\":1}]", "", "{}", "a=1", "{\"a\":1} x"] {
            assert_eq!(key_of(body), None, "{body}");
        }
    }

    #[test]
    fn a_refused_row_sends_each_alone_and_an_unknown_end_nobody() {
        assert_eq!(verdict(201), Verdict::Share);
        assert_eq!(verdict(409), Verdict::Apart);
        assert_eq!(verdict(403), Verdict::Apart);
        assert_eq!(verdict(429), Verdict::Share);
        assert_eq!(verdict(401), Verdict::Share);
        assert_eq!(verdict(500), Verdict::Share);
    }
}
