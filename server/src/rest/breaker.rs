//! The circuit before PostgreSQL: the same breaker as in the page, with a database's patience.

use std::sync::{Mutex, PoisonError};

use seawall_policy::breaker::{Admission, Breaker, BreakerConfig, BreakerSettings, Mode, Permit};
use seawall_policy::class::Outcome;
use seawall_policy::event::State;
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{MonoTime, Span};

use crate::clock::Clock;
use crate::telemetry::Metrics;

/// The breaker, shared by all requests.
pub(crate) struct DatabaseBreaker {
    inner: Mutex<Inner>,
    clock: Clock,
    metrics: Metrics,
}

struct Inner {
    breaker: Breaker,
    rng: SplitMix64,
}

/// The right to one request; dropped unsettled it says nothing about the database.
pub(crate) struct Ticket<'breaker> {
    of: &'breaker DatabaseBreaker,
    permit: Option<Permit>,
    started: MonoTime,
}

impl DatabaseBreaker {
    pub(crate) fn new(enabled: bool, clock: Clock, metrics: Metrics) -> Self {
        let seed = u64::from_le_bytes(std::array::from_fn(|index| {
            uuid::Uuid::new_v4()
                .into_bytes()
                .get(index)
                .copied()
                .unwrap_or_default()
        }));
        let inner = Inner {
            breaker: Breaker::new(config(enabled)),
            rng: SplitMix64::new(seed),
        };
        Self {
            inner: Mutex::new(inner),
            clock,
            metrics,
        }
    }

    /// Asks to use the database.
    ///
    /// # Errors
    /// With the seconds to wait, where it is to be spared.
    pub(crate) fn admit(&self) -> Result<Ticket<'_>, u64> {
        let now = self.clock.mono();
        match self.with(|breaker, rng| breaker.admit(now, rng)) {
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

    /// The state, as health and metrics call it.
    pub(crate) fn state(&self) -> &'static str {
        let now = self.clock.mono();
        name(self.with(|breaker, rng| {
            breaker.tick(now, rng);
            breaker.state()
        }))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Breaker, &mut SplitMix64) -> T) -> T {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let Inner { breaker, rng } = &mut *inner;
        let result = work(breaker, rng);
        while let Some(event) = breaker.poll_event() {
            let (from, to) = (name(event.from), name(event.to));
            self.metrics.breaker("postgres", to);
            tracing::warn!(dependency = "postgres", from, to, cause = ?event.cause, "circuit changed its state");
        }
        result
    }
}

impl Ticket<'_> {
    /// Tells how the request went.
    pub(crate) fn settle(mut self, outcome: &Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: &Outcome) {
        let Some(permit) = self.permit.take() else { return };
        let now = self.of.clock.mono();
        let took = now.since(self.started);
        self.of
            .with(|breaker, rng| breaker.settle(permit, outcome, took, now, rng));
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.end(&Outcome::ABORTED);
    }
}

/// A database serves many at once and comes back quickly, so it is probed sooner than
/// a page probes a server; its slowness is the pool's business, not the circuit's.
fn config(enabled: bool) -> BreakerConfig {
    let settings = BreakerSettings {
        mode: if enabled { Mode::Active } else { Mode::Disabled },
        slow_call_rate: seawall_policy::breaker::Share::ZERO,
        reset_timeout: Span::from_secs(2),
        max_reset_timeout: Span::from_secs(10),
        half_open_probes: 3,
        ..BreakerSettings::default()
    };
    BreakerConfig::try_new(settings).unwrap_or_default()
}

fn name(state: State) -> &'static str {
    match state {
        State::Closed | State::ForcedClosed | State::Disabled | State::MetricsOnly => "closed",
        State::HalfOpen => "half_open",
        State::Open | State::ForcedOpen => "open",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_open_it_and_dropped_requests_do_not() {
        let breaker = DatabaseBreaker::new(true, Clock::system(), Metrics::new());
        for _ in 0..20 {
            drop(breaker.admit());
        }
        assert_eq!(breaker.state(), "closed");
        for _ in 0..5 {
            if let Ok(ticket) = breaker.admit() {
                ticket.settle(&Outcome::NETWORK);
            }
        }
        assert_eq!(breaker.state(), "open");
        assert!(breaker.admit().is_err_and(|wait_s| (1..=60).contains(&wait_s)));
    }
}
