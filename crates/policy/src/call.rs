//! One guarded call from its start to its end: breaker, place, turn, attempts, timeouts, retries, deadline.
//!
//! The machine performs nothing. A driver feeds it an [`Input`], does what the [`Action`] says and feeds the
//! result back; between the two it arms one timer for [`Call::next_deadline`]. Whenever an action ends
//! an attempt that is still under way (after a timeout or an abort), the driver cancels the request;
//! an answer that arrives in spite of it carries an old attempt number and changes nothing.
//!
//! Each attempt asks the breaker first, which refuses at once; then for a place among those under way, then
//! for its turn. In this order a turn is counted at the instant of sending and never before a wait, and a place
//! is never held through one: while a call waits for its turn its place is another's.
//!
//! The breaker, the limiter, the places and the budget are shared between calls and lent for one step at a time.

mod leave;
mod step;

use leave::{Hand, leave_place, teach, vacate};
pub use step::{Action, CallConfig, Guards, Input, Wait};

use crate::breaker::Permit;
use crate::class::{Category, Outcome, Verdict};
use crate::event::State;
use crate::limit::inflight::Slot;
use crate::limit::{Signal, Ticket};
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
    /// Since when it waits, and how long it has waited before.
    waits_since: Option<MonoTime>,
    queued: Span,
    last: Last,
    phase: Phase,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    New,
    /// For its turn.
    Queued {
        ticket: Ticket,
        at: MonoTime,
    },
    /// In line for a place, with its turn in hand if it had waited for that before.
    InLine {
        slot: Slot,
        ticket: Option<Ticket>,
        until: MonoTime,
    },
    Resting {
        until: MonoTime,
    },
    Sending {
        permit: Permit,
        slot: Option<Slot>,
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
            waits_since: None,
            queued: Span::ZERO,
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
                self.ask(config, guards, Hand::default(), now, rng)
            }
            // Early too: a lease may have come, or a place.
            (Input::Woken, Phase::Queued { ticket, .. }) => {
                self.ask(config, guards, Hand::of(None, Some(ticket)), now, rng)
            }
            (Input::Woken, Phase::InLine { slot, ticket, until }) => {
                if until <= now {
                    self.end_wait(guards, ticket, slot, now)
                } else if guards
                    .inflight
                    .as_deref()
                    .is_none_or(|inflight| inflight.holds(slot))
                {
                    self.ask(config, guards, Hand::of(Some(slot), ticket), now, rng)
                } else {
                    Action::Pending
                }
            }
            (Input::Woken, Phase::Resting { until }) if until <= now => {
                self.ask(config, guards, Hand::default(), now, rng)
            }
            (
                Input::Woken,
                Phase::Sending {
                    permit,
                    slot,
                    sent_at,
                    give_up_at,
                },
            ) if give_up_at <= now => {
                let outcome = unless_overslept(self.timeout_outcome(config, sent_at, now), give_up_at, now);
                guards.breaker.settle(permit, &outcome, now - sent_at, now, rng);
                vacate(guards, slot, &outcome, sent_at, now);
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
                    slot,
                    sent_at,
                    give_up_at,
                },
            ) if attempt == self.attempts => {
                let judged = unless_overslept(*outcome, give_up_at, now);
                guards.breaker.settle(permit, &judged, now - sent_at, now, rng);
                vacate(guards, slot, &judged, sent_at, now);
                teach(config, guards, outcome, rate, now);
                self.last = Last::Answer;
                self.after(config, guards, outcome, now, rng)
            }
            (
                Input::Answering,
                Phase::Sending {
                    permit,
                    slot: Some(slot),
                    sent_at,
                    give_up_at,
                },
            ) => {
                leave_place(guards, slot, Signal::Served(now - sent_at), sent_at, now);
                self.phase = Phase::Sending {
                    permit,
                    slot: None,
                    sent_at,
                    give_up_at,
                };
                Action::Pending
            }
            (Input::Aborted, phase) => self.abort(guards, phase, now, rng),
            (Input::Start | Input::Woken | Input::Answering | Input::Settled { .. }, _) => Action::Pending,
        }
    }

    /// When the call wants to be woken; `None` once it is over.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<MonoTime> {
        match self.phase {
            Phase::New | Phase::Done => None,
            Phase::Queued { at, .. } => Some(at),
            Phase::InLine { until, .. } => Some(until),
            Phase::Resting { until } => Some(until),
            Phase::Sending { give_up_at, .. } => Some(give_up_at),
        }
    }

    /// How many attempts were made.
    #[must_use]
    pub const fn attempts(&self) -> u32 {
        self.attempts
    }

    /// How long it has waited for turns and places, waits between attempts apart.
    #[must_use]
    pub fn queued(&self, now: MonoTime) -> Span {
        let waits = self.waits_since.map(|since| now.since(since));
        self.queued + waits.unwrap_or_default()
    }

    /// The place in line that it waits for.
    #[must_use]
    pub const fn in_line(&self) -> Option<Slot> {
        match self.phase {
            Phase::InLine { slot, .. } => Some(slot),
            Phase::New
            | Phase::Queued { .. }
            | Phase::Resting { .. }
            | Phase::Sending { .. }
            | Phase::Done => None,
        }
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
    fn refuse(&mut self, category: Category, retry_at: MonoTime, now: MonoTime) -> Action {
        self.stop_waiting(now);
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
            Phase::Queued { ticket, .. } => Hand::of(None, Some(ticket)).withdraw(guards),
            Phase::InLine { slot, ticket, .. } => Hand::of(Some(slot), ticket).withdraw(guards),
            Phase::Sending {
                permit,
                slot,
                sent_at,
                ..
            } => {
                let latency = now - sent_at;
                guards
                    .breaker
                    .settle(permit, &Outcome::ABORTED, latency, now, rng);
                Hand::of(slot, None).withdraw(guards);
            }
            Phase::New | Phase::Resting { .. } => (),
        }
        self.stop_waiting(now);
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

fn end_of(now: MonoTime, span: Span) -> MonoTime {
    if span.is_zero() { MonoTime::FAR } else { now + span }
}

#[cfg(test)]
mod tests;
