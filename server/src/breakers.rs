//! Circuit breakers, one for each thing the server leans on: the same core as in the page.
//!
//! A state forced by hand holds on every instance; what a breaker has seen by itself
//! is its own, since one instance may be cut off where another is not.

mod breaker;
mod dependency;

pub(crate) use breaker::{Breaker, Force, Ticket};
pub use dependency::Dependency;

use crate::clock::Clock;
use crate::events::Events;
use crate::telemetry::Metrics;

/// The breakers of one server.
pub(crate) struct Breakers {
    breakers: Vec<Breaker>,
    /// Only for a dependency that is in none of them, which cannot be.
    spare: Breaker,
}

impl Breakers {
    /// All closed; `enabled` is false where the server answers as a PostgREST, which has none.
    pub(crate) fn new(enabled: bool, clock: Clock, metrics: &Metrics, events: &Events) -> Self {
        let make = |dependency: Dependency| {
            let active = enabled || dependency != Dependency::Postgres;
            Breaker::new(dependency, active, clock, metrics.clone(), events.clone())
        };
        Self {
            breakers: Dependency::ALL.into_iter().map(make).collect(),
            spare: make(Dependency::Postgres),
        }
    }

    /// The breaker before a dependency.
    pub(crate) fn of(&self, dependency: Dependency) -> &Breaker {
        self.breakers.get(dependency.index()).unwrap_or(&self.spare)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Breaker> {
        self.breakers.iter()
    }
}
