//! One guarded call from its start to its end: limiter, breaker, attempts, timeouts, retries, deadline.
//!
//! The machine performs nothing. A driver feeds it an [`Input`], does what the [`Action`] says and feeds the
//! result back; between the two it arms one timer for [`Call::next_deadline`]. Whenever an action ends
//! an attempt that is still under way (after a timeout or an abort), the driver cancels the request;
//! an answer that arrives in spite of it carries an old attempt number and changes nothing.
//!
//! The breaker, the limiter and the budget are shared between calls and lent for one step at a time.

mod step;

pub use step::{Action, CallConfig, Guards, Input, Wait};

use crate::breaker::{Admission, Permit};
use crate::class::hint::RateHint;
use crate::class::{Category, Outcome, Verdict};
use crate::event::State;
use crate::limit::{Ticket, Turn};
use crate::retry::{Attempted, Decision, Repeat, decide};
use crate::rng::Rng;
use crate::time::{MonoTime, Span};

/// An attempt that ends so much later than it was to be given up was not watched meanwhile: the machine slept, or
/// the page was frozen. How it failed says nothing about the service.
const OVERSLEPT: Span = Span::from_secs(5);

/// One call.
#[derive(Clone, Debug)]
pub struct Call {
    repeat: Repeat,
    waited: Span,
    started_at: MonoTime,
    deadline: MonoTime,
    attempts: u32,
    last: Last,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    New,
    Queued {
        ticket: Ticket,
        at: MonoTime,
        since: MonoTime,
    },
    Resting {
        until: MonoTime,
    },
    Sending {
        permit: Permit,
        sent_at: MonoTime,
        give_up_at: MonoTime,
    },
    Done,
}

/// What the caller gets if no further attempt is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    Nothing,
    Answer,
    TimedOut,
}

impl Call {
    /// A call that has not begun.
    #[must_use]
    pub const fn new(repeat: Repeat) -> Self {
        Self {
            repeat,
            waited: Span::ZERO,
            started_at: MonoTime::ZERO,
            deadline: MonoTime::FAR,
            attempts: 0,
            last: Last::Nothing,
            phase: Phase::New,
        }
    }

    /// The same call, if its caller has waited already: the deadline and the end of the first attempt are that much
    /// nearer.
    #[must_use]
    pub const fn after_waiting(mut self, waited: Span) -> Self {
        self.waited = waited;
        self
    }

    /// Takes in what happened and says what to do.
    pub fn handle(
        &mut self,
        config: &CallConfig,
        guards: &mut Guards<'_>,
        input: Input<'_>,
        now: MonoTime,
        rng: &mut impl Rng,
    ) -> Action {
        match (input, self.phase) {
            (Input::Start, Phase::New) => {
                self.started_at = now.minus(self.waited);
                self.deadline = end_of(self.started_at, config.deadline).max(now);
                guards.budget.deposit();
                self.ask(config, guards, None, now, rng)
            }
            (Input::Woken, Phase::Queued { ticket, at, since }) if at <= now => {
                self.ask(config, guards, Some((ticket, since)), now, rng)
            }
            (Input::Woken, Phase::Resting { until }) if until <= now => {
                self.ask(config, guards, None, now, rng)
            }
            (
                Input::Woken,
                Phase::Sending {
                    permit,
                    sent_at,
                    give_up_at,
                },
            ) if give_up_at <= now => {
                let outcome = unless_overslept(self.timeout_outcome(config, sent_at, now), give_up_at, now);
                guards.breaker.settle(permit, &outcome, now - sent_at, now, rng);
                self.last = Last::TimedOut;
                self.after(config, guards, &Outcome::TIMEOUT, now, rng)
            }
            (
                Input::Settled {
                    attempt,
                    outcome,
                    rate,
                },
                Phase::Sending {
                    permit,
                    sent_at,
                    give_up_at,
                },
            ) if attempt == self.attempts => {
                let judged = unless_overslept(*outcome, give_up_at, now);
                guards.breaker.settle(permit, &judged, now - sent_at, now, rng);
                teach(config, guards, outcome, rate, now);
                self.last = Last::Answer;
                self.after(config, guards, outcome, now, rng)
            }
            (Input::Aborted, phase) => self.abort(guards, phase, now, rng),
            (Input::Start | Input::Woken | Input::Settled { .. }, _) => Action::Pending,
        }
    }

