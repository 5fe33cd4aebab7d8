//! The queue's metrics.

use std::time::Duration;

use super::{Metrics, names};
use crate::queue::Depth;

/// What becomes of jobs, so that each word is there before it first happens.
const OUTCOMES: [&str; 13] = [
    "accepted",
    "repeated",
    "mismatched",
    "refused",
    "unavailable",
    "completed",
    "retried",
    "put_off",
    "dead",
    "lost",
    "stalled",
    "canceled",
    "revived",
];

impl Metrics {
    /// Something became of a job.
    pub(crate) fn job(&self, outcome: &'static str) {
        self.jobs(outcome, 1);
    }

    /// The same became of several.
    pub(crate) fn jobs(&self, outcome: &'static str, count: u64) {
        self.counter(names::QUEUE_JOBS, &[("outcome", outcome.into())])
            .increment(count);
    }

    /// A job was worked on for so long.
    pub(crate) fn job_attempt(&self, took: Duration) {
        self.histogram(names::QUEUE_ATTEMPT, &[]).record(took);
    }

    /// A job was completed so many seconds after it was accepted.
    pub(crate) fn job_took(&self, seconds: f64) {
        self.histogram(names::QUEUE_LATENCY, &[]).record(seconds);
    }

    /// How full the queue is.
    #[expect(clippy::cast_precision_loss, reason = "a queue is far smaller than 2^52 jobs")]
    pub(crate) fn queue_depth(&self, depth: &Depth) {
        for (state, count) in [
            ("queued", depth.queued),
            ("running", depth.running),
            ("dead", depth.dead),
        ] {
            self.gauge(names::QUEUE_DEPTH, &[("state", state.into())])
                .set(count as f64);
        }
        self.gauge(names::QUEUE_OLDEST, &[]).set(depth.oldest_s);
    }

    /// Alerts need the series before anything happens.
    pub(crate) fn queue_starts_at_zero(&self) {
        for outcome in OUTCOMES {
            self.jobs(outcome, 0);
        }
        self.queue_depth(&Depth::default());
    }
}
