//! `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers), and their older relatives.

use super::digits;
use crate::time::{Span, UnixTime};

/// What is left of a quota at the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateHint {
    /// Requests still allowed.
    pub remaining: u64,
    /// How long until there are more.
    pub reset: Option<Span>,
    /// Requests allowed per window.
    pub limit: Option<u64>,
    /// The window's length.
    pub window: Option<Span>,
}

/// What a seawall counts of some calls only: it says nothing of the calls that follow.
const OF_SOME_CALLS: &str = "expensive";

/// Reads `RateLimit` with its `RateLimit-Policy`; of several quotas the one with the least left.
///
/// Also reads the field of earlier drafts, `limit=100, remaining=50, reset=30`.
#[must_use]
pub fn rate_limit(text: &str, policy: Option<&str>) -> Option<RateHint> {
    let tightest = text
        .split(',')
        .filter(|item| item_name(item) != Some(OF_SOME_CALLS))
        .filter_map(|item| quota_item(item, policy))
        .min_by_key(|hint| hint.remaining);
    tightest.or_else(|| early_draft(text))
}

/// Reads the `X-RateLimit-*` trio. A reset is seconds from now, or a Unix time in seconds or milliseconds.
#[must_use]
pub fn legacy(limit: Option<&str>, remaining: &str, reset: Option<&str>, now: UnixTime) -> Option<RateHint> {
    let remaining = digits(remaining.trim())?;
    let limit = limit.and_then(|text| digits(first_word(text)));
    let reset = reset
        .and_then(|text| digits(text.trim()))
        .map(|number| reset_span(number, now));
    Some(RateHint {
        remaining,
        reset,
        limit,
        window: None,
    })
}

/// `"name";r=412;t=18`, joined with the policy of the same name.
fn quota_item(item: &str, policy: Option<&str>) -> Option<RateHint> {
    let name = item_name(item)?;
    let remaining = parameter(item, "r")?;
    let policy = policy.and_then(|policies| policies.split(',').find(|item| item_name(item) == Some(name)));
    Some(RateHint {
        remaining,
        reset: parameter(item, "t").map(Span::from_secs),
        limit: policy.and_then(|item| parameter(item, "q")),
        window: policy.and_then(|item| parameter(item, "w")).map(Span::from_secs),
    })
}

fn item_name(item: &str) -> Option<&str> {
    let name = item.split(';').next()?.trim();
    let quoted = name
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(name);
    (!quoted.is_empty() && !quoted.contains('=')).then_some(quoted)
}

fn parameter(item: &str, name: &str) -> Option<u64> {
    let values = item.split(';').skip(1).filter_map(|pair| pair.split_once('='));
    values
        .into_iter()
        .find(|(key, _)| key.trim() == name)
        .and_then(|(_, value)| digits(value.trim()))
}

fn early_draft(text: &str) -> Option<RateHint> {
    let field = |name: &str| {
        let pairs = text.split([',', ';']).filter_map(|pair| pair.split_once('='));
        pairs
            .into_iter()
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .and_then(|(_, value)| digits(value.trim()))
    };
    Some(RateHint {
        remaining: field("remaining")?,
        reset: field("reset").map(Span::from_secs),
        limit: field("limit"),
        window: None,
    })
}

/// `100, 100;w=60`: the first number counts.
fn first_word(text: &str) -> &str {
    text.split([',', ';']).next().unwrap_or(text).trim()
}

/// No quota lasts thirty years, so a number that large is a date.
fn reset_span(number: u64, now: UnixTime) -> Span {
    const SECONDS_OF_THIRTY_YEARS: u64 = 946_080_000;
    const THE_SAME_IN_MILLIS: u64 = 946_080_000_000;
    if number >= THE_SAME_IN_MILLIS {
        UnixTime::from_millis(number).since(now)
    } else if number >= SECONDS_OF_THIRTY_YEARS {
        UnixTime::from_secs(number).since(now)
    } else {
        Span::from_secs(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draft_is_read_with_its_policy() {
        let hint = rate_limit(
            "\"user-pro\";r=412;t=18",
            Some("\"burst\";q=9;w=1, \"user-pro\";q=600;w=60"),
        );
        let expected = RateHint {
            remaining: 412,
            reset: Some(Span::from_secs(18)),
            limit: Some(600),
            window: Some(Span::from_secs(60)),
        };
        assert_eq!(hint, Some(expected));
    }

    #[test]
    fn the_tightest_quota_speaks() {
        let hint = rate_limit("\"a\";r=50;t=1, \"b\";r=2;t=9", None).unwrap();
        assert_eq!((hint.remaining, hint.reset), (2, Some(Span::from_secs(9))));
        let hint = rate_limit("\"expensive\";r=0;t=360, \"user\";r=7;t=3", None).unwrap();
        assert_eq!(hint.remaining, 7);
    }

    #[test]
    fn earlier_drafts_are_read_too() {
        let hint = rate_limit("limit=100, remaining=50, reset=30", None).unwrap();
        assert_eq!(
            (hint.limit, hint.remaining, hint.reset),
            (Some(100), 50, Some(Span::from_secs(30)))
        );
    }

    #[test]
    fn a_reset_may_be_a_wait_or_a_date() {
        let now = UnixTime::from_secs(1_700_000_000);
        let reset = |text| legacy(None, "0", Some(text), now).unwrap().reset;
        assert_eq!(reset("30"), Some(Span::from_secs(30)));
        assert_eq!(reset("1700000030"), Some(Span::from_secs(30)));
        assert_eq!(reset("1700000030000"), Some(Span::from_secs(30)));
    }

    #[test]
    fn garbage_is_no_hint() {
        for text in [
            "",
            "r=1",
            "\"a\"",
            "\"a\";r=-1",
            ";;;",
            ",,,",
            "\"\";r=1",
            "remaining=lots",
        ] {
            assert_eq!(rate_limit(text, Some(text)), None, "{text}");
        }
    }
}
