//! The metrics of answers that are passed on as they come from the database.

use super::Metrics;

const STREAMS: &str = "database_streams";
const ENDED: &str = "database_streams_total";

pub(super) const COUNTERS: &[(&str, &str)] = &[(
    ENDED,
    "Answers passed on as they came from the database, by how they ended: whole, left, broken.",
)];
pub(super) const GAUGES: &[(&str, &str)] = &[(
    STREAMS,
    "Answers being passed on as they come from the database, each of which holds a connection.",
)];

impl Metrics {
    /// One more answer is passed on.
    pub(crate) fn stream_begun(&self) {
        self.gauge(STREAMS, &[]).increment(1.0);
    }

    /// One fewer is.
    pub(crate) fn stream_ended(&self, how: &'static str) {
        self.gauge(STREAMS, &[]).decrement(1.0);
        self.counter(ENDED, &[("outcome", how.into())]).increment(1);
    }
}
