//! Leave to send: the breaker's, a place, a turn, in this order; and what becomes of them afterwards.

use super::{Action, Call, CallConfig, Guards, Phase, Wait, end_of};
use crate::breaker::{Admission, Permit};
use crate::class::hint::RateHint;
use crate::class::{Category, Outcome};
use crate::limit::inflight::{Place, Slot};
use crate::limit::{Signal, Ticket, Turn};
use crate::rng::Rng;
use crate::time::{MonoTime, Span};

/// What a call that asks has in hand already.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Hand {
    slot: Option<Slot>,
    ticket: Option<Ticket>,
}

impl Hand {
    pub(super) const fn of(slot: Option<Slot>, ticket: Option<Ticket>) -> Self {
        Self { slot, ticket }
    }

    /// Gives up what there is.
    pub(super) fn withdraw(self, guards: &mut Guards<'_>) {
        if let (Some(limiter), Some(ticket)) = (guards.limiter.as_deref_mut(), self.ticket) {
            limiter.cancel(ticket);
        }
        if let (Some(inflight), Some(slot)) = (guards.inflight.as_deref_mut(), self.slot) {
            inflight.leave(slot);
        }
    }
}

impl Call {
    /// Asks the breaker, for a place, and the limiter, in this order, for leave to send.
    pub(super) fn ask(
        &mut self,
        config: &CallConfig,
        guards: &mut Guards<'_>,
        hand: Hand,
        now: MonoTime,
        rng: &mut impl Rng,
    ) -> Action {
        let Hand { slot, ticket } = hand;
        let permit = match guards.breaker.admit(now, rng) {
            Admission::Admitted(permit) => permit,
            Admission::Rejected { retry_at, .. } => {
                hand.withdraw(guards);
                return self.refuse(Category::CircuitOpen, retry_at, now);
            }
        };
        let slot = match (slot, guards.inflight.as_deref_mut()) {
            (None, Some(inflight)) => match inflight.ask(config.patience.priority, now) {
                Place::Taken(slot) => Some(slot),
                Place::InLine(slot) => {
                    guards.breaker.cancel(permit, now);
                    return self.line_up(config, slot, ticket, now);
                }
                Place::Full => {
                    guards.breaker.cancel(permit, now);
                    Hand::of(None, ticket).withdraw(guards);
                    return self.refuse(Category::RateLimited, MonoTime::FAR, now);
                }
            },
            (slot, _) => slot,
        };
        let patience = guards
            .limiter
            .as_deref()
            .map_or(Span::ZERO, |limiter| limiter.finding_out(now));
        let patience = patience.max(config.patience.max_wait);
        let turn = match (guards.limiter.as_deref_mut(), ticket) {
            (None, _) => return self.send(config, guards, permit, slot, now),
            (Some(limiter), Some(ticket)) => limiter.redeem(ticket, now),
            (Some(limiter), None) => limiter.reserve(now, config.patience),
        };
        match turn {
            Turn::Now { .. } => self.send(config, guards, permit, slot, now),
            Turn::At(ticket, at) => {
                guards.breaker.cancel(permit, now);
                let since = *self.waits_since.get_or_insert(now);
                if at >= self.deadline || at.since(since) > patience {
                    Hand::of(slot, Some(ticket)).withdraw(guards);
                    return self.refuse(Category::RateLimited, at, now);
                }
                Hand::of(slot, None).withdraw(guards);
                self.phase = Phase::Queued { ticket, at };
                Action::SleepUntil {
                    at,
                    reason: Wait::Turn,
                }
            }
            Turn::Refused { retry_at, .. } => {
                guards.breaker.cancel(permit, now);
                Hand::of(slot, None).withdraw(guards);
                self.refuse(Category::RateLimited, retry_at, now)
            }
        }
    }

    fn line_up(&mut self, config: &CallConfig, slot: Slot, ticket: Option<Ticket>, now: MonoTime) -> Action {
        let since = *self.waits_since.get_or_insert(now);
        let until = end_of(since, config.slot_wait).min(self.deadline);
        self.phase = Phase::InLine { slot, ticket, until };
        Action::SleepUntil {
            at: until,
            reason: Wait::Slot,
        }
    }

    /// No place came in time.
    pub(super) fn end_wait(
        &mut self,
        guards: &mut Guards<'_>,
        ticket: Option<Ticket>,
        slot: Slot,
        now: MonoTime,
    ) -> Action {
        Hand::of(Some(slot), ticket).withdraw(guards);
        let category = if self.deadline <= now {
            Category::Timeout
        } else {
            Category::RateLimited
        };
        self.refuse(category, MonoTime::FAR, now)
    }

    fn send(
        &mut self,
        config: &CallConfig,
        guards: &mut Guards<'_>,
        permit: Permit,
        slot: Option<Slot>,
        now: MonoTime,
    ) -> Action {
        self.stop_waiting(now);
        self.attempts += 1;
        // What the caller waited for (a token) is part of the first attempt.
        let begun_at = if self.attempts == 1 {
            now.minus(self.waited)
        } else {
            now
        };
        let give_up_at = end_of(begun_at, config.timeout).max(now).min(self.deadline);
        if let (Some(inflight), Some(slot)) = (guards.inflight.as_deref_mut(), slot) {
            inflight.expect(slot, give_up_at);
        }
        self.phase = Phase::Sending {
            permit,
            slot,
            sent_at: now,
            give_up_at,
        };
        Action::Send {
            attempt: self.attempts,
            give_up_at,
        }
    }

    pub(super) fn stop_waiting(&mut self, now: MonoTime) {
        self.queued = self.queued(now);
        self.waits_since = None;
    }
}

/// An attempt has ended: its place is free, and what it says about the server's load is taken in.
pub(super) fn vacate(
    guards: &mut Guards<'_>,
    slot: Option<Slot>,
    outcome: &Outcome,
    sent_at: MonoTime,
    now: MonoTime,
) {
    let signal = Signal::of(outcome, now - sent_at);
    if let Some(limiter) = guards.limiter.as_deref_mut() {
        limiter.feel(signal, sent_at, now);
    }
    if let Some(slot) = slot {
        leave_place(guards, slot, signal, sent_at, now);
    }
}

/// Gives a place back, with what its attempt says about the server's load.
pub(super) fn leave_place(
    guards: &mut Guards<'_>,
    slot: Slot,
    signal: Signal,
    sent_at: MonoTime,
    now: MonoTime,
) {
    if let Some(inflight) = guards.inflight.as_deref_mut() {
        inflight.feel(signal, sent_at, now);
        inflight.leave(slot);
    }
}

/// Lets the limiter learn what an answer says of the server's own limits.
pub(super) fn teach(
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
