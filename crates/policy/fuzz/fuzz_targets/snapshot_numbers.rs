//! A stored breaker state from anybody, as numbers: refused, or a breaker that keeps its promises.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seawall_policy::breaker::{Admission, Breaker, BreakerConfig, Snapshot};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, UnixTime};

fuzz_target!(|numbers: (Vec<f64>, Vec<u16>)| {
    let (wild, tame) = numbers;
    // Random floats are hardly ever whole: small whole numbers reach the depths.
    let sealed = Snapshot::sealed_numbers(&tame.iter().map(|number| u64::from(*number)).collect::<Vec<_>>());
    for numbers in [wild, sealed] {
        let Ok(snapshot) = Snapshot::from_numbers(&numbers) else { continue };
        assert_eq!(snapshot.numbers(), numbers);
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
    if let Admission::Rejected { retry_at, .. } = breaker.admit(now, &mut rng) {
        assert!(retry_at <= now + config.longest_cool_down());
    }
    let later = now + config.longest_cool_down();
    assert!(matches!(breaker.admit(later, &mut rng), Admission::Admitted(_)), "locked out");
}
