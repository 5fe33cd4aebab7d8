//! A stored breaker state from anybody: refused, or a breaker that keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::breaker::{Admission, Breaker, BreakerConfig, Snapshot};
use seawall_policy::class::Outcome;
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span, UnixTime};

fuzz_target!(|text: &str| {
    // The checksum keeps damage out and hides the parser from a fuzzer: each text is tried with a right one too.
    let sealed = Snapshot::sealed(text);
    for text in [text, sealed.as_str()] {
        let Ok(snapshot) = Snapshot::decode(text) else { continue };
        assert_eq!(Snapshot::decode(&snapshot.encode()).as_ref(), Ok(&snapshot));
        for unix in [0, 1_700_000_000_000, u64::MAX] {
            restore(&snapshot, UnixTime::from_millis(unix));
        }
    }
});

fn restore(snapshot: &Snapshot, unix: UnixTime) {
    let config = BreakerConfig::default();
    let now = MonoTime::from_millis(5);
    let Ok(mut breaker) = Breaker::restore(config, snapshot, now, unix) else { return };
    let mut rng = SplitMix64::new(1);
    match breaker.admit(now, &mut rng) {
        Admission::Rejected { retry_at, .. } => assert!(retry_at <= now + config.longest_cool_down()),
        Admission::Admitted(permit) => breaker.cancel(permit, now),
    }
    let later = now + config.longest_cool_down();
    let Admission::Admitted(permit) = breaker.admit(later, &mut rng) else { panic!("locked out") };
    breaker.settle(permit, &Outcome::NETWORK, Span::from_millis(3), later, &mut rng);
    let _ = breaker.snapshot(later, unix).encode();
}
