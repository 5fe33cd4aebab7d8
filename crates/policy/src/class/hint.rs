//! What a peer advises about waiting: `Retry-After` and the rate-limit headers, old and new.
//!
//! Advice is read leniently and believed within bounds that the limiter sets: an unreadable header is no
//! advice, never an error, and never zero.

use crate::time::{Span, UnixTime};

mod date;
mod rate;

pub use date::http_date;
pub use rate::{RateHint, legacy, rate_limit};

/// The headers that carry advice, as they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Headers<'a> {
    /// `Retry-After`.
    pub retry_after: Option<&'a str>,
    /// `RateLimit`.
    pub rate_limit: Option<&'a str>,
    /// `RateLimit-Policy`.
    pub rate_limit_policy: Option<&'a str>,
    /// `X-RateLimit-Limit` (or `RateLimit-Limit`).
    pub limit: Option<&'a str>,
    /// `X-RateLimit-Remaining` (or `RateLimit-Remaining`).
    pub remaining: Option<&'a str>,
    /// `X-RateLimit-Reset` (or `RateLimit-Reset`).
    pub reset: Option<&'a str>,
}

/// What the headers say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// How long to stay away.
    pub retry_after: Option<Span>,
    /// What is left of the tightest quota.
    pub rate: Option<RateHint>,
}

impl Hints {
    /// Reads all advice of one response. `now` is needed for dates.
    #[must_use]
    pub fn read(headers: &Headers<'_>, now: UnixTime) -> Self {
        let retry_after = headers.retry_after.and_then(|text| retry_after(text, now));
        let modern = headers
            .rate_limit
            .and_then(|text| rate_limit(text, headers.rate_limit_policy));
        let rate = modern.or_else(|| legacy(headers.limit, headers.remaining?, headers.reset, now));
        Self { retry_after, rate }
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date in any of its three forms.
///
/// A date that has passed is no wait; what cannot be read is `None`.
#[must_use]
pub fn retry_after(text: &str, now: UnixTime) -> Option<Span> {
    let text = text.trim();
    seconds(text).or_else(|| http_date(text).map(|instant| instant.since(now)))
}

/// Reads a count of seconds; a fraction, which some servers send, is rounded up, the absurd saturates.
fn seconds(text: &str) -> Option<Span> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let secs = digits(whole)?;
    let more = digits(fraction)? > 0;
    Some(Span::from_secs(secs.saturating_add(u64::from(more))))
}

/// Reads a decimal number of digits only; too many saturate.
fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(text.bytes().fold(0_u64, |sum, byte| {
        sum.saturating_mul(10).saturating_add(u64::from(byte - b'0'))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(784_111_777);

    #[test]
    fn seconds_are_read_and_fractions_round_up() {
        assert_eq!(retry_after("120", NOW), Some(Span::from_secs(120)));
        assert_eq!(retry_after(" 0 ", NOW), Some(Span::ZERO));
        assert_eq!(retry_after("1.2", NOW), Some(Span::from_secs(2)));
    }

    #[test]
    fn a_date_is_a_wait_from_now_and_not_its_first_digits() {
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:50:07 GMT", NOW),
            Some(Span::from_secs(30))
        );
        assert_eq!(
            retry_after("Sun, 06 Nov 1994 08:49:07 GMT", NOW),
            Some(Span::ZERO)
        );
    }

    #[test]
    fn the_unreadable_is_no_advice() {
        for text in [
            "",
            "soon",
            "-5",
            "1e9",
            "0x10",
            "12 s",
            "1.2.3",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(retry_after(text, NOW), None, "{text}");
        }
    }

    #[test]
    fn absurd_numbers_saturate() {
        assert_eq!(retry_after("99999999999999999999999999", NOW), Some(Span::MAX));
    }

    #[test]
    fn the_new_headers_win_over_the_old() {
        let headers = Headers {
            rate_limit: Some("\"default\";r=4;t=10"),
            remaining: Some("99"),
            limit: Some("100"),
            ..Headers::default()
        };
        assert_eq!(Hints::read(&headers, NOW).rate.unwrap().remaining, 4);
    }
}
