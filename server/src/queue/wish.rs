//! What a request says about being carried out later (RFC 7240, `Prefer: respond-async`).
//!
//! The preferences that are the queue's are taken out of the headers, so that the REST
//! engine, which does not know them, has nothing to complain about with strict handling.

use http::{HeaderMap, HeaderName, HeaderValue};
use seawall_policy::queue::priority::Priority;

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PRIORITY: HeaderName = HeaderName::from_static("x-seawall-priority");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Longer keys are refused: they are kept and indexed.
pub(crate) const MOST_KEY_BYTES: usize = 255;

/// A write that its caller does not wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wish {
    /// Who goes first.
    pub(crate) priority: Priority,
    /// What makes a second sending the same as the first.
    pub(crate) idempotency_key: Option<String>,
}

/// Why a wish is not one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The key is empty, too long or not text.
    IdempotencyKey,
    /// There is no such priority.
    Priority(String),
}

/// Takes the queue's own preferences out of the headers; nothing where there are none.
pub(crate) fn take(headers: &mut HeaderMap) -> Result<Option<Wish>, Malformed> {
    if !headers.contains_key(PREFER) {
        return Ok(None);
    }
    let mut preferred = None;
    let mut wished = false;
    let kept: Vec<String> = headers
        .get_all(PREFER)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|token| match own(token) {
            Some(Own::Async) => {
                wished = true;
                false
            }
            Some(Own::Priority(word)) => {
                preferred = preferred.take().or_else(|| Some(word.to_owned()));
                false
            }
            Some(Own::Wait) => false,
            None => !token.is_empty(),
        })
        .map(str::to_owned)
        .collect();
    if !wished {
        return Ok(None);
    }
    headers.remove(PREFER);
    if let Ok(value) = HeaderValue::try_from(kept.join(", "))
        && !kept.is_empty()
    {
        headers.insert(PREFER, value);
    }
    let named = match preferred {
        Some(word) => Some(word),
        None => headers
            .remove(PRIORITY)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()),
    };
    Ok(Some(Wish {
        priority: priority(named)?,
        idempotency_key: headers
            .remove(IDEMPOTENCY_KEY)
            .map(|value| key(&value))
            .transpose()?,
    }))
}

enum Own<'a> {
    Async,
    Wait,
    Priority(&'a str),
}

fn own(token: &str) -> Option<Own<'_>> {
    let (name, value) = token.split_once('=').unwrap_or((token, ""));
    match name.trim().to_ascii_lowercase().as_str() {
        "respond-async" => Some(Own::Async),
        "wait" => Some(Own::Wait),
        "priority" => Some(Own::Priority(value.trim().trim_matches('"'))),
        _ => None,
    }
}

fn priority(named: Option<String>) -> Result<Priority, Malformed> {
    let Some(word) = named else {
        return Ok(Priority::Normal);
    };
    Priority::ALL
        .into_iter()
        .find(|priority| priority.name() == word.trim().to_ascii_lowercase())
        .ok_or(Malformed::Priority(word))
}

fn key(value: &HeaderValue) -> Result<String, Malformed> {
    // The draft makes it a quoted string; most clients send it bare.
    let text = value.to_str().map_err(|_| Malformed::IdempotencyKey)?;
    let text = text.trim().trim_matches('"');
    if text.is_empty() || text.len() > MOST_KEY_BYTES {
        return Err(Malformed::IdempotencyKey);
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn the_rest_of_the_preferences_stays() {
        let mut headers = headers(&[(
            "prefer",
            "return=representation, respond-async, wait=5,handling=strict",
        )]);
        let wish = take(&mut headers).unwrap().unwrap();
        assert_eq!(wish.priority, Priority::Normal);
        assert_eq!(headers["prefer"], "return=representation, handling=strict");
    }

    #[test]
    fn without_the_preference_nothing_is_touched() {
        let mut given = headers(&[("prefer", "return=minimal, wait=5"), ("idempotency-key", "k")]);
        let before = given.clone();
        assert_eq!(take(&mut given), Ok(None));
        assert_eq!(given, before);
        assert_eq!(take(&mut HeaderMap::new()), Ok(None));
    }

    #[test]
    fn priority_and_key_are_read_and_bad_ones_refused() {
        let mut given = headers(&[
            ("prefer", "Respond-Async"),
            ("x-seawall-priority", "High"),
            ("idempotency-key", "\"abc\""),
        ]);
        let wish = take(&mut given).unwrap().unwrap();
        assert_eq!(
            wish,
            Wish {
                priority: Priority::High,
                idempotency_key: Some("abc".to_owned())
            }
        );
        assert!(given.is_empty());
        let mut given = headers(&[("prefer", "respond-async, priority=urgent")]);
        assert_eq!(take(&mut given), Err(Malformed::Priority("urgent".to_owned())));
        let mut given = headers(&[("prefer", "respond-async"), ("idempotency-key", "\"\"")]);
        assert_eq!(take(&mut given), Err(Malformed::IdempotencyKey));
    }
}
