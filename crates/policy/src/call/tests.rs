//! What the scenario files do not say: cancelled probes, deadlines, hints.

use super::*;
use crate::breaker::{Breaker, BreakerConfig, BreakerSettings, Share};
use crate::class::hint::RateHint;
use crate::limit::{Quota, SlidingWindow};
use crate::policy::Policy;
use crate::retry::{Budget, BudgetConfig};
use crate::rng::SplitMix64;

struct Bench {
    config: CallConfig,
    breaker: Breaker,
    limiter: SlidingWindow,
    budget: Budget,
    rng: SplitMix64,
}

impl Bench {
    fn new() -> Self {
        let rules = *Policy::default().service(crate::class::Service::Rest);
        let settings = BreakerSettings {
            failure_threshold: 1,
            jitter: Share::ZERO,
            ..BreakerSettings::default()
        };
        Self {
            config: rules.call(crate::class::Class::Reads),
            breaker: Breaker::new(BreakerConfig::try_new(settings).unwrap()),
            limiter: SlidingWindow::new(Quota::try_new(2, Span::from_secs(10)).unwrap()),
            budget: Budget::new(BudgetConfig::default()),
            rng: SplitMix64::new(1),
        }
    }

    fn step(&mut self, call: &mut Call, input: Input<'_>, millis: u64) -> Action {
        let mut guards = Guards {
            breaker: &mut self.breaker,
            limiter: Some(&mut self.limiter),
            inflight: None,
            budget: &mut self.budget,
        };
        call.handle(
            &self.config,
            &mut guards,
            input,
            MonoTime::from_millis(millis),
            &mut self.rng,
        )
    }

    fn start(&mut self, repeat: Repeat, millis: u64) -> (Call, Action) {
        let mut call = Call::new(repeat);
        let action = self.step(&mut call, Input::Start, millis);
        (call, action)
    }
}

const fn settled(outcome: &Outcome) -> Input<'_> {
    Input::Settled {
        attempt: 1,
        outcome,
        rate: None,
    }
}

#[test]
fn an_open_circuit_costs_no_quota() {
    let mut bench = Bench::new();
    let (mut call, _) = bench.start(Repeat::Safe, 0);
    bench.step(&mut call, settled(&Outcome::NETWORK), 0);
    for _ in 0..10 {
        let (_, action) = bench.start(Repeat::Safe, 1);
        assert!(matches!(
            action,
            Action::Fail {
                category: Category::CircuitOpen,
                retry_at: Some(_)
            }
        ));
    }
    assert_eq!(bench.limiter.remaining(MonoTime::from_millis(1)), 1);
}

#[test]
fn a_call_that_waits_for_its_turn_holds_no_probe() {
    let mut bench = Bench::new();
    let (mut call, _) = bench.start(Repeat::Safe, 0);
    bench.step(&mut call, settled(&Outcome::NETWORK), 0);
    bench.limiter.hold(
        MonoTime::from_millis(30_000),
        Some(Span::from_secs(2)),
        Span::ZERO,
        Span::MAX,
    );
    let (_, action) = bench.start(Repeat::Safe, 30_000);
    assert!(matches!(
        action,
        Action::SleepUntil {
            reason: Wait::Turn,
            ..
        }
    ));
    assert_eq!(
        (bench.breaker.state(), bench.breaker.probes_under_way()),
        (State::HalfOpen, 0)
    );
}

#[test]
fn a_timeout_far_shorter_than_meant_says_nothing_about_the_service() {
    let mut bench = Bench::new();
    bench.config.deadline = Span::from_millis(4_000);
    bench.limiter.hold(
        MonoTime::ZERO,
        Some(Span::from_millis(3_500)),
        Span::ZERO,
        Span::MAX,
    );
    let (mut call, _) = bench.start(Repeat::Safe, 0);
    let sent = bench.step(&mut call, Input::Woken, 3_500);
    assert_eq!(
        sent,
        Action::Send {
            attempt: 1,
            give_up_at: MonoTime::from_millis(4_000)
        }
    );
    let ended = bench.step(&mut call, Input::Woken, 4_000);
    assert_eq!(
        ended,
        Action::Fail {
            category: Category::Timeout,
            retry_at: None
        }
    );
    assert_eq!(bench.breaker.state(), State::Closed);
    // One that had its time does count.
    bench.config.deadline = Span::from_millis(500);
    let (mut call, _) = bench.start(Repeat::Safe, 5_000);
    bench.step(&mut call, Input::Woken, 5_500);
    assert_eq!(bench.breaker.state(), State::Open);
}

