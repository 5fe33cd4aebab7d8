//! The metrics of the response cache.

use std::time::Duration;

use super::Metrics;

const ANSWERS: &str = "cache_answers_total";
const LOOKED: &str = "cache_lookup_duration_seconds";
const INVALIDATIONS: &str = "cache_invalidations_total";
const ENTRIES: &str = "cache_entries";
const BYTES: &str = "cache_bytes";
const EVICTIONS: &str = "cache_evictions_total";

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        ANSWERS,
        "Reads, by how the cache answered: hit, stale, miss, bypass.",
    ),
    (INVALIDATIONS, "Invalidations heard or made by this instance."),
    (EVICTIONS, "Answers that had to leave memory for others."),
];
pub(super) const GAUGES: &[(&str, &str)] = &[
    (ENTRIES, "Answers kept in memory."),
    (BYTES, "Bytes they take, roughly."),
];
pub(super) const HISTOGRAMS: &[(&str, &str)] =
    &[(LOOKED, "Time to look an answer up, by layer: memory, redis.")];

impl Metrics {
    /// A read was answered in that way.
    pub(crate) fn cache_answer(&self, how: &'static str) {
        self.counter(ANSWERS, &[("result", how.into())]).increment(1);
    }

    /// A layer was looked into.
    pub(crate) fn cache_looked(&self, layer: &'static str, took: Duration) {
        self.histogram(LOOKED, &[("layer", layer.into())]).record(took);
    }

    /// Something was invalidated.
    pub(crate) fn cache_invalidated(&self) {
        self.counter(INVALIDATIONS, &[]).increment(1);
    }

    /// What is in memory.
    #[expect(clippy::cast_precision_loss, reason = "gauges are floats")]
    pub(crate) fn cache_held(&self, entries: u64, bytes: u64, evictions: u64) {
        self.gauge(ENTRIES, &[]).set(entries as f64);
        self.gauge(BYTES, &[]).set(bytes as f64);
        self.counter(EVICTIONS, &[]).absolute(evictions);
    }
}
