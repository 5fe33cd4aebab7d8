//! A stored usage of a limit from anybody: refused, or a window that keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::limit::{Quota, SlidingWindow, Turn, UsageSnapshot};
use seawall_policy::time::{MonoTime, Span, UnixTime};

fuzz_target!(|numbers: Vec<f64>| {
    let _ = UsageSnapshot::from_numbers(&numbers);
    // The checksum keeps damage out and hides the parser from a fuzzer: each list is tried with a right one too.
    let whole: Vec<u64> = numbers.iter().map(|number| number.abs() as u64).collect();
    let Ok(usage) = UsageSnapshot::from_numbers(&UsageSnapshot::sealed(&whole)) else { return };
    assert_eq!(UsageSnapshot::from_numbers(&usage.numbers()).as_ref(), Ok(&usage));
    for unix in [0, 1_700_000_000_000, u64::MAX] {
        remember(&usage, UnixTime::from_millis(unix));
    }
});

fn remember(usage: &UsageSnapshot, unix: UnixTime) {
    let quota = Quota::try_new(3, Span::from_secs(1)).expect("a quota");
    let longest = Span::from_secs(600);
    let mut window = SlidingWindow::new(quota);
    let now = MonoTime::from_millis(5);
    if window.remember(usage, longest, now, unix).is_err() {
        return;
    }
    // At worst it holds a key back for one window, or as long as a server's quiet is believed.
    let free = now + longest + quota.window();
    for _ in 0..3 {
        assert!(matches!(window.take(free), Turn::Now { .. }));
    }
    let _ = window.usage(free, unix).map(|usage| usage.numbers());
}
