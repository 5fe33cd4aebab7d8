//! A circuit breaker: stop asking a service that is unwell, and find out gently when it is well again.
//!
//! *Closed*, it counts; [`trip`] says when it must open. *Open*, it refuses at once until its cool-down has
//! passed: longer each time up to a cap, lengthened at random so that a thousand clients do not come back
//! together, or until the instant the server itself named. *Half-open*, a few probes pass and the rest
//! is refused at once; enough successes close it, one failure opens it again.
//!
//! It refuses to keep a clock, a timer or a source of randomness: `now` and `rng` are arguments. A shell with
//! timers asks [`Breaker::next_deadline`] and calls [`Breaker::tick`]; without, states change on the next
//! call just as well, as of the instant they were due.

use alloc::vec::Vec;

mod circuit;
pub mod config;
mod permit;
pub mod snapshot;
pub mod stats;
mod tabs;
mod transition;
pub mod trip;
pub mod window;

use circuit::Circuit;
pub use config::{BreakerConfig, BreakerSettings, Mode, Share};
use permit::Kind;
pub use permit::Permit;
pub use snapshot::Snapshot;
pub use stats::Stats;
use tabs::Leave;
use trip::Trip;
pub use window::Counts;

use crate::class::{Outcome, Verdict};
use crate::event::{Cause, State, Transition};
use crate::rng::Rng;
use crate::time::{MonoTime, Span, Steady};

/// The answer to "may this call be made?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may; the permit is settled with its outcome.
    Admitted(Permit),
    /// It may not.
    Rejected {
        /// When it may be worth asking again. Exact while open (one nanosecond earlier is refused); while
        /// half-open the instant at which the probes under way are given up; never if forced open.
        retry_at: MonoTime,
        /// Why not.
        reason: Rejection,
    },
}

/// Why a breaker refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rejection {
    /// The circuit is open.
    Open,
    /// The circuit is half-open and all its probes are under way.
    ProbesUnderWay,
    /// Somebody forced it open.
    ForcedOpen,
}

/// A circuit breaker for one service or endpoint.
#[derive(Clone, Debug)]
pub struct Breaker {
    config: BreakerConfig,
    mode: Mode,
    circuit: Circuit,
    generation: u32,
    changed_at: MonoTime,
    leave: Leave,
    trips: u32,
    trip: Trip,
    clock: Steady,
    stats: Stats,
    events: Vec<Transition>,
}

impl Breaker {
    /// How many transitions wait to be polled before the oldest is dropped.
    pub const EVENTS_KEPT: usize = 32;

    /// A closed breaker that has seen nothing.
    #[must_use]
    pub fn new(config: BreakerConfig) -> Self {
        Self {
            config,
            mode: config.settings().mode,
            circuit: Circuit::Closed {
                since: MonoTime::ZERO,
            },
            generation: 0,
            changed_at: MonoTime::ZERO,
            leave: Leave::Own,
            trips: 0,
            trip: Trip::new(&config),
            clock: Steady::default(),
            stats: Stats::default(),
            events: Vec::new(),
        }
    }

    /// Asks to make a call.
    pub fn admit(&mut self, now: MonoTime, rng: &mut impl Rng) -> Admission {
        let now = self.clock.read(now);
        let admission = match self.mode {
            Mode::Disabled => return Admission::Admitted(Permit::new(self.generation, Kind::Unwatched)),
            Mode::ForcedOpen => self.rejected(MonoTime::FAR, Rejection::ForcedOpen),
            Mode::ForcedClosed => Admission::Admitted(Permit::new(self.generation, Kind::Unwatched)),
            Mode::Active => self.admit_by_circuit(now, rng),
            Mode::MetricsOnly => self.admit_for_show(now, rng),
        };
        match admission {
            Admission::Admitted(_) => self.stats.admitted += 1,
            Admission::Rejected { .. } => self.stats.rejected += 1,
        }
        admission
    }

