//! What is counted of connections from clients.

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
}
