use proptest::prelude::*;
use seawall_policy::breaker::{Admission, Breaker, BreakerConfig, BreakerSettings, Permit, Share};
use seawall_policy::class::Outcome;
use seawall_policy::event::State;
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span};

/// What may happen to a breaker.
#[derive(Clone, Copy, Debug)]
enum Step {
    Admit,
    Succeed(usize),
    Fail(usize),
    Abort(usize),
    Sleep(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Admit),
        2 => any::<usize>().prop_map(Step::Succeed),
        2 => any::<usize>().prop_map(Step::Fail),
        1 => any::<usize>().prop_map(Step::Abort),
        2 => (0..3_000_u64).prop_map(Step::Sleep),
    ];
    prop::collection::vec(step, 1..300)
}

fn config(threshold: u32, probes: u32, successes: u32, jitter: u32) -> BreakerConfig {
    BreakerConfig::try_new(BreakerSettings {
        failure_threshold: threshold,
        failure_rate: Share::ZERO,
        slow_call_rate: Share::ZERO,
        monitoring_period: Span::from_millis(2_000),
        reset_timeout: Span::from_millis(1_000),
        max_reset_timeout: Span::from_millis(4_000),
        probe_timeout: Span::from_millis(1_500),
        healthy_period: Span::from_millis(5_000),
        half_open_probes: probes,
        success_threshold: successes,
        jitter: Share::from_percent(jitter),
        ..BreakerSettings::default()
    })
    .unwrap()
}

/// The obvious breaker: every instant in a list, nothing clever, times in milliseconds, no jitter.
struct Model {
    threshold: usize,
    probes: usize,
    successes_needed: u32,
    failures: Vec<u64>,
    state: ModelState,
    generation: u32,
    trips: u32,
    closed_at: u64,
}

enum ModelState {
    Closed,
    Open {
        until: u64,
    },
    HalfOpen {
        under_way: Vec<(u32, u64)>,
        successes: u32,
    },
}

#[derive(Clone, Copy)]
struct ModelPermit {
    generation: u32,
    id: u32,
}

impl Model {
    fn open(&mut self, at: u64) {
        if matches!(self.state, ModelState::Closed) && at - self.closed_at >= 5_000 {
            self.trips = 0;
        }
        let cool_down = [1_000, 2_000, 4_000][self.trips.min(2) as usize];
        self.trips += 1;
        self.change(ModelState::Open {
            until: at + cool_down,
        });
    }

    fn change(&mut self, state: ModelState) {
        self.state = state;
        self.generation += 1;
        self.failures.clear();
    }

    fn pass_time(&mut self, now: u64) {
        if let ModelState::HalfOpen { under_way, .. } = &self.state
            && let Some(deadline) = under_way.iter().map(|(_, at)| at + 1_500).min()
            && deadline <= now
        {
            self.open(deadline);
        }
        if let ModelState::Open { until } = self.state
            && until <= now
        {
            self.change(ModelState::HalfOpen {
                under_way: Vec::new(),
                successes: 0,
            });
        }
    }

    fn admit(&mut self, now: u64, id: u32) -> Option<ModelPermit> {
        self.pass_time(now);
        let generation = self.generation;
        let admitted = match &mut self.state {
            ModelState::Closed => true,
            ModelState::Open { .. } => false,
            ModelState::HalfOpen { under_way, .. } => {
                let free = under_way.len() < self.probes;
                if free {
                    under_way.push((id, now));
                }
                free
            }
        };
        admitted.then_some(ModelPermit { generation, id })
    }

    fn settle(&mut self, permit: ModelPermit, failed: Option<bool>, now: u64) {
        self.pass_time(now);
        if permit.generation != self.generation {
            return;
        }
        match &mut self.state {
            ModelState::Closed => {
                if failed == Some(true) {
                    self.failures.push(now);
                    let recent = self.failures.iter().filter(|at| now - **at < 2_000).count();
                    if recent >= self.threshold {
                        self.open(now);
                    }
                }
            }
            ModelState::Open { .. } => (),
            ModelState::HalfOpen { under_way, successes } => {
                let before = under_way.len();
                under_way.retain(|(id, _)| *id != permit.id);
                if under_way.len() == before {
                    return;
                }
                match failed {
                    Some(true) => self.open(now),
                    Some(false) => {
                        *successes += 1;
                        if *successes >= self.successes_needed {
                            self.closed_at = now;
                            self.change(ModelState::Closed);
                        }
                    }
                    None => (),
                }
            }
        }
    }