    /// Tells how an admitted call ended.
    ///
    /// Settled after the circuit has changed its state, a permit changes nothing but the statistics.
    pub fn settle(
        &mut self,
        permit: Permit,
        outcome: &Outcome,
        latency: Span,
        now: MonoTime,
        rng: &mut impl Rng,
    ) {
        let now = self.clock.read(now);
        if self.mode == Mode::Disabled {
            return;
        }
        let slow = latency >= self.config.settings().slow_call_duration;
        self.stats.record(outcome, latency, slow, now);
        if permit.kind() == Kind::Unwatched {
            return;
        }
        self.advance(now, rng);
        if permit.generation() != Some(self.generation) {
            self.stats.stragglers += 1;
            return;
        }
        match permit.kind() {
            Kind::Regular => self.settle_regular(outcome, slow, now, rng),
            Kind::Probe(serial) => self.settle_probe(serial, outcome, slow, now, rng),
            Kind::Unwatched => (),
        }
    }

    /// Gives a permit back unused: nothing was sent.
    pub fn cancel(&mut self, permit: Permit, now: MonoTime) {
        self.clock.read(now);
        if self.mode == Mode::Disabled {
            return;
        }
        self.stats.admitted = self.stats.admitted.saturating_sub(1);
        if let (Circuit::HalfOpen(probes), Kind::Probe(serial)) = (&mut self.circuit, permit.kind())
            && permit.generation() == Some(self.generation)
        {
            probes.end(serial);
        }
    }

    /// Lets time pass: ends a cool-down or gives up a hung probe that is due.
    pub fn tick(&mut self, now: MonoTime, rng: &mut impl Rng) {
        let now = self.clock.read(now);
        self.advance(now, rng);
    }

