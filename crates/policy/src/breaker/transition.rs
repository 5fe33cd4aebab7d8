//! The changes of state: when each is due, what it resets, and what it tells.
//!
//! Every change goes through [`Breaker::enter`] or [`Breaker::set_mode`], which raise the generation: from then on
//! answers to calls admitted before are stragglers.

use super::circuit::{self, Circuit, Probes};
use super::{Breaker, Mode};
use crate::class::Outcome;
use crate::event::{Cause, State, Transition};
use crate::rng::Rng;
use crate::time::MonoTime;

impl Breaker {
    /// Makes every change that is due, as of the instant it was due.
    pub(super) fn advance(&mut self, now: MonoTime, rng: &mut impl Rng) {
        if !matches!(self.mode, Mode::Active | Mode::MetricsOnly) {
            return;
        }
        if let Circuit::HalfOpen(probes) = &self.circuit
            && let Some(deadline) = probes.deadline().filter(|deadline| *deadline <= now)
        {
            self.open(Cause::ProbeTimedOut, deadline, rng);
        }
        if let Circuit::Open { until } = self.circuit
            && until <= now
        {
            self.enter(
                Circuit::HalfOpen(Probes::default()),
                Cause::CoolDownElapsed,
                until,
            );
        }
    }

    pub(super) fn open(&mut self, cause: Cause, now: MonoTime, rng: &mut impl Rng) {
        self.forget_old_trips(now);
        let until = now + circuit::cool_down(&self.config, self.trips, rng);
        self.trips = self.trips.saturating_add(1);
        self.stats.opened += 1;
        self.enter(Circuit::Open { until }, cause, now);
    }

    pub(super) fn open_as_told(&mut self, outcome: &Outcome, now: MonoTime, rng: &mut impl Rng) {
        let wait = outcome
            .retry_after
            .unwrap_or(self.config.settings().reset_timeout);
        let until = now + circuit::told_wait(&self.config, wait, rng);
        self.stats.opened += 1;
        self.enter(Circuit::Open { until }, Cause::ServerAsked { wait }, now);
    }

    pub(super) fn close(&mut self, now: MonoTime) {
        let successes = match &self.circuit {
            Circuit::HalfOpen(probes) => probes.successes(),
            Circuit::Closed { .. } | Circuit::Open { .. } => 0,
        };
        self.enter(
            Circuit::Closed { since: now },
            Cause::ProbesSucceeded { successes },
            now,
        );
    }

    /// A circuit that was closed for long enough has paid for its earlier trips.
    pub(super) fn forget_old_trips(&mut self, now: MonoTime) {
        if let Circuit::Closed { since } = self.circuit
            && now.since(since) >= self.config.settings().healthy_period
        {
            self.trips = 0;
        }
    }

    pub(super) fn enter(&mut self, circuit: Circuit, cause: Cause, at: MonoTime) {
        let from = self.circuit_state();
        self.circuit = circuit;
        self.generation = self.generation.wrapping_add(1);
        self.changed_at = at;
        self.leave = self.leave.after_transition();
        self.trip.clear();
        self.tell(at, from, self.circuit_state(), cause);
    }

    pub(super) fn set_mode(&mut self, mode: Mode, now: MonoTime) {
        let now = self.clock.read(now);
        let from = self.state();
        self.mode = mode;
        self.circuit = Circuit::Closed { since: now };
        self.generation = self.generation.wrapping_add(1);
        self.changed_at = now;
        self.leave = self.leave.after_transition();
        self.trip.clear();
        if from != self.state() {
            self.tell(now, from, self.state(), Cause::Manual);
        }
    }

    pub(super) fn tell(&mut self, at: MonoTime, from: State, to: State, cause: Cause) {
        if self.events.len() >= Self::EVENTS_KEPT {
            self.events.remove(0);
        }
        let until = match self.circuit {
            Circuit::Open { until } => Some(self.clock.to_caller(until)),
            Circuit::Closed { .. } | Circuit::HalfOpen(_) => None,
        };
        let metrics_only = self.mode == Mode::MetricsOnly;
        let at = self.clock.to_caller(at);
        self.events.push(Transition {
            at,
            from,
            to,
            cause,
            until,
            metrics_only,
        });
    }
}
