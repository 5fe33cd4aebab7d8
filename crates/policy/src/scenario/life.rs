//! Random lives: a breaker, a limit, a cap and a few calls, to which anything may happen.
//!
//! A life is a seed, and its digest is of every decision that was made in it. Natively and compiled to wasm32 the
//! digests must be the same; `tests/lives.txt` holds those of the first lives.

use crate::breaker::{Breaker, Snapshot};
use crate::call::{Action, Call, Guards, Input};
use crate::class::{Answer, Outcome, Service, classify};
use crate::class::{Class, hint::rate_limit};
use crate::limit::{Inflight, SlidingWindow};
use crate::policy::{Policy, PolicyDraft, Rules, Value};
use crate::queue::Priority;
use crate::retry::{Budget, Repeat};
use crate::rng::{Rng, SplitMix64};
use crate::time::{MonoTime, Span, UnixTime};

const STEPS: u64 = 400;
const CALLS: usize = 12;
const STATUSES: [u16; 10] = [200, 200, 200, 404, 409, 429, 500, 502, 503, 504];
const CODES: [Option<&str>; 4] = [None, Some("40001"), Some("57014"), Some("PGRST003")];

struct Life {
    rules: Rules,
    breaker: Breaker,
    limiter: SlidingWindow,
    inflight: Inflight,
    budget: Budget,
    calls: Vec<Call>,
    now: MonoTime,
    chance: SplitMix64,
    jitter: SplitMix64,
    digest: u64,
}

/// The digest of everything decided in the life of this seed.
#[must_use]
pub fn life(seed: u64) -> u64 {
    let mut life = Life::new(seed);
    for _ in 0..STEPS {
        life.step();
    }
    life.digest
}

impl Life {
    fn new(seed: u64) -> Self {
        let policy = policy().unwrap_or_default();
        let rules = *policy.service(Service::Rest);
        Self {
            breaker: Breaker::new(rules.breaker),
            limiter: SlidingWindow::new(rules.quota(Class::Reads)).adapting(rules.floor),
            inflight: Inflight::new(rules.inflight),
            budget: Budget::new(rules.retry.budget),
            rules,
            calls: Vec::new(),
            now: MonoTime::from_millis(1_000),
            chance: SplitMix64::new(seed),
            jitter: SplitMix64::new(!seed),
            digest: 0xCBF2_9CE4_8422_2325,
        }
    }

    fn step(&mut self) {
        self.pass_time();
        match self.chance.up_to(11) {
            0..=3 => self.start(),
            4..=7 => self.answer(),
            8 => self.feed(Input::Woken),
            9 => self.feed(Input::Aborted),
            10 => {
                self.breaker.tick(self.now, &mut self.jitter);
                self.note(self.breaker.next_deadline().map_or(0, MonoTime::as_nanos));
            }
            _ => self.rarely(),
        }
        self.note(u64::from(self.breaker.state().code()));
        self.note(u64::from(self.limiter.remaining(self.now)));
        while let Some(event) = self.breaker.poll_event() {
            self.note(event.at.as_nanos());
            self.note(event.until.map_or(0, MonoTime::as_nanos));
        }
    }

    /// Mostly a little, sometimes a lot, now and then a clock set back.
    fn pass_time(&mut self) {
        let span = Span::from_millis(match self.chance.up_to(15) {
            0 => self.chance.up_to(90_000),
            1..=4 => self.chance.up_to(3_000),
            _ => self.chance.up_to(60),
        });
        self.now = if self.chance.up_to(60) == 0 {
            self.now.minus(span)
        } else {
            self.now + span
        };
    }

    fn start(&mut self) {
        let repeat = if self.chance.up_to(1) == 0 {
            Repeat::Safe
        } else {
            Repeat::IfNotDone
        };
        let call = Call::new(repeat).after_waiting(Span::from_millis(self.chance.up_to(5)));
        if self.calls.len() == CALLS {
            self.calls.remove(0);
        }
        self.calls.push(call);
        self.handle(self.calls.len() - 1, Input::Start);
    }

