//! A `Retry-After` from anybody.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::class::hint::{http_date, retry_after};
use seawall_policy::time::UnixTime;

fuzz_target!(|text: &str| {
    let early = retry_after(text, UnixTime::from_millis(0));
    let late = retry_after(text, UnixTime::from_millis(u64::MAX));
    assert_eq!(early.is_some(), late.is_some());
    if http_date(text.trim()).is_some() {
        assert!(late.is_some_and(|wait| wait.is_zero()));
    }
});
