//! What is counted of connections, from clients and to the database.

use std::time::Duration;

use super::{Metrics, names};

impl Metrics {
    /// How many connections there are.
    #[expect(clippy::cast_precision_loss, reason = "connections are capped at a million")]
    pub(crate) fn connections(&self, count: usize) {
        self.gauge(names::HTTP_CONNECTIONS, &[]).set(count as f64);
    }

    /// A connection was ended for what its peer did or left undone.
    pub(crate) fn connection_cut(&self, reason: &'static str) {
        self.counter(names::HTTP_CONNECTIONS_CUT, &[("reason", reason.into())])
            .increment(1);
    }

    /// Somebody waited for a connection of the pool.
    pub(crate) fn pool_wait(&self, span: Duration) {
        self.histogram(names::DATABASE_POOL_WAIT, &[]).record(span);
    }

    /// Requests of the last five minutes whose context could not be set.
    pub(crate) fn recent_rls_failures(&self) -> u64 {
        self.rls_failures.count()
    }
}