    /// When [`Breaker::tick`] will next have something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<MonoTime> {
        let watched = matches!(self.mode, Mode::Active | Mode::MetricsOnly);
        let due = match &self.circuit {
            Circuit::Closed { .. } => None,
            Circuit::Open { until } => Some(*until),
            Circuit::HalfOpen(probes) => probes.deadline(),
        };
        due.filter(|_| watched)
            .map(|instant| self.clock.to_caller(instant))
    }

    /// Refuses everything until told otherwise.
    pub fn force_open(&mut self, now: MonoTime) {
        self.set_mode(Mode::ForcedOpen, now);
    }

    /// Admits everything until told otherwise.
    pub fn force_closed(&mut self, now: MonoTime) {
        self.set_mode(Mode::ForcedClosed, now);
    }

    /// Neither watches nor refuses until told otherwise.
    pub fn disable(&mut self, now: MonoTime) {
        self.set_mode(Mode::Disabled, now);
    }

    /// Watches and changes state, but refuses nothing, until told otherwise.
    pub fn watch_only(&mut self, now: MonoTime) {
        self.set_mode(Mode::MetricsOnly, now);
    }

    /// Back to the configured mode, closed, with nothing remembered.
    pub fn reset(&mut self, now: MonoTime) {
        self.trips = 0;
        self.set_mode(self.config.settings().mode, now);
    }

    /// Takes up a new configuration; the circuit keeps its state, what was counted is forgotten.
    pub fn reconfigure(&mut self, config: BreakerConfig, now: MonoTime) {
        if config == self.config {
            return;
        }
        let now = self.clock.read(now);
        let from = self.state();
        let forced = self.mode != self.config.settings().mode;
        self.config = config;
        self.trip = Trip::new(&config);
        if !forced {
            self.mode = config.settings().mode;
        }
        if let Circuit::Open { until } = &mut self.circuit {
            *until = (*until).min(now + config.longest_cool_down());
        }
        if self.state() != from {
            self.tell(now, from, self.state(), Cause::PolicyChanged);
        }
    }

    /// The state as it shows.
    #[must_use]
    pub const fn state(&self) -> State {
        match self.mode {
            Mode::Active => self.circuit_state(),
            Mode::MetricsOnly => State::MetricsOnly,
            Mode::ForcedOpen => State::ForcedOpen,
            Mode::ForcedClosed => State::ForcedClosed,
            Mode::Disabled => State::Disabled,
        }
    }

    /// The state of the circuit, whatever a hand forces upon it.
    #[must_use]
    pub const fn circuit_state(&self) -> State {
        self.circuit.state()
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &BreakerConfig {
        &self.config
    }

    /// What it has seen since it was made.
    #[must_use]
    pub const fn stats(&self) -> &Stats {
        &self.stats
    }

    /// What it has counted within the monitoring period that ends at its latest reading of the clock.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.trip.counts(self.clock.last())
    }

    /// How many probes are under way.
    #[must_use]
    pub const fn probes_under_way(&self) -> usize {
        match &self.circuit {
            Circuit::HalfOpen(probes) => probes.under_way(),
            Circuit::Closed { .. } | Circuit::Open { .. } => 0,
        }
    }

    /// Whether there is a transition that was not yet polled.
    #[must_use]
    pub fn has_news(&self) -> bool {
        !self.events.is_empty()
    }

    /// Gives the oldest transition that was not yet polled.
    pub fn poll_event(&mut self) -> Option<Transition> {
        (!self.events.is_empty()).then(|| self.events.remove(0))
    }

    fn admit_by_circuit(&mut self, now: MonoTime, rng: &mut impl Rng) -> Admission {
        self.advance(now, rng);
        let generation = self.generation;
        let half_open = matches!(self.circuit, Circuit::HalfOpen(_));
        if half_open && !self.may_probe(now) {
            return self.rejected(self.leave_at(now), Rejection::ProbesUnderWay);
        }
        match &mut self.circuit {
            Circuit::Closed { .. } => Admission::Admitted(Permit::new(generation, Kind::Regular)),
            Circuit::Open { until } => {
                let until = *until;
                self.rejected(until, Rejection::Open)
            }
            Circuit::HalfOpen(probes) => match probes.start(&self.config, now) {
                Some(serial) => Admission::Admitted(Permit::new(generation, Kind::Probe(serial))),
                None => {
                    let given_up = probes.deadline().unwrap_or(now);
                    self.rejected(given_up, Rejection::ProbesUnderWay)
                }
            },
        }
    }

    fn admit_for_show(&mut self, now: MonoTime, rng: &mut impl Rng) -> Admission {
        match self.admit_by_circuit(now, rng) {
            Admission::Rejected { .. } => {
                self.stats.would_reject += 1;
                Admission::Admitted(Permit::new(self.generation, Kind::Unwatched))
            }
            admitted @ Admission::Admitted(_) => admitted,
        }
    }

    fn rejected(&self, steady: MonoTime, reason: Rejection) -> Admission {
        Admission::Rejected {
            retry_at: self.clock.to_caller(steady),
            reason,
        }
    }

    fn settle_regular(&mut self, outcome: &Outcome, slow: bool, now: MonoTime, rng: &mut impl Rng) {
        let failed = match outcome.verdict {
            Verdict::Healthy => false,
            Verdict::Failure => true,
            Verdict::Unavailable => return self.open_as_told(outcome, now, rng),
            Verdict::Neutral | Verdict::Local => return,
        };
        if let Some(cause) = self.trip.record(&self.config, now, failed, slow) {
            self.open(cause, now, rng);
        }
    }

    fn settle_probe(
        &mut self,
        serial: u16,
        outcome: &Outcome,
        slow: bool,
        now: MonoTime,
        rng: &mut impl Rng,
    ) {
        let Circuit::HalfOpen(probes) = &mut self.circuit else {
            return;
        };
        if !probes.end(serial) {
            return;
        }
        // A circuit opened by slowness must not close on an answer that is still slow.
        let too_slow = slow && self.config.settings().slow_call_rate > Share::ZERO;
        match outcome.verdict {
            Verdict::Healthy if too_slow => self.open(Cause::ProbeFailed, now, rng),
            Verdict::Healthy => {
                if probes.succeed(&self.config) {
                    self.close(now);
                }
            }
            Verdict::Failure => self.open(Cause::ProbeFailed, now, rng),
            Verdict::Unavailable => self.open_as_told(outcome, now, rng),
            Verdict::Neutral | Verdict::Local => (),
        }
    }
}

#[cfg(test)]
mod tests;
