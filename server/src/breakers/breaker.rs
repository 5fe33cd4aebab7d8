//! One circuit, shared by all requests of this instance.

use std::sync::{Mutex, PoisonError};

use seawall_policy::breaker::{Admission, Breaker as Core, Permit};
use seawall_policy::class::Outcome;
use seawall_policy::event::State;
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::MonoTime;
use serde::{Deserialize, Serialize};

use super::Dependency;
use crate::clock::Clock;
use crate::events::{Event, Events};
use crate::telemetry::Metrics;

/// A breaker.
pub(crate) struct Breaker {
    dependency: Dependency,
    inner: Mutex<Inner>,
    clock: Clock,
    metrics: Metrics,
    events: Events,
}

struct Inner {
    core: Core,
    rng: SplitMix64,
}

/// What a person may make of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Force {
    /// Refuses everything.
    Open,
    /// Admits everything.
    Closed,
    /// Admits everything and watches nothing.
    Disable,
    /// Back to deciding by itself, with nothing remembered.
    Reset,
}

/// How a breaker stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) state: State,
    pub(crate) admitted: u64,
    pub(crate) rejected: u64,
    pub(crate) successes: u64,
    pub(crate) failures: u64,
    pub(crate) opened: u64,
    /// Until it probes again by itself; none where it refuses nothing or was forced.
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) p50_ms: Option<f64>,
    pub(crate) p95_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
}

/// The right to one call; dropped unsettled it says nothing about the dependency.
pub(crate) struct Ticket<'breaker> {
    of: &'breaker Breaker,
    permit: Option<Permit>,
    started: MonoTime,
}

impl Breaker {
    pub(super) fn new(
        dependency: Dependency,
        enabled: bool,
        clock: Clock,
        metrics: Metrics,
        events: Events,
    ) -> Self {
        metrics.breaker_state(dependency.name(), "closed");
        let inner = Inner {
            core: Core::new(dependency.config(enabled)),
            rng: SplitMix64::new(seed()),
        };
        Self {
            dependency,
            inner: Mutex::new(inner),
            clock,
            metrics,
            events,
        }
    }

    /// What it stands before.
    pub(crate) fn dependency(&self) -> Dependency {
        self.dependency
    }

    /// Asks to use the dependency.
    ///
    /// # Errors
    /// With the seconds to wait, where it is to be spared.
    pub(crate) fn admit(&self) -> Result<Ticket<'_>, u64> {
        let now = self.clock.mono();
        match self.with(|core, rng| core.admit(now, rng)) {
            Admission::Admitted(permit) => Ok(Ticket {
                of: self,
                permit: Some(permit),
                started: now,
            }),
            Admission::Rejected { retry_at, .. } => {
                Err(retry_at.since(now).as_millis_ceil().div_ceil(1000).clamp(1, 60))
            }
        }
    }

    /// Whether calls are refused at the moment.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state(), State::Open | State::ForcedOpen)
    }

    /// Whether it lets fewer calls pass than are asked for: open, or feeling its way back.
    pub(crate) fn is_refusing(&self) -> bool {
        matches!(self.state(), State::Open | State::HalfOpen)
    }

    /// The state at the moment.
    pub(crate) fn state(&self) -> State {
        let now = self.clock.mono();
        self.with(|core, rng| {
            core.tick(now, rng);
            core.state()
        })
    }

    /// What it has seen, for people.
    pub(crate) fn figures(&self) -> Figures {
        let now = self.clock.mono();
        self.with(|core, rng| {
            core.tick(now, rng);
            let (stats, until) = (core.stats(), core.next_deadline());
            let millis = |per_mille| {
                stats
                    .percentile(per_mille)
                    .map(seawall_policy::time::Span::as_millis_f64)
            };
            Figures {
                state: core.state(),
                admitted: stats.admitted,
                rejected: stats.rejected,
                successes: stats.successes,
                failures: stats.failures,
                opened: stats.opened,
                retry_after_s: until.map(|until| until.since(now).as_millis_ceil().div_ceil(1000)),
                p50_ms: millis(500),
                p95_ms: millis(950),
                p99_ms: millis(990),
            }
        })
    }

    /// Takes a person's decision, on this instance.
    pub(crate) fn force(&self, force: Force) {
        let now = self.clock.mono();
        self.with(|core, _| match force {
            Force::Open => core.force_open(now),
            Force::Closed => core.force_closed(now),
            Force::Disable => core.disable(now),
            Force::Reset => core.reset(now),
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut Core, &mut SplitMix64) -> T) -> T {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { core, rng } = &mut *inner;
        let result = work(core, rng);
        while let Some(event) = core.poll_event() {
            self.metrics.breaker(self.dependency.name(), event.to.name());
            self.events.emit(Event::CircuitChanged {
                dependency: self.dependency.name(),
                from: event.from.name(),
                to: event.to.name(),
                cause: event.cause.name(),
            });
        }
        result
    }
}

impl Ticket<'_> {
    /// Tells how the call went.
    pub(crate) fn settle(mut self, outcome: &Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: &Outcome) {
        let Some(permit) = self.permit.take() else { return };
        let now = self.of.clock.mono();
        let took = now.since(self.started);
        self.of
            .with(|core, rng| core.settle(permit, outcome, took, now, rng));
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.end(&Outcome::ABORTED);
    }
}

fn seed() -> u64 {
    let bytes = uuid::Uuid::new_v4().into_bytes();
    u64::from_le_bytes(std::array::from_fn(|index| {
        bytes.get(index).copied().unwrap_or_default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(
            Dependency::Postgres,
            true,
            Clock::system(),
            Metrics::new(),
            Events::new(),
        )
    }

    #[test]
    fn failures_open_it_and_dropped_requests_do_not() {
        let breaker = breaker();
        for _ in 0..20 {
            drop(breaker.admit());
        }
        assert_eq!(breaker.state(), State::Closed);
        for _ in 0..5 {
            if let Ok(ticket) = breaker.admit() {
                ticket.settle(&Outcome::NETWORK);
            }
        }
        assert!(breaker.is_open());
        assert!(breaker.admit().is_err_and(|wait_s| (1..=60).contains(&wait_s)));
    }

    #[test]
    fn a_person_decides_until_told_otherwise() {
        let breaker = breaker();
        let mut heard = breaker.events.subscribe();
        breaker.force(Force::Open);
        assert!(breaker.is_open() && breaker.admit().is_err());
        breaker.force(Force::Reset);
        assert!(!breaker.is_open() && breaker.admit().is_ok());
        let told = heard.try_recv().unwrap();
        assert!(matches!(
            *told.event,
            Event::CircuitChanged {
                dependency: "postgres",
                to: "forced_open",
                ..
            }
        ));
    }
}
