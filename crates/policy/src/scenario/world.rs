//! What a scenario acts upon: one breaker, one limiter, one GCRA, and calls by name.

use super::line::{outcome, span, time};
use super::outbox::Replayed;
use super::shelf::Shelf;
use crate::breaker::{Admission, Breaker, Permit, Rejection, Snapshot};
use crate::call::{Action, Call, Guards, Input, Wait};
use crate::class::hint::rate_limit;
use crate::class::{Class, Outcome, Service};
use crate::limit::gcra::Pass;
use crate::limit::{Gcra, Inflight, Patience, Refusal, SlidingWindow, Ticket, Turn};
use crate::policy::{PolicyDraft, Rules, Value};
use crate::queue::Priority;
use crate::retry::{Budget, Repeat};
use crate::rng::{Rng, SplitMix64};
use crate::time::{MonoTime, Span, UnixTime};

/// Any moment will do.
const SAVED_AT: UnixTime = UnixTime::from_secs(1_700_000_000);

#[derive(Default)]
pub(super) struct World {
    draft: PolicyDraft,
    random: Random,
    stage: Option<Stage>,
}

struct Stage {
    rules: Rules,
    breaker: Breaker,
    limiter: SlidingWindow,
    inflight: Inflight,
    gcra: Gcra,
    arrival: MonoTime,
    budget: Budget,
    permits: Vec<(String, Permit)>,
    tickets: Vec<(String, Ticket)>,
    calls: Vec<(String, Call)>,
    saved: Option<String>,
    shelf: Shelf,
    replayed: Replayed,
}

#[derive(Default)]
enum Random {
    #[default]
    Lowest,
    Highest,
    Seeded(SplitMix64),
}

impl Rng for Random {
    fn next_u64(&mut self) -> u64 {
        match self {
            Self::Lowest => 0,
            Self::Highest => u64::MAX,
            Self::Seeded(rng) => rng.next_u64(),
        }
    }
}

impl World {
    pub(super) fn prepare(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["set", path, value] if self.stage.is_none() => {
                let value = value.parse().map_or(Value::Text(value), Value::Number);
                self.draft.set(path, value).map_err(|error| error.to_string())
            }
            ["random", "lowest"] => self.draw(Random::Lowest),
            ["random", "highest"] => self.draw(Random::Highest),
            ["random", seed] => {
                let seed = seed.parse().map_err(|_| "a seed is a number".to_owned())?;
                self.draw(Random::Seeded(SplitMix64::new(seed)))
            }
            _ => Err("no such preparation, or too late for it".to_owned()),
        }
    }

    pub(super) fn step(&mut self, now: MonoTime, words: &[&str]) -> Result<String, String> {
        if self.stage.is_none() {
            self.stage = Some(Stage::new(self.draft.clone())?);
        }
        let stage = self.stage.as_mut().ok_or("no stage")?;
        stage
            .step(now, words, &mut self.random)
            .ok_or_else(|| "no such step".to_owned())
    }

    fn draw(&mut self, random: Random) -> Result<(), String> {
        self.random = random;
        Ok(())
    }
}

impl Stage {
    fn new(draft: PolicyDraft) -> Result<Self, String> {
        let policy = draft.finish().map_err(|error| error.to_string())?;
        let rules = *policy.service(Service::Rest);
        Ok(Self {
            rules,
            breaker: Breaker::new(rules.breaker),
            limiter: SlidingWindow::new(rules.quota(Class::Reads)).adapting(rules.floor),
            inflight: Inflight::new(rules.inflight),
            gcra: Gcra::new(policy.per_address()),
            arrival: MonoTime::ZERO,
            budget: Budget::new(rules.retry.budget),
            permits: Vec::new(),
            tickets: Vec::new(),
            calls: Vec::new(),
            saved: None,
            shelf: Shelf::default(),
            replayed: Replayed::default(),
        })
    }

    fn step(&mut self, now: MonoTime, words: &[&str], rng: &mut Random) -> Option<String> {
        match words {
            ["admit", name] => Some(self.admit(name, now, rng)),
            ["settle", name, end] => self.settle(name, &outcome(end)?, Span::ZERO, now, rng),
            ["settle", name, end, latency] => self.settle(name, &outcome(end)?, span(latency)?, now, rng),
            ["take" | "wait" | "redeem" | "leave" | "hold" | "told", ..] => self.limit(now, words),
            ["ready"] => Some(self.ready(now)),
            ["gcra", cost] => Some(pass(self.gcra.check(&mut self.arrival, now, cost.parse().ok()?))),
            ["start" | "wake" | "answer" | "abort", ..] => self.call(now, words, rng),
            ["cache", step @ ..] => self.shelf.step(now, step),
            ["outbox", step @ ..] => self.replayed.step(now, step, rng),
            ["event"] => Some(self.event()),
            ["deadline"] => Some(self.breaker.next_deadline().map_or("none".to_owned(), time)),
            ["save" | "reload" | "stored", ..] => self.store(now, words),
            _ => self.command(now, words, rng),
        }
    }