    fn answer(&mut self) {
        let outcome = self.outcome();
        let rate = (self.chance.up_to(9) == 0).then(|| rate_limit("\"q\";r=2;t=3", None));
        let Some(index) = self.any_call() else { return };
        let attempt = self.calls.get(index).map_or(0, Call::attempts);
        self.handle(
            index,
            Input::Settled {
                attempt,
                outcome: &outcome,
                rate: rate.flatten(),
            },
        );
    }

    fn outcome(&mut self) -> Outcome {
        let status = self.pick(&STATUSES).unwrap_or(200);
        let code = self.pick(&CODES).flatten();
        let retry_after = (self.chance.up_to(5) == 0).then(|| Span::from_millis(self.chance.up_to(9_000)));
        match self.chance.up_to(9) {
            0 => Outcome::NETWORK,
            1 => Outcome::OFFLINE,
            _ => classify(&Answer::Response {
                service: Service::Rest,
                status,
                code,
                retry_after,
            }),
        }
    }

    fn rarely(&mut self) {
        match self.chance.up_to(20) {
            0 => self.breaker.force_open(self.now),
            1 => self.breaker.force_closed(self.now),
            2 => self.breaker.disable(self.now),
            3..=5 => self.breaker.reset(self.now),
            6..=9 => self.reload(),
            _ => (),
        }
    }

    fn reload(&mut self) {
        const WALL: UnixTime = UnixTime::from_secs(1_700_000_000);
        let numbers = self.breaker.snapshot(self.now, WALL).numbers();
        for number in &numbers {
            self.note(number.to_bits());
        }
        let away = UnixTime::from_millis(WALL.as_millis() + self.chance.up_to(400_000));
        let restored = Snapshot::from_numbers(&numbers)
            .and_then(|snapshot| Breaker::restore(self.rules.breaker, &snapshot, self.now, away));
        match restored {
            Ok(breaker) => self.breaker = breaker,
            Err(error) => self.note(u64::from(error.code())),
        }
    }

    fn feed(&mut self, input: Input<'_>) {
        if let Some(index) = self.any_call() {
            self.handle(index, input);
        }
    }

    fn handle(&mut self, index: usize, input: Input<'_>) {
        let mut config = self.rules.call(Class::Reads);
        config.patience.priority = self.pick(&Priority::ALL).unwrap_or_default();
        let Some(call) = self.calls.get_mut(index) else {
            return;
        };
        let mut guards = Guards {
            breaker: &mut self.breaker,
            limiter: Some(&mut self.limiter),
            inflight: Some(&mut self.inflight),
            budget: &mut self.budget,
        };
        let action = call.handle(&config, &mut guards, input, self.now, &mut self.jitter);
        let deadline = call.next_deadline().map_or(0, MonoTime::as_nanos);
        let (code, number) = match action {
            Action::Send { attempt, give_up_at } => (u64::from(attempt), give_up_at.as_nanos()),
            Action::SleepUntil { at, reason } => (10 + reason as u64, at.as_nanos()),
            Action::Deliver => (20, 0),
            Action::Fail { category, retry_at } => (
                30 + u64::from(category.code()),
                retry_at.map_or(0, MonoTime::as_nanos),
            ),
            Action::Pending => (50, 0),
        };
        for number in [code, number, deadline] {
            self.note(number);
        }
    }

    fn any_call(&mut self) -> Option<usize> {
        let last = self.calls.len().checked_sub(1)?;
        usize::try_from(self.chance.up_to(last as u64)).ok()
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        let last = from.len().checked_sub(1)?;
        from.get(usize::try_from(self.chance.up_to(last as u64)).ok()?)
            .copied()
    }

    fn note(&mut self, number: u64) {
        for byte in number.to_le_bytes() {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
        }
    }
}

/// Small numbers, so that everything happens often.
fn policy() -> Option<Policy> {
    let mut draft = PolicyDraft::default();
    for (path, number) in [
        ("limits.reads.limit", 9.0),
        ("limits.reads.window", 2_000.0),
        ("limits.maxQueue", 4.0),
        ("breaker.minimumThroughput", 6.0),
        ("breaker.resetTimeout", 4_000.0),
        ("breaker.slowCallDuration", 500.0),
        ("retry.budgetRatio", 0.5),
        ("timeout", 2_000.0),
        ("deadline", 9_000.0),
    ] {
        draft.set(path, Value::Number(number)).ok()?;
    }
    draft.finish().ok()
}
