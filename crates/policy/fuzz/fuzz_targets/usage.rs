//! A stored usage of a limit from anybody: refused, or a window that keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::limit::{Quota, SlidingWindow, Turn, UsageSnapshot};
use seawall_policy::time::{MonoTime, Span, UnixTime};

fuzz_target!(|text: &str| {
    // The checksum keeps damage out and hides the parser from a fuzzer: each text is tried with a right one too.
    let sealed = UsageSnapshot::sealed(text);
    for text in [text, sealed.as_str()] {
        let Ok(usage) = UsageSnapshot::decode(text) else {
            continue;
        };
        assert_eq!(UsageSnapshot::decode(&usage.encode()).as_ref(), Ok(&usage));
        for unix in [0, 1_700_000_000_000, u64::MAX] {
            remember(&usage, UnixTime::from_millis(unix));
        }
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
    let _ = window.usage(free, unix).map(|usage| usage.encode());
}
