//! Rate-limit headers from anybody, and a limiter that believes them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::class::hint::{Headers, Hints};
use seawall_policy::limit::{Quota, SlidingWindow, Turn};
use seawall_policy::time::{MonoTime, Span, UnixTime};

fuzz_target!(|fields: (&str, &str, &str, &str, &str)| {
    let (rate_limit, rate_limit_policy, limit, remaining, reset) = fields;
    let headers = Headers {
        retry_after: Some(reset),
        rate_limit: Some(rate_limit),
        rate_limit_policy: Some(rate_limit_policy),
        limit: Some(limit),
        remaining: Some(remaining),
        reset: Some(reset),
    };
    let hints = Hints::read(&headers, UnixTime::from_millis(1_700_000_000_000));
    let longest = Span::from_secs(600);
    let mut window = SlidingWindow::new(Quota::try_new(3, Span::from_secs(1)).expect("a quota"));
    let now = MonoTime::from_millis(1);
    if let Some(rate) = hints.rate {
        window.learn(now, rate, longest);
    }
    window.hold(now, hints.retry_after, Span::from_secs(1), longest);
    // However absurd the advice, it holds for ten minutes at most.
    assert!(matches!(window.take(now + longest), Turn::Now { .. }));
});
