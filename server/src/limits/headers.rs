//! Where a caller stands, in the headers that clients read.
//!
//! `RateLimit` and `RateLimit-Policy` as the IETF's draft has them, every scope in one
//! list and the nearest first, and the older `X-RateLimit-*` for the nearest. Seconds
//! are rounded up: a caller that waits as told is not refused.

use http::{HeaderMap, HeaderName, HeaderValue};
use seawall_policy::time::Span;

use super::Decision;
use crate::header_values::HeaderValues;

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
        let mut values = HeaderValues::default();
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
    fn write_policy(&self, values: &mut HeaderValues) {
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
    fn write_standings(&self, values: &mut HeaderValues) {
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
