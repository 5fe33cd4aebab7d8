//! Metrics of tables in monthly parts. Tables are the operator's to name, so the label is bounded.

use super::Metrics;

pub(super) const CREATED: &str = "partitions_created_total";
pub(super) const DROPPED: &str = "partitions_dropped_total";
pub(super) const FAILED: &str = "partition_failures_total";
pub(super) const HORIZON: &str = "partition_horizon_months";

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (CREATED, "Partitions made ahead of time, by table."),
    (DROPPED, "Partitions dropped after their retention, by table."),
    (FAILED, "Partitions that could not be made or dropped."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[(
    HORIZON,
    "Months after the present one that have a partition, by table.",
)];

impl Metrics {
    /// A table was kept.
    pub(crate) fn partitions_kept(&self, table: &str, created: usize, dropped: usize, horizon: u32) {
        let label = [("table", table.to_owned().into())];
        self.counter(CREATED, &label)
            .increment(u64::try_from(created).unwrap_or(u64::MAX));
        self.counter(DROPPED, &label)
            .increment(u64::try_from(dropped).unwrap_or(u64::MAX));
        self.gauge(HORIZON, &label).set(f64::from(horizon));
    }

    /// Something could not be done.
    pub(crate) fn partitions_failed(&self) {
        self.counter(FAILED, &[]).increment(1);
    }
}
