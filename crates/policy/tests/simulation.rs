//! A thousand clients, one server that fails and recovers: no retry storm, no probing in step.
//!
//! Every client has its own breaker, budget and randomness, as pages have. Time is simulated: minutes pass in
//! about a second.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use seawall_policy::breaker::Breaker;
use seawall_policy::call::{Action, Call, CallConfig, Guards, Input};
use seawall_policy::class::{Answer, Class, Outcome, Service, classify};
use seawall_policy::event::State;
use seawall_policy::policy::{Policy, PolicyDraft, Value};
use seawall_policy::retry::{Budget, Repeat};
use seawall_policy::rng::{Rng, SplitMix64};
use seawall_policy::time::{MonoTime, Span};

const CLIENTS: usize = 1_000;
const LATENCY: Span = Span::from_millis(40);

#[test]
fn an_outage_causes_no_storm_and_ends_without_one() {
    let outage = 60..180;
    let report = simulate(&policy(), 360, Rhythm::Even, |second, _| {
        if outage.contains(&second) {
            Outcome::NETWORK
        } else {
            Outcome::SUCCESS
        }
    });
    let usual = report.busiest(10..60);
    assert!(report.total() * 10 <= report.offered * 11 + report.probes.len() as u64 * 10);
    // When it begins, each client has a few retries saved up; they and the opening circuits are over in seconds,
    // so that no ten seconds carry more than a tenth above what is usual.
    assert!(
        report.busiest_stretch(10, 60..360) * 10 <= usual * 10 * 11,
        "{usual} {:?}",
        report.requests
    );
    assert!(
        report.busiest(64..360) * 10 <= usual * 11,
        "{usual} {:?}",
        report.requests
    );
    // Fifteen seconds into the outage the server is left alone but for probes: a fiftieth of the load.
    assert!(
        report.sent(75..180) * 50 <= usual * 105,
        "{}",
        report.sent(75..180)
    );
    // When it ends, all circuits close within the cool-down they were in.
    assert_eq!(report.closed_at_end, CLIENTS);
    assert_eq!(report.failed(330..360), 0);
}

#[test]
fn clients_that_failed_together_do_not_probe_together() {
    let outage = 60..400;
    let report = simulate(&policy(), 400, Rhythm::InStep, |second, _| {
        if outage.contains(&second) {
            Outcome::NETWORK
        } else {
            Outcome::SUCCESS
        }
    });
    // All open at the same instant; the first probes come over the seven and a half seconds of jitter, and no
    // half second sees more than twice its even share.
    let first: Vec<MonoTime> = report
        .probes
        .iter()
        .copied()
        .filter(|at| second_of(*at) < 102)
        .collect();
    assert!(first.len() >= CLIENTS, "{}", first.len());
    let earliest = first.iter().min().copied().unwrap_or_default();
    assert!(earliest >= MonoTime::from_millis(90_000), "{earliest:?}");
    let even_share = CLIENTS / 15;
    assert!(
        crowd(&first, Span::from_millis(500)) <= even_share * 2,
        "{}",
        crowd(&first, Span::from_millis(500))
    );
    // With each cool-down they are further apart.
    let third: Vec<MonoTime> = report
        .probes
        .iter()
        .copied()
        .filter(|at| second_of(*at) >= 250)
        .collect();
    assert!(
        crowd(&third, Span::from_millis(500)) * 2 <= even_share * 2,
        "{}",
        crowd(&third, Span::from_millis(500))
    );
}

#[test]
fn a_server_that_names_its_return_is_left_alone_until_then_and_not_met_by_a_crowd() {
    let away = classify(&Answer::Response {
        service: Service::Rest,
        status: 503,
        code: None,
        retry_after: Some(Span::from_secs(60)),
    });
    let report = simulate(&policy(), 300, Rhythm::InStep, |second, _| {
        if (60..115).contains(&second) {
            away
        } else {
            Outcome::SUCCESS
        }
    });
    // Every client hears it once, and keeps to it.
    assert!(report.sent(61..119) == 0, "{:?}", &report.requests[60..122]);
    let probes: Vec<MonoTime> = report.probes.clone();
    assert!(
        crowd(&probes, Span::from_millis(500)) <= CLIENTS / 30 * 4,
        "{}",
        crowd(&probes, Span::from_millis(500))
    );
    assert_eq!(report.closed_at_end, CLIENTS);
}

