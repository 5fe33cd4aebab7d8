//! What deciding costs: one guarded call through breaker, limiter, budget and deadline.

#![expect(clippy::expect_used, reason = "a bench may stop where it stands")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use seawall_policy::breaker::{Admission, Breaker, BreakerConfig};
use seawall_policy::call::{Action, Call, Guards, Input};
use seawall_policy::class::{Answer, Class, Outcome, Service, classify};
use seawall_policy::limit::inflight::Place;
use seawall_policy::limit::{Gcra, Inflight, InflightConfig, Quota, Signal, SlidingWindow};
use seawall_policy::policy::Policy;
use seawall_policy::queue::Priority;
use seawall_policy::retry::{Budget, Repeat};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span};

fn admit_and_settle(c: &mut Criterion) {
    let mut breaker = Breaker::new(BreakerConfig::default());
    let mut rng = SplitMix64::new(1);
    let mut now = MonoTime::ZERO;
    c.bench_function("breaker: admit + settle", |b| {
        b.iter(|| {
            now = now + Span::from_nanos(1_000);
            if let Admission::Admitted(permit) = breaker.admit(black_box(now), &mut rng) {
                breaker.settle(permit, &Outcome::SUCCESS, Span::from_millis(3), now, &mut rng);
            }
        });
    });
}

fn limits(c: &mut Criterion) {
    let quota = Quota::try_new(100, Span::from_secs(60)).expect("a quota");
    let mut window = SlidingWindow::new(quota);
    let mut now = MonoTime::ZERO;
    c.bench_function("sliding window: take", |b| {
        b.iter(|| {
            now = now + Span::from_millis(700);
            window.take(black_box(now))
        });
    });
    let gcra = Gcra::new(quota);
    let mut arrival = MonoTime::ZERO;
    c.bench_function("gcra: check", |b| {
        b.iter(|| {
            now = now + Span::from_millis(700);
            gcra.check(&mut arrival, black_box(now), 1)
        });
    });
}

fn places(c: &mut Criterion) {
    let mut inflight = Inflight::new(CAP);
    let mut now = MonoTime::ZERO;
    c.bench_function("inflight: ask + feel + leave", |b| {
        b.iter(|| {
            now = now + Span::from_millis(3);
            if let Place::Taken(slot) = inflight.ask(black_box(Priority::Normal), now) {
                inflight.feel(Signal::Served(Span::from_millis(3)), now, now);
                inflight.leave(slot);
            }
        });
    });
}

const CAP: InflightConfig = InflightConfig {
    min: 2,
    max: 64,
    max_queue: 1_000,
};

fn whole_call(c: &mut Criterion) {
    let policy = Policy::default();
    let rules = policy.service(Service::Rest);
    let config = rules.call(Class::Reads);
    let mut breaker = Breaker::new(rules.breaker);
    let mut limiter = SlidingWindow::new(rules.quota(Class::Reads));
    let mut inflight = Inflight::new(CAP);
    let mut budget = Budget::new(rules.retry.budget);
    let mut rng = SplitMix64::new(1);
    let mut now = MonoTime::ZERO;
    c.bench_function("call: start + classify + settle", |b| {
        b.iter(|| {
            now = now + Span::from_millis(700);
            let mut guards = Guards {
                breaker: &mut breaker,
                limiter: Some(&mut limiter),
                inflight: Some(&mut inflight),
                budget: &mut budget,
            };
            let mut call = Call::new(Repeat::Safe);
            let action = call.handle(&config, &mut guards, Input::Start, now, &mut rng);
            let Action::Send { attempt, .. } = action else {
                return action;
            };
            let answer = Answer::Response {
                service: Service::Rest,
                status: 200,
                code: None,
                retry_after: None,
            };
            let input = Input::Settled {
                attempt,
                outcome: &classify(black_box(&answer)),
                rate: None,
            };
            call.handle(&config, &mut guards, input, now + Span::from_millis(3), &mut rng)
        });
    });
}

criterion_group!(benches, admit_and_settle, limits, places, whole_call);
criterion_main!(benches);
