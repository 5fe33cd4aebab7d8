//! Where a caller stands, in the headers that clients read.
//!
//! `RateLimit` and `RateLimit-Policy` as the IETF's draft has them, every scope in one
//! list and the nearest first, and the older `X-RateLimit-*` for the nearest. Seconds
//! are rounded up: a caller that waits as told is not refused.

use std::fmt::Write as _;

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

impl Decision {
    /// Puts the headers on an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let (mut policy, mut limit) = (String::with_capacity(96), String::with_capacity(96));
        for (index, standing) in self.standings.iter().enumerate() {
            let (name, quota) = (standing.scope.name(), standing.quota);
            let comma = if index == 0 { "" } else { ", " };
            let (q, w) = (quota.limit(), seconds_ceil(quota.window()));
            let (r, t) = (standing.remaining, seconds_ceil(standing.reset).max(1));
            // Writing to a string cannot fail.
            let _ = write!(policy, "{comma}\"{name}\";q={q};w={w}");
            let _ = write!(limit, "{comma}\"{name}\";r={r};t={t}");
        }
        for (name, text) in [(RATE_LIMIT_POLICY, policy), (RATE_LIMIT, limit)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
        if let Ok(tier) = HeaderValue::from_str(&self.tier.name) {
            headers.insert(TIER, tier);
        }
        if self.is_degraded {
            headers.insert(LIMITER, HeaderValue::from_static("degraded"));
        }
        let Some(nearest) = self.standings.first() else {
            return;
        };
        let numbers = [
            (LIMIT, u64::from(nearest.quota.limit())),
            (REMAINING, u64::from(nearest.remaining)),
            (RESET, seconds_ceil(nearest.reset).max(1)),
            (WINDOW, seconds_ceil(nearest.quota.window())),
        ];
        for (name, number) in numbers {
            headers.insert(name, HeaderValue::from(number));
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
