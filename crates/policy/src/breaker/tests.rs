//! What the scenario files do not say: rates, slowness, statistics, events, reconfiguration.

use super::*;
use crate::class::{Answer, Service, classify};
use crate::rng::SplitMix64;

const FAST: Span = Span::from_millis(5);
const SLOW: Span = Span::from_secs(6);

struct Bench {
    breaker: Breaker,
    rng: SplitMix64,
    now: MonoTime,
}

impl Bench {
    fn new(change: impl FnOnce(&mut BreakerSettings)) -> Self {
        let mut settings = BreakerSettings {
            jitter: Share::ZERO,
            ..BreakerSettings::default()
        };
        change(&mut settings);
        let breaker = Breaker::new(BreakerConfig::try_new(settings).unwrap());
        Self {
            breaker,
            rng: SplitMix64::new(1),
            now: MonoTime::from_millis(1_000),
        }
    }

    fn sleep(&mut self, millis: u64) {
        self.now = self.now + Span::from_millis(millis);
    }

    fn admit(&mut self) -> Option<Permit> {
        match self.breaker.admit(self.now, &mut self.rng) {
            Admission::Admitted(permit) => Some(permit),
            Admission::Rejected { .. } => None,
        }
    }

    fn call(&mut self, outcome: &Outcome, latency: Span) {
        let permit = self.admit().expect("the circuit lets the call through");
        self.breaker
            .settle(permit, outcome, latency, self.now, &mut self.rng);
    }

    fn causes(&mut self) -> Vec<Cause> {
        std::iter::from_fn(|| self.breaker.poll_event())
            .map(|event| event.cause)
            .collect()
    }
}

#[test]
fn a_failure_rate_opens_once_there_are_calls_enough() {
    let mut bench = Bench::new(|settings| settings.failure_threshold = 0);
    for _ in 0..4 {
        bench.call(&Outcome::NETWORK, FAST);
    }
    for _ in 0..4 {
        bench.call(&Outcome::SUCCESS, FAST);
    }
    bench.call(&Outcome::NETWORK, FAST);
    assert_eq!(bench.breaker.state(), State::Closed);
    // The tenth call: half of them failed.
    bench.call(&Outcome::SUCCESS, FAST);
    assert_eq!(
        bench.causes(),
        [Cause::FailureRate {
            failures: 5,
            total: 10
        }]
    );
}

#[test]
fn slow_successes_open_too_and_a_slow_probe_does_not_close() {
    let mut bench = Bench::new(|settings| settings.failure_threshold = 0);
    for _ in 0..10 {
        bench.call(&Outcome::SUCCESS, SLOW);
    }
    assert_eq!(bench.causes(), [Cause::SlowCallRate { slow: 10, total: 10 }]);
    bench.sleep(30_000);
    bench.call(&Outcome::SUCCESS, SLOW);
    assert_eq!(bench.causes(), [Cause::CoolDownElapsed, Cause::ProbeFailed]);
}

#[test]
fn what_says_nothing_does_not_dilute_a_rate() {
    let mut bench = Bench::new(|settings| settings.failure_threshold = 0);
    let limited = classify(&Answer::Response {
        service: Service::Rest,
        status: 429,
        code: None,
        retry_after: None,
    });
    for _ in 0..50 {
        bench.call(&Outcome::ABORTED, FAST);
        bench.call(&limited, FAST);
        bench.call(&Outcome::OFFLINE, FAST);
    }
    assert_eq!(bench.breaker.counts(), Counts::default());
    assert_eq!(bench.breaker.stats().neutral, 100);
    assert_eq!(bench.breaker.stats().local, 50);
}

#[test]
fn a_503_that_names_its_return_opens_at_once_and_outside_the_counts() {
    let mut bench = Bench::new(|_| ());
    let away = classify(&Answer::Response {
        service: Service::Rest,
        status: 503,
        code: None,
        retry_after: Some(Span::from_secs(7)),
    });
    bench.call(&away, FAST);
    let told = bench.breaker.poll_event().unwrap();
    assert_eq!(
        told.cause,
        Cause::ServerAsked {
            wait: Span::from_secs(7)
        }
    );
    assert_eq!(told.until, Some(bench.now + Span::from_secs(7)));
    assert_eq!(
        (bench.breaker.stats().failures, bench.breaker.stats().unavailable),
        (0, 1)
    );
}

#[test]
fn statistics_count_what_happened() {
    let mut bench = Bench::new(|_| ());
    for _ in 0..5 {
        bench.call(&Outcome::SUCCESS, FAST);
    }
    for _ in 0..5 {
        bench.call(&Outcome::TIMEOUT, SLOW);
    }
    assert!(bench.admit().is_none());
    let stats = bench.breaker.stats();
    assert_eq!((stats.admitted, stats.rejected, stats.opened), (10, 1, 1));
    assert_eq!((stats.successes, stats.failures, stats.slow), (5, 5, 5));
    assert_eq!(stats.success_ppm(), Some(500_000));
    assert!(stats.percentile(500).unwrap() <= Span::from_millis(6));
    assert!(stats.percentile(990).unwrap() >= SLOW);
}

#[test]
fn stragglers_are_counted_and_change_nothing() {
    let mut bench = Bench::new(|settings| settings.failure_threshold = 1);
    let late = bench.admit().unwrap();
    bench.call(&Outcome::NETWORK, FAST);
    bench
        .breaker
        .settle(late, &Outcome::SUCCESS, FAST, bench.now, &mut bench.rng);
    assert_eq!(bench.breaker.state(), State::Open);
    assert_eq!(bench.breaker.stats().stragglers, 1);
}

#[test]
fn events_that_nobody_polls_are_bounded() {
    let mut bench = Bench::new(|_| ());
    for _ in 0..100 {
        bench.breaker.force_open(bench.now);
        bench.breaker.reset(bench.now);
    }
    assert_eq!(bench.causes().len(), Breaker::EVENTS_KEPT);
}

#[test]
fn a_new_policy_keeps_the_circuit_and_shortens_its_cool_down() {
    let mut bench = Bench::new(|settings| settings.failure_threshold = 1);
    bench.call(&Outcome::NETWORK, FAST);
    let shorter = BreakerSettings {
        reset_timeout: Span::from_secs(1),
        max_reset_timeout: Span::from_secs(2),
        jitter: Share::ZERO,
        ..BreakerSettings::default()
    };
    bench
        .breaker
        .reconfigure(BreakerConfig::try_new(shorter).unwrap(), bench.now);
    assert_eq!(bench.breaker.state(), State::Open);
    assert_eq!(
        bench.breaker.next_deadline(),
        Some(bench.now + Span::from_secs(2))
    );
}

#[test]
fn a_new_policy_does_not_undo_what_a_hand_has_forced() {
    let mut bench = Bench::new(|_| ());
    bench.breaker.force_open(bench.now);
    let off = BreakerSettings {
        mode: Mode::Disabled,
        ..BreakerSettings::default()
    };
    bench
        .breaker
        .reconfigure(BreakerConfig::try_new(off).unwrap(), bench.now);
    assert_eq!(bench.breaker.state(), State::ForcedOpen);
    bench.breaker.reset(bench.now);
    assert_eq!(bench.breaker.state(), State::Disabled);
}

#[test]
fn a_cancelled_permit_was_never_admitted() {
    let mut bench = Bench::new(|_| ());
    let permit = bench.admit().unwrap();
    bench.breaker.cancel(permit, bench.now);
    assert_eq!(bench.breaker.stats().admitted, 0);
}
