//! Metrics of limits and of shedding.

use super::{Metrics, names};

impl Metrics {
    /// A request was counted by less than its claims.
    pub(crate) fn limit_fallback(&self, missing: &'static str) {
        self.counter(names::RATE_LIMIT_FALLBACKS, &[("missing", missing.into())])
            .increment(1);
    }

    /// Whether limits are held without Redis.
    pub(crate) fn limiter_degraded(&self, is_degraded: bool) {
        self.gauge(names::RATE_LIMIT_DEGRADED, &[])
            .set(if is_degraded { 1.0 } else { 0.0 });
    }

    /// Whether the configuration could be used when it was last read.
    pub(crate) fn reloaded(&self, is_usable: bool) {
        self.gauge(names::CONFIG_USABLE, &[])
            .set(if is_usable { 1.0 } else { 0.0 });
    }

    /// What stress leaves of the limits.
    pub(crate) fn limits_left(&self, percent: u32) {
        self.gauge(names::RATE_LIMIT_LEFT, &[]).set(f64::from(percent));
    }

    /// A request was shed.
    pub(crate) fn shed(&self, priority: &'static str, reason: &'static str) {
        self.counter(
            names::SHED,
            &[("priority", priority.into()), ("reason", reason.into())],
        )
        .increment(1);
    }

    /// How many may be worked on, and how many wait for it.
    pub(crate) fn concurrency(&self, cap: u32, waiting: usize) {
        self.gauge(names::CAP, &[]).set(f64::from(cap));
        self.gauge(names::WAITING, &[])
            .set(f64::from(u32::try_from(waiting).unwrap_or(u32::MAX)));
    }
}