#[test]
fn a_tenth_of_failures_costs_a_tenth_of_traffic_at_most() {
    let report = simulate(&tireless(), 150, Rhythm::Even, |_, rng| {
        if rng.up_to(9) == 0 {
            Outcome::NETWORK
        } else {
            Outcome::SUCCESS
        }
    });
    let saved_up = 5 * CLIENTS as u64;
    assert!(
        report.total() * 10 <= report.offered * 11 + saved_up * 10,
        "{} of {}",
        report.total(),
        report.offered
    );
    // And it helps: of the tenth that would fail, four in five are saved; the budget refuses the rest.
    assert!(
        report.failed(0..150) * 50 < report.offered,
        "{}",
        report.failed(0..150)
    );
}

#[test]
fn without_breakers_the_budget_alone_holds_back_the_storm() {
    let report = simulate(&tireless(), 150, Rhythm::Even, |second, _| {
        if (60..150).contains(&second) {
            Outcome::NETWORK
        } else {
            Outcome::SUCCESS
        }
    });
    let steady = report.sent(100..150);
    let offered = 50 * CLIENTS as u64;
    assert!(steady * 100 <= offered * 112, "{steady} of {offered}");
}

/// The defaults; a read may be made three times.
fn policy() -> Policy {
    Policy::default()
}

/// The defaults without a breaker: retries are all that is left.
fn tireless() -> Policy {
    let mut draft = PolicyDraft::default();
    draft.set("breaker.mode", Value::Text("disabled")).unwrap();
    draft.finish().unwrap()
}

/// When clients call.
#[derive(Clone, Copy)]
enum Rhythm {
    /// Once a second each, at an instant of its own.
    Even,
    /// Five calls each at the full minute, besides.
    InStep,
}

struct Client {
    breaker: Breaker,
    budget: Budget,
    rng: SplitMix64,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    Offer { again: bool },
    Wake(usize),
    Answer(usize, u32),
}

#[derive(Default)]
struct Report {
    offered: u64,
    /// Requests that reached the server, by second.
    requests: Vec<u64>,
    /// Calls that failed, by second.
    failures: Vec<u64>,
    probes: Vec<MonoTime>,
    closed_at_end: usize,
}

impl Report {
    fn total(&self) -> u64 {
        self.requests.iter().sum()
    }

    fn sent(&self, seconds: std::ops::Range<usize>) -> u64 {
        self.requests[seconds].iter().sum()
    }

    fn failed(&self, seconds: std::ops::Range<usize>) -> u64 {
        self.failures[seconds].iter().sum()
    }

    fn busiest_stretch(&self, length: usize, seconds: std::ops::Range<usize>) -> u64 {
        self.requests[seconds]
            .windows(length)
            .map(|stretch| stretch.iter().sum())
            .max()
            .unwrap_or(0)
    }

    fn busiest(&self, seconds: std::ops::Range<usize>) -> u64 {
        self.requests[seconds].iter().copied().max().unwrap_or(0)
    }
}

/// One page after another is asked what it does next; the earliest of all goes first.
struct Simulation<'a> {
    config: CallConfig,
    seconds: usize,
    clients: Vec<Client>,
    calls: Vec<(usize, Call)>,
    agenda: BinaryHeap<Reverse<(MonoTime, usize, Happening)>>,
    server: &'a mut dyn FnMut(usize, &mut SplitMix64) -> Outcome,
    server_rng: SplitMix64,
    report: Report,
}

fn simulate(
    policy: &Policy,
    seconds: usize,
    rhythm: Rhythm,
    mut server: impl FnMut(usize, &mut SplitMix64) -> Outcome,
) -> Report {
    let rules = policy.service(Service::Rest);
    let mut seeds = SplitMix64::new(42);
    let clients = (0..CLIENTS)
        .map(|_| Client {
            breaker: Breaker::new(rules.breaker),
            budget: Budget::new(rules.retry.budget),
            rng: SplitMix64::new(seeds.next_u64()),
        })
        .collect();
    let mut simulation = Simulation {
        config: rules.call(Class::Reads),
        seconds,
        clients,
        calls: Vec::new(),
        agenda: BinaryHeap::new(),
        server: &mut server,
        server_rng: SplitMix64::new(7),
        report: Report {
            requests: vec![0; seconds + 60],
            failures: vec![0; seconds + 60],
            ..Report::default()
        },
    };
    simulation.plan(rhythm, &mut seeds);
    simulation.run();
    let closed = simulation
        .clients
        .iter()
        .filter(|client| client.breaker.state() == State::Closed);
    simulation.report.closed_at_end = closed.count();
    simulation.report
}