#[test]
fn without_timeout_and_deadline_a_call_waits_for_ever() {
    let mut bench = Bench::new();
    (bench.config.timeout, bench.config.deadline) = (Span::ZERO, Span::ZERO);
    let (call, action) = bench.start(Repeat::Safe, 0);
    assert_eq!(
        action,
        Action::Send {
            attempt: 1,
            give_up_at: MonoTime::FAR
        }
    );
    assert_eq!(call.next_deadline(), Some(MonoTime::FAR));
}

#[test]
fn headers_reach_the_limiter() {
    let mut bench = Bench::new();
    let (mut call, _) = bench.start(Repeat::Safe, 0);
    let rate = RateHint {
        remaining: 0,
        reset: Some(Span::from_secs(3)),
        limit: None,
        window: None,
    };
    let input = Input::Settled {
        attempt: 1,
        outcome: &Outcome::SUCCESS,
        rate: Some(rate),
    };
    assert_eq!(bench.step(&mut call, input, 0), Action::Deliver);
    let (_, action) = bench.start(Repeat::Safe, 0);
    assert_eq!(
        action,
        Action::SleepUntil {
            at: MonoTime::from_millis(3_000),
            reason: Wait::Turn
        }
    );
}

#[test]
fn an_abort_settles_what_was_under_way() {
    let mut bench = Bench::new();
    let (mut call, _) = bench.start(Repeat::Safe, 0);
    bench.step(&mut call, Input::Aborted, 5);
    assert!(call.is_over() && call.next_deadline().is_none());
    assert_eq!(bench.breaker.stats().neutral, 1);
    assert_eq!(
        bench.step(&mut call, settled(&Outcome::SUCCESS), 6),
        Action::Pending
    );
}

#[test]
fn no_turn_is_reserved_beyond_the_deadline() {
    let mut bench = Bench::new();
    bench.config.deadline = Span::from_millis(1_000);
    bench.config.patience.max_wait = Span::from_secs(60);
    for _ in 0..2 {
        bench.start(Repeat::Safe, 0);
    }
    let (_, action) = bench.start(Repeat::Safe, 0);
    let at = Some(MonoTime::from_millis(10_000));
    assert_eq!(
        action,
        Action::Fail {
            category: Category::RateLimited,
            retry_at: at
        }
    );
    assert_eq!(bench.limiter.waiting(), 0);
}

#[test]
fn what_the_caller_has_waited_already_is_part_of_the_deadline() {
    let mut bench = Bench::new();
    bench.config.timeout = Span::from_secs(60);
    bench.config.deadline = Span::from_secs(10);
    let now = MonoTime::from_millis(100_000);
    let mut waited = Call::new(Repeat::Safe).after_waiting(Span::from_secs(4));
    bench.step(&mut waited, Input::Start, 100_000);
    assert_eq!(waited.deadline().since(now), Span::from_secs(6));
    assert_eq!(waited.elapsed(now), Span::from_secs(4));
    bench.config.timeout = Span::from_secs(5);
    let mut first = Call::new(Repeat::Safe).after_waiting(Span::from_secs(4));
    bench.step(&mut first, Input::Start, 100_000);
    assert_eq!(
        first.next_deadline().map(|at| at.since(now)),
        Some(Span::from_secs(1))
    );
    let mut too_long = Call::new(Repeat::Safe).after_waiting(Span::from_secs(40));
    bench.step(&mut too_long, Input::Start, 100_000);
    assert_eq!(too_long.deadline(), now);
}

#[test]
fn what_failed_while_the_machine_slept_says_nothing_about_the_service() {
    for (millis, state) in [
        (10_000, State::Open),
        (14_000, State::Open),
        (3_600_000, State::Closed),
    ] {
        let mut bench = Bench::new();
        let (mut call, _) = bench.start(Repeat::IfNotDone, 0);
        bench.step(&mut call, Input::Woken, millis);
        assert_eq!(bench.breaker.state(), state, "timed out at {millis}");
        let mut bench = Bench::new();
        let (mut call, _) = bench.start(Repeat::IfNotDone, 0);
        bench.step(&mut call, settled(&Outcome::NETWORK), millis);
        assert_eq!(bench.breaker.state(), state, "broken at {millis}");
    }
}
