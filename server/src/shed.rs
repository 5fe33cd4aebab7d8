//! Who is worked on now, who waits, and who is sent away: by tier, within bounds that adapt.
//!
//! As many are let through as the server has lately borne, by the core the page caps its
//! own attempts with: fewer when answers take longer or the pool is waited for in vain,
//! more when it is well. The rest waits in a line that is bounded in length and time and
//! goes by tier, with ageing. Where the line is full the lowest tier is sent away first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use seawall_policy::limit::inflight::{Place, Slot};
use seawall_policy::limit::{Inflight, Signal};
use seawall_policy::queue::Priority;
use seawall_policy::time::MonoTime;
use tokio::sync::oneshot;

use crate::clock::Clock;
use crate::config::ShedConfig;
use crate::telemetry::Metrics;

/// The requests of one server.
#[derive(Clone)]
pub(crate) struct Shed(Arc<Inner>);

struct Inner {
    config: ShedConfig,
    clock: Clock,
    metrics: Metrics,
    state: Mutex<State>,
}

struct State {
    inflight: Inflight,
    waiting: HashMap<Slot, oneshot::Sender<()>>,
}

/// The right to be worked on, given back when dropped.
pub(crate) struct Turn {
    shed: Shed,
    slot: Option<Slot>,
    begun: MonoTime,
}

/// Why there is no turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// The line was full.
    Full,
    /// Somebody of a higher tier came.
    Displaced,
    /// It took too long.
    Late,
}

impl Sent {
    /// The word in metrics.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Displaced => "displaced",
            Self::Late => "late",
        }
    }
}

impl Shed {
    pub(crate) fn new(config: ShedConfig, clock: Clock, metrics: Metrics) -> Self {
        Self(Arc::new(Inner {
            config,
            clock,
            metrics,
            state: Mutex::new(State {
                inflight: Inflight::new(config.bounds),
                waiting: HashMap::new(),
            }),
        }))
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, priority: Priority) -> Result<Turn, Sent> {
        let inner = &self.0;
        if inner.config.bounds.max == 0 {
            return Ok(self.hold(None));
        }
        let outcome = self.line_up(priority);
        let (turn, called) = match outcome {
            Ok(standing) => standing,
            Err(sent) => {
                inner.metrics.shed(priority.name(), sent.word());
                return Err(sent);
            }
        };
        let Some(called) = called else { return Ok(turn) };
        let sent = match tokio::time::timeout(inner.config.timeout, called).await {
            Ok(Ok(())) => return Ok(turn.begin()),
            Ok(Err(_)) => Sent::Displaced,
            Err(_) => Sent::Late,
        };
        inner.metrics.shed(priority.name(), sent.word());
        Err(sent)
    }

    /// How many may be worked on, and how many wait.
    pub(crate) fn figures(&self) -> (u32, usize) {
        let state = self.state();
        (state.inflight.cap(), state.inflight.waiting())
    }

    fn line_up(&self, priority: Priority) -> Result<(Turn, Option<oneshot::Receiver<()>>), Sent> {
        let now = self.0.clock.mono();
        let mut state = self.state();
        if let Some(last) = state.inflight.displace(priority, now) {
            // Dropping its sender tells it.
            state.waiting.remove(&last);
        }
        match state.inflight.ask(priority, now) {
            Place::Taken(slot) => {
                state.inflight.expect(slot, MonoTime::FAR);
                Ok((self.hold(Some(slot)), None))
            }
            Place::InLine(slot) => {
                let (call, called) = oneshot::channel();
                state.waiting.insert(slot, call);
                Ok((self.hold(Some(slot)), Some(called)))
            }
            Place::Full => Err(Sent::Full),
        }
    }

    fn hold(&self, slot: Option<Slot>) -> Turn {
        Turn {
            shed: self.clone(),
            slot,
            begun: self.0.clock.mono(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Calls those for whom there is a place now.
    fn call(&mut self, now: MonoTime) {
        while let Some(slot) = self.inflight.poll_ready(now) {
            self.inflight.expect(slot, MonoTime::FAR);
            let heard = self.waiting.remove(&slot).map(|call| call.send(()));
            // Its request is gone, and cannot give the place back itself any more.
            if heard != Some(Ok(())) {
                self.inflight.leave(slot);
            }
        }
    }
}

impl Turn {
    /// Takes in what came of the request.
    pub(crate) fn feel(&self, signal: Signal) {
        if self.slot.is_some() {
            let now = self.shed.0.clock.mono();
            let mut state = self.shed.state();
            state.inflight.feel(signal, self.begun, now);
            state.call(now);
        }
    }

    /// When the work on it began.
    pub(crate) fn begun(&self) -> MonoTime {
        self.begun
    }

    fn begin(mut self) -> Self {
        self.begun = self.shed.0.clock.mono();
        self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(slot) = self.slot {
            let now = self.shed.0.clock.mono();
            let mut state = self.shed.state();
            state.waiting.remove(&slot);
            state.inflight.leave(slot);
            state.call(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use seawall_policy::limit::InflightConfig;

    use super::*;

    fn shed(at_once: u32, line: u32, timeout_ms: u64) -> Shed {
        let config = ShedConfig {
            bounds: InflightConfig {
                min: at_once,
                max: at_once,
                max_queue: line,
            },
            timeout: Duration::from_millis(timeout_ms),
        };
        Shed::new(config, Clock::system(), Metrics::new())
    }

    #[tokio::test]
    async fn a_turn_that_ends_is_the_next_in_lines() {
        let shed = shed(1, 10, 5_000);
        let first = shed.turn(Priority::Low).await.unwrap();
        let next = tokio::spawn({
            let shed = shed.clone();
            async move { shed.turn(Priority::Low).await.is_ok() }
        });
        while shed.figures().1 == 0 {
            tokio::task::yield_now().await;
        }
        drop(first);
        assert!(next.await.unwrap());
        assert!(shed.turn(Priority::Low).await.is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_the_bound() {
        let shed = shed(1, 10, 20);
        let _held = shed.turn(Priority::Low).await.unwrap();
        assert_eq!(shed.turn(Priority::High).await.err(), Some(Sent::Late));
        assert_eq!(shed.figures().1, 0);
    }

    #[tokio::test]
    async fn a_higher_tier_takes_the_place_of_the_lowest_in_a_full_line() {
        let shed = shed(1, 1, 5_000);
        let held = shed.turn(Priority::Low).await.unwrap();
        let ask = |priority| {
            let shed = shed.clone();
            tokio::spawn(async move { shed.turn(priority).await.map(drop) })
        };
        let low = ask(Priority::Low);
        while shed.figures().1 == 0 {
            tokio::task::yield_now().await;
        }
        let high = ask(Priority::High);
        assert_eq!(low.await.unwrap(), Err(Sent::Displaced));
        assert_eq!(shed.turn(Priority::Low).await.err(), Some(Sent::Full));
        drop(held);
        assert_eq!(high.await.unwrap(), Ok(()));
    }

    #[tokio::test]
    async fn who_goes_away_while_waiting_leaves_the_line() {
        let shed = shed(1, 1, 5_000);
        let held = shed.turn(Priority::Low).await.unwrap();
        let waiting = tokio::spawn({
            let shed = shed.clone();
            async move { shed.turn(Priority::Low).await.map(drop) }
        });
        while shed.figures().1 == 0 {
            tokio::task::yield_now().await;
        }
        waiting.abort();
        let _aborted = waiting.await;
        assert_eq!(shed.figures().1, 0);
        drop(held);
        assert!(shed.turn(Priority::Low).await.is_ok());
    }
}