    fn state(&self) -> State {
        match self.state {
            ModelState::Closed => State::Closed,
            ModelState::Open { .. } => State::Open,
            ModelState::HalfOpen { .. } => State::HalfOpen,
        }
    }
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn the_breaker_agrees_with_the_obvious_one(
        threshold in 1..5_u32,
        probes in 1..4_u32,
        successes in 1..4_u32,
        steps in steps(),
    ) {
        let mut breaker = Breaker::new(config(threshold, probes, successes, 0));
        let mut model = Model {
            threshold: threshold as usize,
            probes: probes as usize,
            successes_needed: successes,
            failures: Vec::new(),
            state: ModelState::Closed,
            generation: 0,
            trips: 0,
            closed_at: 0,
        };
        let mut rng = SplitMix64::new(1);
        let mut permits: Vec<(Permit, ModelPermit)> = Vec::new();
        let mut now = 0_u64;
        for (id, step) in (0_u32..).zip(steps) {
            let at = MonoTime::from_millis(now);
            let settled = match step {
                Step::Admit => {
                    let modelled = model.admit(now, id);
                    match (breaker.admit(at, &mut rng), modelled) {
                        (Admission::Admitted(permit), Some(modelled)) => permits.push((permit, modelled)),
                        (Admission::Rejected { .. }, None) => (),
                        (admission, _) => prop_assert!(false, "{admission:?} at {now}"),
                    }
                    None
                }
                Step::Succeed(index) => Some((index, Outcome::SUCCESS, Some(false))),
                Step::Fail(index) => Some((index, Outcome::NETWORK, Some(true))),
                Step::Abort(index) => Some((index, Outcome::ABORTED, None)),
                Step::Sleep(millis) => { now += millis; None }
            };
            if let Some((index, outcome, failed)) = settled.filter(|_| !permits.is_empty()) {
                let (permit, modelled) = permits.remove(index % permits.len());
                breaker.settle(permit, &outcome, Span::ZERO, at, &mut rng);
                model.settle(modelled, failed, now);
            }
            prop_assert_eq!(breaker.state(), model.state(), "at {}", now);
        }
    }

    #[test]
    fn probes_never_exceed_the_cap(probes in 1..5_u32, seed in any::<u64>(), steps in steps()) {
        let mut breaker = Breaker::new(config(1, probes, 3, 50));
        let mut rng = SplitMix64::new(seed);
        let mut permits: Vec<Permit> = Vec::new();
        let mut now = 0;
        for step in steps {
            let at = MonoTime::from_millis(now);
            let outcome = match step {
                Step::Admit => {
                    if let Admission::Admitted(permit) = breaker.admit(at, &mut rng) {
                        permits.push(permit);
                    }
                    None
                }
                Step::Succeed(index) => Some((index, Outcome::SUCCESS)),
                Step::Fail(index) => Some((index, Outcome::NETWORK)),
                Step::Abort(index) => Some((index, Outcome::ABORTED)),
                Step::Sleep(millis) => { now += millis; None }
            };
            if let Some((index, outcome)) = outcome.filter(|_| !permits.is_empty()) {
                breaker.settle(permits[index % permits.len()], &outcome, Span::ZERO, at, &mut rng);
            }
            prop_assert!(breaker.probes_under_way() <= probes as usize);
        }
    }

    #[test]
    fn an_open_circuit_tells_the_exact_wait(seed in any::<u64>(), trips in 1..6_u32) {
        let mut breaker = Breaker::new(config(1, 1, 1, 100));
        let mut rng = SplitMix64::new(seed);
        let mut now = MonoTime::from_millis(3);
        for _ in 0..trips {
            let Admission::Admitted(permit) = breaker.admit(now, &mut rng) else { panic!("refused when told to come") };
            breaker.settle(permit, &Outcome::TIMEOUT, Span::ZERO, now, &mut rng);
            let Admission::Rejected { retry_at, .. } = breaker.admit(now, &mut rng) else { panic!("not open") };
            prop_assert_eq!(breaker.next_deadline(), Some(retry_at));
            let early = breaker.admit(retry_at.minus(Span::from_nanos(1)), &mut rng);
            let refused = matches!(early, Admission::Rejected { retry_at: again, .. } if again == retry_at);
            prop_assert!(refused);
            now = retry_at;
        }
    }

    #[test]
    fn forged_permits_change_no_state(raw in any::<u64>(), open in any::<bool>()) {
        let mut breaker = Breaker::new(config(2, 1, 1, 0));
        let mut rng = SplitMix64::new(0);
        if open {
            for _ in 0..2 {
                let Admission::Admitted(permit) = breaker.admit(MonoTime::ZERO, &mut rng) else { panic!() };
                breaker.settle(permit, &Outcome::NETWORK, Span::ZERO, MonoTime::ZERO, &mut rng);
            }
        }
        let before = breaker.state();
        breaker.settle(Permit::from_raw(raw), &Outcome::NETWORK, Span::ZERO, MonoTime::ZERO, &mut rng);
        prop_assert_eq!(breaker.state(), before);
    }

    #[test]
    fn a_clock_that_jumps_anywhere_locks_nobody_out(jumps in prop::collection::vec(any::<u32>(), 1..50)) {
        let mut breaker = Breaker::new(config(1, 1, 1, 0));
        let mut rng = SplitMix64::new(0);
        for jump in jumps {
            let now = MonoTime::from_millis(u64::from(jump));
            match breaker.admit(now, &mut rng) {
                Admission::Admitted(permit) => {
                    breaker.settle(permit, &Outcome::NETWORK, Span::ZERO, now, &mut rng);
                }
                // Whatever the clock did, the told wait is no longer than the longest cool-down.
                Admission::Rejected { retry_at, .. } => {
                    prop_assert!(retry_at.since(now) <= Span::from_millis(4_000) + Span::from_millis(1_000));
                }
            }
        }
    }
}