    fn command(&mut self, now: MonoTime, words: &[&str], rng: &mut Random) -> Option<String> {
        match words {
            ["cancel", name] => self.breaker.cancel(find(&self.permits, name)?, now),
            ["tick"] => self.breaker.tick(now, rng),
            ["force_open"] => self.breaker.force_open(now),
            ["force_closed"] => self.breaker.force_closed(now),
            ["disable"] => self.breaker.disable(now),
            ["watch_only"] => self.breaker.watch_only(now),
            ["reset"] => self.breaker.reset(now),
            ["state"] => (),
            _ => return None,
        }
        Some(self.state())
    }

    fn state(&self) -> String {
        self.breaker.state().name().to_owned()
    }

    fn admit(&mut self, name: &str, now: MonoTime, rng: &mut Random) -> String {
        match self.breaker.admit(now, rng) {
            Admission::Admitted(permit) => {
                put(&mut self.permits, name, permit);
                "admitted".to_owned()
            }
            Admission::Rejected {
                retry_at: MonoTime::FAR,
                reason,
            } => format!("rejected {}", rejection(reason)),
            Admission::Rejected { retry_at, reason } => {
                format!("rejected {} until {}", rejection(reason), time(retry_at))
            }
        }
    }

    fn settle(
        &mut self,
        name: &str,
        outcome: &Outcome,
        latency: Span,
        now: MonoTime,
        rng: &mut Random,
    ) -> Option<String> {
        self.breaker
            .settle(find(&self.permits, name)?, outcome, latency, now, rng);
        Some(self.state())
    }

    fn event(&mut self) -> String {
        self.breaker.poll_event().map_or("none".to_owned(), |event| {
            format!(
                "{} > {} {}",
                event.from.name(),
                event.to.name(),
                event.cause.name()
            )
        })
    }

    fn store(&mut self, now: MonoTime, words: &[&str]) -> Option<String> {
        match words {
            ["save"] => {
                self.saved = Some(self.breaker.snapshot(now, SAVED_AT).encode());
                Some("saved".to_owned())
            }
            ["stored", text] => {
                Some(Snapshot::decode(text).map_or_else(|e| refused(&e), |_| "ok".to_owned()))
            }
            ["reload", elapsed] => {
                let unix = UnixTime::from_millis(SAVED_AT.as_millis() + span(elapsed)?.as_millis());
                self.reload(now, unix)
            }
            ["reload", "minus", elapsed] => {
                let unix = UnixTime::from_millis(SAVED_AT.as_millis() - span(elapsed)?.as_millis());
                self.reload(now, unix)
            }
            _ => None,
        }
    }

    fn reload(&mut self, now: MonoTime, unix: UnixTime) -> Option<String> {
        let snapshot = Snapshot::decode(self.saved.as_deref()?);
        let restored = snapshot.and_then(|stored| Breaker::restore(self.rules.breaker, &stored, now, unix));
        match restored {
            Ok(breaker) => {
                self.breaker = breaker;
                Some(self.state())
            }
            Err(error) => Some(refused(&error)),
        }
    }

    /// The call whose place has come.
    fn ready(&mut self, now: MonoTime) -> String {
        let Some(slot) = self.inflight.poll_ready(now) else {
            return "none".to_owned();
        };
        let called = self.calls.iter().find(|(_, call)| call.in_line() == Some(slot));
        called.map_or("nobody".to_owned(), |(name, _)| name.clone())
    }

    fn limit(&mut self, now: MonoTime, words: &[&str]) -> Option<String> {
        let config = self.rules.call(Class::Reads);
        match words {
            ["take"] => {
                let turn = self.limiter.take(now);
                return Some(self.turn("", turn));
            }
            ["wait", name] => {
                let turn = self.limiter.reserve(now, config.patience);
                return Some(self.turn(name, turn));
            }
            ["wait", name, word] => {
                let patience = Patience {
                    priority: priority(word)?,
                    ..config.patience
                };
                let turn = self.limiter.reserve(now, patience);
                return Some(self.turn(name, turn));
            }
            ["redeem", name] => {
                let turn = self.limiter.redeem(find(&self.tickets, name)?, now);
                return Some(self.turn(name, turn));
            }
            ["leave", name] => self.limiter.cancel(find(&self.tickets, name)?),
            ["hold"] => self.limiter.hold(now, None, config.hold_off, config.max_hold),
            ["hold", told] => self
                .limiter
                .hold(now, Some(span(told)?), config.hold_off, config.max_hold),
            ["told", header] => self
                .limiter
                .learn(now, rate_limit(header, None)?, config.max_hold),
            _ => return None,
        }
        Some(format!("{} left", self.limiter.remaining(now)))
    }

