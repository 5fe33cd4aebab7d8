//! The audit's metrics.

use super::{Metrics, names};

/// What becomes of records, so that each word is there before it first happens.
const OUTCOMES: [&str; 5] = ["acknowledged", "unacknowledged", "unwaited", "stored", "lost"];

impl Metrics {
    /// Something became of records.
    pub(crate) fn audit_records(&self, outcome: &'static str, count: u64) {
        self.counter(names::AUDIT_RECORDS, &[("outcome", outcome.into())])
            .increment(count);
    }

    /// So many bytes of records wait on disk.
    #[expect(
        clippy::cast_precision_loss,
        reason = "what waits is bounded far below 2^52 bytes"
    )]
    pub(crate) fn audit_waiting(&self, bytes: u64) {
        self.gauge(names::AUDIT_WAITING, &[]).set(bytes as f64);
    }

    /// Alerts need the series before anything happens.
    pub(crate) fn audit_starts_at_zero(&self) {
        for outcome in OUTCOMES {
            self.audit_records(outcome, 0);
        }
        self.audit_waiting(0);
    }
}
