use proptest::prelude::*;
use seawall_policy::breaker::Breaker;
use seawall_policy::call::{Action, Call, CallConfig, Guards, Input};
use seawall_policy::class::{Class, Outcome, Service};
use seawall_policy::early::{Asking, Early, Leave, Start, deadline};
use seawall_policy::limit::{Inflight, SlidingWindow};
use seawall_policy::policy::{Key, Numbers, Rules};
use seawall_policy::retry::{Budget, Repeat};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span};

/// What may happen in a page's first moments.
#[derive(Clone, Copy, Debug)]
enum Step {
    Begin { key: u32, waited: u64 },
    Answer(usize),
    End(usize),
    Sleep(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u32, 0..300_u64).prop_map(|(key, waited)| Step::Begin { key, waited }),
        1 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::End),
        1 => (0..40_u64).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..120)
}

fn settings(given: &[(Key, f64)]) -> Vec<f64> {
    let value = |key: &Key| {
        given
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, number)| *number)
    };
    Key::ALL
        .iter()
        .map(|key| value(key).unwrap_or(key.setting().default))
        .collect()
}

/// The machine, told of early calls after the fact.
struct Machine {
    config: CallConfig,
    breaker: Breaker,
    windows: Vec<SlidingWindow>,
    inflight: Inflight,
    budget: Budget,
    rng: SplitMix64,
}

impl Machine {
    fn new(rules: &Rules, leave: Leave) -> Self {
        let window = || {
            let mut window = SlidingWindow::new(rules.quota(Class::Reads)).adapting(rules.floor);
            if leave == Leave::Allowance {
                window.borrow(false);
            }
            window
        };
        let mut inflight = Inflight::new(rules.inflight);
        inflight.reconfigure(rules.inflight);
        Self {
            config: rules.call(Class::Reads),
            breaker: Breaker::new(rules.breaker),
            windows: vec![window(), window(), window()],
            inflight,
            budget: Budget::new(rules.retry.budget),
            rng: SplitMix64::new(1),
        }
    }

    fn handle(&mut self, call: &mut Call, key: u32, input: Input<'_>, now: MonoTime) -> Action {
        let mut guards = Guards {
            breaker: &mut self.breaker,
            limiter: self.windows.get_mut(key as usize),
            inflight: Some(&mut self.inflight),
            budget: &mut self.budget,
        };
        call.handle(&self.config, &mut guards, input, now, &mut self.rng)
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn what_goes_early_the_machine_would_have_let_go(
        steps in steps(),
        limit in 1..200_u32,
        places in 0..20_u32,
        is_alone in any::<bool>(),
    ) {
        let leave = if is_alone { Leave::Quota } else { Leave::Allowance };
        let settings = settings(&[
            (Key::LimitsReadsLimit, f64::from(limit)),
            (Key::InflightMax, f64::from(places)),
            (Key::InflightMin, 2.0),
        ]);
        let numbers = Numbers::new(&settings);
        let rules = Rules::try_new(&settings, true).unwrap();
        let mut machine = Machine::new(&rules, leave);
        let mut early = Early::new();
        let mut under_way = Vec::new();
        let mut now = MonoTime::from_millis(1_000);
        let cap = machine.inflight.cap();
        for step in steps {
            // Answers that take longer and longer have taught it what only it can learn.
            if machine.inflight.cap() < cap {
                break;
            }
            match step {
                Step::Begin { key, waited } => {
                    let asking = Asking {
                        guard: 1,
                        breaker: 0,
                        user: key,
                        endpoint: 0,
                        service: Service::Rest,
                        class: Class::Reads,
                        waited: Span::from_millis(waited),
                    };
                    let Start::Send { number, give_up_at } = early.begin(&asking, leave, numbers, now) else {
                        continue;
                    };
                    let mut call = Call::new(Repeat::Safe).after_waiting(asking.waited);
                    let action = machine.handle(&mut call, key, Input::Start, now);
                    prop_assert_eq!(action, Action::Send { attempt: 1, give_up_at });
                    prop_assert_eq!(call.deadline(), deadline(&asking, numbers, now));
                    under_way.push((number, key, call));
                }
                Step::Answer(which) if !under_way.is_empty() => {
                    let place = which % under_way.len();
                    let (number, key, call) = &mut under_way[place];
                    early.answered(*number);
                    let _ = machine.handle(call, *key, Input::Answering, now);
                }
                Step::End(which) if !under_way.is_empty() => {
                    let (number, key, mut call) = under_way.swap_remove(which % under_way.len());
                    early.end(number, false, now);
                    let input = Input::Settled { attempt: 1, outcome: &Outcome::SUCCESS, rate: None };
                    prop_assert_eq!(machine.handle(&mut call, key, input, now), Action::Deliver);
                }
                Step::Sleep(millis) => now = now + Span::from_millis(millis),
                Step::Answer(_) | Step::End(_) => (),
            }
        }
    }

    #[test]
    fn a_contradiction_is_found_without_making_the_rules(
        keys in prop::collection::vec((0..Key::ALL.len(), 0.0..1.0_f64), 0..12),
    ) {
        let given: Vec<(Key, f64)> = keys
            .into_iter()
            .map(|(place, share)| {
                let key = Key::ALL[place];
                let setting = key.setting();
                let number = setting.min + (setting.max - setting.min).min(9.0) * (share * 4.0).floor() / 4.0;
                (key, if matches!(key, Key::BreakerFailureRate | Key::BreakerSlowCallRate) { number } else { number.floor() })
            })
            .collect();
        let settings = settings(&given);
        prop_assert_eq!(Numbers::new(&settings).contradiction(), Rules::try_new(&settings, true).err());
    }
}
