//! How far limits give way to stress, by the core that the page's limits give way by.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use seawall_policy::limit::{Adaptive, Signal};
use seawall_policy::time::MonoTime;

use crate::telemetry::Metrics;

const WHOLE: u32 = 100;

/// What stress leaves of a limit, in percent.
pub(crate) struct Pressure {
    left: Mutex<Adaptive>,
    percent: AtomicU32,
    metrics: Metrics,
}

impl Pressure {
    /// No stress; at most `floor` percent are ever taken down to.
    pub(super) fn new(floor: u32, metrics: Metrics) -> Self {
        metrics.limits_left(WHOLE);
        Self {
            left: Mutex::new(Adaptive::new(floor, WHOLE, WHOLE)),
            percent: AtomicU32::new(WHOLE),
            metrics,
        }
    }

    /// What is left.
    pub(crate) fn percent(&self) -> u32 {
        self.percent.load(Ordering::Relaxed)
    }

    /// Takes in what came of a request that was begun at `begun`.
    pub(crate) fn feel(&self, signal: Signal, begun: MonoTime, now: MonoTime) {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        // All of it counts as in use, so that it rises again by itself.
        left.feel(signal, begun, now, WHOLE);
        let percent = left.value();
        if self.percent.swap(percent, Ordering::Relaxed) != percent {
            self.metrics.limits_left(percent);
        }
    }

    /// Takes up another floor.
    pub(super) fn refloor(&self, floor: u32) {
        self.left
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .rebound(floor, WHOLE);
    }
}
