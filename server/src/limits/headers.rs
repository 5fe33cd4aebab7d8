//! Where a caller stands, in the headers that clients read.
//!
//! `RateLimit` and `RateLimit-Policy` as the IETF's draft has them, every scope in one
//! list and the nearest first, and the older `X-RateLimit-*` for the nearest. Seconds
//! are rounded up: a caller that waits as told is not refused.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use seawall_policy::time::Span;

use super::Decision;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const TIER: HeaderName = HeaderName::from_static("x-ratelimit-tier");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");
const LIMITER: HeaderName = HeaderName::from_static("x-seawall-limiter");

/// What an answer carries: ours, and about as many of its own.
const USUAL_HEADERS: usize = 24;

impl Decision {
    /// Puts the headers on an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        // What an answer carries besides: grown once, and not three times on the way.
        headers.reserve(USUAL_HEADERS);
        let mut values = Values::default();
        self.write_policy(&mut values);
        values.end(RATE_LIMIT_POLICY);
        self.write_standings(&mut values);
        values.end(RATE_LIMIT);
        if let Some(nearest) = self.standings.first() {
            let numbers = [
                (LIMIT, u64::from(nearest.quota.limit())),
                (REMAINING, u64::from(nearest.remaining)),
                (RESET, seconds_ceil(nearest.reset).max(1)),
                (WINDOW, seconds_ceil(nearest.quota.window())),
            ];
            for (name, number) in numbers {
                values.number(number);
                values.end(name);
            }
        }
        values.text(&self.tier.name);
        values.end(TIER);
        values.into_headers(headers);
        if self.is_degraded {
            headers.insert(LIMITER, HeaderValue::from_static("degraded"));
        }
    }

    /// `"ip";q=1000;w=60, "user";q=20;w=60`.
    fn write_policy(&self, values: &mut Values) {
        for (index, standing) in self.standings.iter().enumerate() {
            values.text(if index == 0 { "\"" } else { ", \"" });
            values.text(standing.scope.name());
            values.text("\";q=");
            values.number(standing.quota.limit().into());
            values.text(";w=");
            values.number(seconds_ceil(standing.quota.window()));
        }
    }

    /// `"ip";r=999;t=1, "user";r=19;t=3`.
    fn write_standings(&self, values: &mut Values) {
        for (index, standing) in self.standings.iter().enumerate() {
            values.text(if index == 0 { "\"" } else { ", \"" });
            values.text(standing.scope.name());
            values.text("\";r=");
            values.number(standing.remaining.into());
            values.text(";t=");
            values.number(seconds_ceil(standing.reset).max(1));
        }
    }

    /// For a refused request, when to come back: when the last of the scopes that refuse lets it pass.
    pub(crate) fn retry_after_s(&self) -> u64 {
        let waits = self.standings.iter().filter_map(|standing| standing.wait);
        waits.map(seconds_ceil).max().unwrap_or(1).max(1)
    }
}

fn seconds_ceil(span: Span) -> u64 {
    span.as_millis_ceil().div_ceil(1000)
}

/// Values of several headers in one piece of memory: they are on every answer.
struct Values {
    text: String,
    ends: Vec<(HeaderName, usize)>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            text: String::with_capacity(256),
            ends: Vec::with_capacity(7),
        }
    }
}

impl Values {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn number(&mut self, number: u64) {
        self.text.push_str(itoa::Buffer::new().format(number));
    }

    /// What was added since the last end is this header's.
    fn end(&mut self, name: HeaderName) {
        self.ends.push((name, self.text.len()));
    }

    fn into_headers(self, headers: &mut HeaderMap) {
        let text = Bytes::from(self.text);
        let mut from = 0;
        for (name, to) in self.ends {
            // A tier may have been given a name that no header can carry.
            if let Ok(value) = HeaderValue::from_maybe_shared(text.slice(from..to)) {
                headers.insert(name, value);
            }
            from = to;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_share_memory_and_not_their_text() {
        let mut values = Values::default();
        values.text("a");
        values.number(10);
        values.end(LIMIT);
        values.text("no\nheader");
        values.end(TIER);
        values.number(u64::MAX);
        values.end(RESET);
        let mut headers = HeaderMap::new();
        values.into_headers(&mut headers);
        assert_eq!(headers[LIMIT], "a10");
        assert_eq!(headers[RESET], "18446744073709551615");
        assert!(!headers.contains_key(TIER));
    }
}