    /// When the call wants to be woken; `None` once it is over.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<MonoTime> {
        match self.phase {
            Phase::New | Phase::Done => None,
            Phase::Queued { at, .. } => Some(at),
            Phase::Resting { until } => Some(until),
            Phase::Sending { give_up_at, .. } => Some(give_up_at),
        }
    }

    /// How many attempts were made.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long ago the call began.
    #[must_use]
    pub const fn elapsed(&self, now: MonoTime) -> Span {
        now.since(self.started_at)
    }

    /// When the call must be over; [`MonoTime::FAR`] if it need not be.
    #[must_use]
    pub const fn deadline(&self) -> MonoTime {
        self.deadline
    }

    /// Whether the call is over.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// Asks the breaker and then the limiter for leave to send.
    fn ask(
        &mut self,
        config: &CallConfig,
        guards: &mut Guards<'_>,
        queued: Option<(Ticket, MonoTime)>,
        now: MonoTime,
        rng: &mut impl Rng,
    ) -> Action {
        let permit = match guards.breaker.admit(now, rng) {
            Admission::Admitted(permit) => permit,
            Admission::Rejected { retry_at, .. } => {
                if let (Some(limiter), Some((ticket, _))) = (guards.limiter.as_deref_mut(), queued) {
                    limiter.cancel(ticket);
                }
                return self.refuse(Category::CircuitOpen, retry_at);
            }
        };
        let Some(limiter) = guards.limiter.as_deref_mut() else {
            return self.send(config, permit, now);
        };
        let since = queued.map_or(now, |(_, since)| since);
        let turn = match queued {
            Some((ticket, _)) => limiter.redeem(ticket, now),
            None => limiter.reserve(now, config.patience),
        };
        match turn {
            Turn::Now { .. } => self.send(config, permit, now),
            Turn::At(ticket, at) => {
                guards.breaker.cancel(permit, now);
                if at >= self.deadline || at.since(since) > config.patience.max_wait {
                    limiter.cancel(ticket);
                    return self.refuse(Category::RateLimited, at);
                }
                self.phase = Phase::Queued { ticket, at, since };
                Action::SleepUntil {
                    at,
                    reason: Wait::Turn,
                }
            }
            Turn::Refused { retry_at, .. } => {
                guards.breaker.cancel(permit, now);
                self.refuse(Category::RateLimited, retry_at)
            }
        }
    }

    fn send(&mut self, config: &CallConfig, permit: Permit, now: MonoTime) -> Action {
        self.attempts += 1;
        // What the caller waited for (a token) is part of the first attempt.
        let begun_at = if self.attempts == 1 {
            now.minus(self.waited)
        } else {
            now
        };
        let give_up_at = end_of(begun_at, config.timeout).max(now).min(self.deadline);
        self.phase = Phase::Sending {
            permit,
            sent_at: now,
            give_up_at,
        };
        Action::Send {
            attempt: self.attempts,
            give_up_at,
        }
    }

    /// After an attempt: another one, or the end.
    fn after(
        &mut self,
        config: &CallConfig,
        guards: &mut Guards<'_>,
        outcome: &Outcome,
        now: MonoTime,
        rng: &mut impl Rng,
    ) -> Action {
        // A circuit that this very failure has opened would refuse the retry anyway.
        if matches!(guards.breaker.state(), State::Open | State::ForcedOpen) {
            return self.conclude();
        }
        let attempted = Attempted {
            outcome,
            repeat: self.repeat,
            attempts_made: self.attempts,
            deadline: self.deadline,
        };
        match decide(&config.retry, &attempted, guards.budget, now, rng) {
            Decision::Retry { at } => {
                self.phase = Phase::Resting { until: at };
                Action::SleepUntil {
                    at,
                    reason: Wait::Retry,
                }
            }
            Decision::Stop(_) => self.conclude(),
        }
    }

    /// Refused leave ends the call: with what an earlier attempt brought, or else with the refusal.
    fn refuse(&mut self, category: Category, retry_at: MonoTime) -> Action {
        if self.last != Last::Nothing {
            return self.conclude();
        }
        self.phase = Phase::Done;
        let retry_at = Some(retry_at).filter(|at| *at < MonoTime::FAR);
        Action::Fail { category, retry_at }
    }

    fn conclude(&mut self) -> Action {
        self.phase = Phase::Done;
        match self.last {
            Last::TimedOut => Action::Fail {
                category: Category::Timeout,
                retry_at: None,
            },
            Last::Nothing | Last::Answer => Action::Deliver,
        }
    }

    fn abort(&mut self, guards: &mut Guards<'_>, phase: Phase, now: MonoTime, rng: &mut impl Rng) -> Action {
        match phase {
            Phase::Done => return Action::Pending,
            Phase::Queued { ticket, .. } => {
                if let Some(limiter) = guards.limiter.as_deref_mut() {
                    limiter.cancel(ticket);
                }
            }
            Phase::Sending { permit, sent_at, .. } => {
                guards
                    .breaker
                    .settle(permit, &Outcome::ABORTED, now - sent_at, now, rng);
            }
            Phase::New | Phase::Resting { .. } => (),
        }
        self.phase = Phase::Done;
        Action::Fail {
            category: Category::Aborted,
            retry_at: None,
        }
    }

    /// An attempt that the call's deadline cut short says nothing about the service, unless it had at least
    /// half the time that an attempt is meant to have.
    fn timeout_outcome(&self, config: &CallConfig, sent_at: MonoTime, now: MonoTime) -> Outcome {
        let meant = end_of(sent_at, config.timeout)
            .min(end_of(sent_at, config.deadline))
            .since(sent_at);
        let fair = now.since(sent_at) >= meant.parts_per_million(500_000);
        if fair {
            Outcome::TIMEOUT
        } else {
            Outcome {
                verdict: Verdict::Neutral,
                ..Outcome::TIMEOUT
            }
        }
    }
}

/// The outcome as the breaker is to see it: a failure nobody was awake for is none.
fn unless_overslept(outcome: Outcome, give_up_at: MonoTime, now: MonoTime) -> Outcome {
    if outcome.verdict == Verdict::Failure && now.since(give_up_at) > OVERSLEPT {
        return Outcome {
            verdict: Verdict::Neutral,
            ..outcome
        };
    }
    outcome
}

/// Lets the limiter learn from an answer.
fn teach(
    config: &CallConfig,
    guards: &mut Guards<'_>,
    outcome: &Outcome,
    rate: Option<RateHint>,
    now: MonoTime,
) {
    let Some(limiter) = guards.limiter.as_deref_mut() else {
        return;
    };
    if let Some(rate) = rate {
        limiter.learn(now, rate, config.max_hold);
    }
    if outcome.category == Some(Category::RateLimited) {
        limiter.hold(now, outcome.retry_after, config.hold_off, config.max_hold);
    } else {
        limiter.served();
    }
}

fn end_of(now: MonoTime, span: Span) -> MonoTime {
    if span.is_zero() { MonoTime::FAR } else { now + span }
}

#[cfg(test)]
mod tests;