    fn turn(&mut self, name: &str, turn: Turn) -> String {
        match turn {
            Turn::Now { remaining } => format!("now {remaining} left"),
            Turn::At(ticket, at) => {
                put(&mut self.tickets, name, ticket);
                format!("at {}", time(at))
            }
            Turn::Refused {
                retry_at,
                reason: Refusal::TooLong,
            } => {
                format!("refused too_long until {}", time(retry_at))
            }
            Turn::Refused {
                retry_at,
                reason: Refusal::QueueFull,
            } => {
                format!("refused queue_full until {}", time(retry_at))
            }
        }
    }

    fn call(&mut self, now: MonoTime, words: &[&str], rng: &mut Random) -> Option<String> {
        let end;
        let mut config = self.rules.call(Class::Reads);
        if let ["start", _, _, word] = words {
            config.patience.priority = priority(word)?;
        }
        let (name, mut call, input) = match words {
            ["start", name, "safe", ..] => (*name, Call::new(Repeat::Safe), Input::Start),
            ["start", name, "unsafe", ..] => (*name, Call::new(Repeat::IfNotDone), Input::Start),
            ["wake", name] => (*name, find(&self.calls, name)?, Input::Woken),
            ["abort", name] => (*name, find(&self.calls, name)?, Input::Aborted),
            ["answer", name] => (*name, find(&self.calls, name)?, Input::Answering),
            ["answer", name, attempt, text] => {
                end = outcome(text)?;
                let input = Input::Settled {
                    attempt: attempt.parse().ok()?,
                    outcome: &end,
                    rate: None,
                };
                (*name, find(&self.calls, name)?, input)
            }
            _ => return None,
        };
        let mut guards = Guards {
            breaker: &mut self.breaker,
            limiter: Some(&mut self.limiter),
            inflight: Some(&mut self.inflight),
            budget: &mut self.budget,
        };
        let action = call.handle(&config, &mut guards, input, now, rng);
        put(&mut self.calls, name, call);
        Some(described(action))
    }
}

fn described(action: Action) -> String {
    match action {
        Action::Send { attempt, give_up_at } => format!("send {attempt} until {}", time(give_up_at)),
        Action::SleepUntil {
            at,
            reason: Wait::Turn,
        } => format!("sleep turn until {}", time(at)),
        Action::SleepUntil {
            at,
            reason: Wait::Retry,
        } => format!("sleep retry until {}", time(at)),
        Action::SleepUntil {
            at,
            reason: Wait::Slot,
        } => format!("sleep slot until {}", time(at)),
        Action::Deliver => "deliver".to_owned(),
        Action::Fail {
            category,
            retry_at: None,
        } => format!("fail {}", category.name()),
        Action::Fail {
            category,
            retry_at: Some(at),
        } => format!("fail {} until {}", category.name(), time(at)),
        Action::Pending => "pending".to_owned(),
    }
}

fn priority(word: &str) -> Option<Priority> {
    Priority::ALL.into_iter().find(|priority| priority.name() == word)
}

const fn rejection(reason: Rejection) -> &'static str {
    match reason {
        Rejection::Open => "open",
        Rejection::ProbesUnderWay => "probes_under_way",
        Rejection::ForcedOpen => "forced_open",
    }
}

fn pass(pass: Pass) -> String {
    match pass {
        Pass::Admitted { remaining, .. } => format!("now {remaining} left"),
        Pass::Refused {
            retry_at: MonoTime::FAR,
        } => "refused".to_owned(),
        Pass::Refused { retry_at } => format!("refused until {}", time(retry_at)),
    }
}

/// The last word of the error's sentence tells the refusals apart.
fn refused(error: &crate::error::SnapshotError) -> String {
    error
        .to_string()
        .rsplit(' ')
        .next()
        .unwrap_or_default()
        .to_owned()
}

fn find<T: Clone>(named: &[(String, T)], name: &str) -> Option<T> {
    named
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.clone())
}

fn put<T>(named: &mut Vec<(String, T)>, name: &str, value: T) {
    named.retain(|(known, _)| known != name);
    named.push((name.to_owned(), value));
}