impl Simulation<'_> {
    fn plan(&mut self, rhythm: Rhythm, rng: &mut SplitMix64) {
        for client in 0..CLIENTS {
            let phase = rng.span_up_to(Span::from_millis(999));
            self.agenda.push(Reverse((
                MonoTime::ZERO + phase,
                client,
                Happening::Offer { again: true },
            )));
            if matches!(rhythm, Rhythm::InStep) {
                for _ in 0..5 {
                    self.agenda.push(Reverse((
                        MonoTime::from_millis(60_000),
                        client,
                        Happening::Offer { again: false },
                    )));
                }
            }
        }
    }

    fn run(&mut self) {
        while let Some(Reverse((now, client, happening))) = self.agenda.pop() {
            let outcome;
            let (call, input) = match happening {
                Happening::Offer { again } => {
                    let next = now + Span::from_secs(1);
                    if again && second_of(next) < self.seconds {
                        self.agenda
                            .push(Reverse((next, client, Happening::Offer { again })));
                    }
                    self.report.offered += 1;
                    self.calls.push((client, Call::new(Repeat::Safe)));
                    (self.calls.len() - 1, Input::Start)
                }
                Happening::Wake(call) => (call, Input::Woken),
                Happening::Answer(call, attempt) => {
                    outcome = (self.server)(second_of(now.minus(LATENCY)), &mut self.server_rng);
                    (
                        call,
                        Input::Settled {
                            attempt,
                            outcome: &outcome,
                            rate: None,
                        },
                    )
                }
            };
            let succeeded = matches!(input, Input::Settled { outcome, .. } if outcome.is_success());
            let action = self.handle(client, call, input, now);
            self.perform(client, call, action, succeeded, now);
        }
    }

    fn handle(&mut self, client: usize, call: usize, input: Input<'_>, now: MonoTime) -> Action {
        let Client { breaker, budget, rng } = &mut self.clients[client];
        let mut guards = Guards {
            breaker,
            limiter: None,
            inflight: None,
            budget,
        };
        self.calls[call]
            .1
            .handle(&self.config, &mut guards, input, now, rng)
    }

    fn perform(&mut self, client: usize, call: usize, action: Action, succeeded: bool, now: MonoTime) {
        match action {
            Action::Send { attempt, .. } => {
                self.report.requests[second_of(now)] += 1;
                if self.clients[client].breaker.state() == State::HalfOpen {
                    self.report.probes.push(now);
                }
                self.agenda
                    .push(Reverse((now + LATENCY, client, Happening::Answer(call, attempt))));
            }
            Action::SleepUntil { at, .. } => self.agenda.push(Reverse((at, client, Happening::Wake(call)))),
            Action::Deliver if succeeded => (),
            Action::Deliver | Action::Fail { .. } => self.report.failures[second_of(now)] += 1,
            Action::Pending => (),
        }
    }
}

fn second_of(at: MonoTime) -> usize {
    usize::try_from(at.since(MonoTime::ZERO).as_millis() / 1_000).unwrap()
}

/// The most instants within any such span.
fn crowd(instants: &[MonoTime], span: Span) -> usize {
    let mut sorted = instants.to_vec();
    sorted.sort_unstable();
    let mut most = 0;
    let mut first = 0;
    for (index, at) in sorted.iter().enumerate() {
        while at.since(sorted[first]) >= span {
            first += 1;
        }
        most = most.max(index - first + 1);
    }
    most
}

#[test]
fn the_simulation_itself_is_repeatable() {
    let run = || {
        let report = simulate(&policy(), 100, Rhythm::Even, |second, _| {
            if second > 60 {
                Outcome::TIMEOUT
            } else {
                Outcome::SUCCESS
            }
        });
        (report.requests, report.probes)
    };
    assert_eq!(run(), run());
}
