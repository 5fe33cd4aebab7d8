//! Where a caller stands, in the headers that clients read.
//!
//! `RateLimit` and `RateLimit-Policy` as the IETF's draft has them, and the older
//! `X-RateLimit-*`. Seconds are rounded up: a caller that waits as told is not refused.

use http::{HeaderMap, HeaderName, HeaderValue};
use seawall_policy::limit::Quota;
use seawall_policy::limit::gcra::Pass;
use seawall_policy::time::{MonoTime, Span};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const WINDOW: HeaderName = HeaderName::from_static("x-ratelimit-window");

/// What is left of a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    scope: &'static str,
    limit: u32,
    window_s: u64,
    remaining: u32,
    reset_s: u64,
    /// For a refused request, when to come back.
    pub(crate) retry_after_s: Option<u64>,
}

impl Standing {
    pub(super) fn of(scope: &'static str, quota: Quota, pass: Pass, now: MonoTime) -> Self {
        let (remaining, reset, retry_after_s) = match pass {
            Pass::Admitted { remaining, full_in } => (remaining, full_in, None),
            Pass::Refused { retry_at } => {
                let wait = retry_at.since(now);
                (0, wait, Some(seconds_ceil(wait).max(1)))
            }
        };
        Self {
            scope,
            limit: quota.limit(),
            window_s: seconds_ceil(quota.window()),
            remaining,
            reset_s: seconds_ceil(reset).max(1),
            retry_after_s,
        }
    }

    /// Puts the headers on an answer.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Self {
            scope,
            limit,
            window_s,
            remaining,
            reset_s,
            ..
        } = self;
        let texts = [
            (RATE_LIMIT_POLICY, format!("\"{scope}\";q={limit};w={window_s}")),
            (RATE_LIMIT, format!("\"{scope}\";r={remaining};t={reset_s}")),
        ];
        for (name, text) in texts {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(name, value);
            }
        }
        let numbers = [
            (LIMIT, u64::from(*limit)),
            (REMAINING, u64::from(*remaining)),
            (RESET, *reset_s),
            (WINDOW, *window_s),
        ];
        for (name, number) in numbers {
            headers.insert(name, HeaderValue::from(number));
        }
    }
}

fn seconds_ceil(span: Span) -> u64 {
    span.as_millis_ceil().div_ceil(1000)
}
