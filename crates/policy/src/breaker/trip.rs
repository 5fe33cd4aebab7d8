//! When to open: by count, by failure rate, by slow-call rate.
//!
//! The count is exact, kept as the instants of the latest failures; the rates come from the window of
//! slices. What happens once a circuit is open is none of this file's business.

use alloc::collections::VecDeque;

use super::config::{BreakerConfig, Share};
use super::window::{AgedCounts, Counts, Window};
use crate::event::Cause;
use crate::time::{MonoTime, Span};

/// Watches a closed circuit.
#[derive(Clone, Debug)]
pub struct Trip {
    recent: VecDeque<MonoTime>,
    window: Window,
}

impl Trip {
    /// A watch that has seen nothing.
    #[must_use]
    pub fn new(config: &BreakerConfig) -> Self {
        Self {
            recent: VecDeque::new(),
            window: Window::new(config.settings().monitoring_period),
        }
    }

    /// Counts a call and says why the circuit must open, if it must.
    pub fn record(
        &mut self,
        config: &BreakerConfig,
        now: MonoTime,
        failed: bool,
        slow: bool,
    ) -> Option<Cause> {
        let counts = self.window.record(now, failed, slow);
        if failed {
            self.remember(config, now);
        }
        self.by_count(config, now).or_else(|| by_rate(config, counts))
    }

    /// What happened within the monitoring period.
    #[must_use]
    pub fn counts(&self, now: MonoTime) -> Counts {
        self.window.counts(now)
    }

    /// The instants of the latest failures, oldest first; as many as the threshold asks for.
    pub fn recent(&self) -> impl DoubleEndedIterator<Item = MonoTime> + '_ {
        self.recent.iter().copied()
    }

    /// The window's slices with their ages.
    pub fn aged(&self, now: MonoTime) -> impl Iterator<Item = AgedCounts> + '_ {
        self.window.aged(now)
    }

    /// How long a slice of the window is.
    #[must_use]
    pub const fn slice(&self) -> Span {
        self.window.slice()
    }

    /// Puts a stored failure back; failures must come oldest first.
    pub fn restore_failure(&mut self, config: &BreakerConfig, instant: MonoTime) {
        self.remember(config, instant);
    }

    /// Puts a stored slice back.
    pub fn restore_slice(&mut self, now: MonoTime, aged: AgedCounts) {
        self.window.restore(now, aged);
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.recent.clear();
        self.window.clear();
    }

    fn remember(&mut self, config: &BreakerConfig, now: MonoTime) {
        self.recent.push_back(now);
        while self.recent.len() > config.settings().failure_threshold as usize {
            self.recent.pop_front();
        }
    }

    fn by_count(&self, config: &BreakerConfig, now: MonoTime) -> Option<Cause> {
        let settings = config.settings();
        let threshold = settings.failure_threshold;
        let oldest = *self.recent.front()?;
        let many = self.recent.len() >= threshold as usize;
        let close_together = now.since(oldest) < settings.monitoring_period;
        (many && close_together).then_some(Cause::FailureCount { failures: threshold })
    }
}

/// Says why the circuit must open by what happened within the monitoring period.
fn by_rate(config: &BreakerConfig, counts: Counts) -> Option<Cause> {
    let settings = config.settings();
    let off = settings.failure_rate == Share::ZERO && settings.slow_call_rate == Share::ZERO;
    if off {
        return None;
    }
    let Counts {
        total,
        failures,
        slow,
    } = counts;
    if total < settings.minimum_throughput {
        return None;
    }
    let reached = |share: Share, part| share > Share::ZERO && share.is_reached(part, total);
    if reached(settings.failure_rate, failures) {
        Some(Cause::FailureRate { failures, total })
    } else if reached(settings.slow_call_rate, slow) {
        Some(Cause::SlowCallRate { slow, total })
    } else {
        None
    }
}
