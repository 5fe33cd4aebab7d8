//! Metrics about the metrics of the business. Their names are the operator's to choose, so the label is bounded.

use std::time::Duration;

use super::Metrics;

const READINGS: &str = "business_metric_readings_total";
const DROPPED: &str = "business_metric_rows_dropped_total";
const SERIES: &str = "business_metric_series";
const LAST: &str = "business_metric_last_success_timestamp_seconds";
const INTERVAL: &str = "business_metric_interval_seconds";
const ASKER: &str = "business_metrics_asker";

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        READINGS,
        "Readings of the metrics of the business, by metric and outcome.",
    ),
    (
        DROPPED,
        "Rows of the metrics of the business that are not shown, by metric and reason.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    (SERIES, "Series of each metric of the business."),
    (
        LAST,
        "When each metric of the business was last read, in seconds since 1970.",
    ),
    (INTERVAL, "How often each metric of the business is to be read."),
    (
        ASKER,
        "Whether this instance asks for the metrics of the business.",
    ),
];

impl Metrics {
    /// Whether this instance asks.
    pub(crate) fn business_asker(&self, asks: bool) {
        self.gauge(ASKER, &[]).set(f64::from(u8::from(asks)));
    }

    /// Alerts need the series before anything happens.
    pub(crate) fn business_starts_at_zero(&self, metric: &str, interval: Duration) {
        self.gauge(INTERVAL, &[("metric", metric.to_owned().into())])
            .set(interval.as_secs_f64());
        for outcome in ["ok", "unreachable", "superuser", "timeout", "refused", "shape"] {
            self.business_reading(metric, outcome, 0);
        }
    }

    /// A metric was read.
    #[expect(clippy::cast_precision_loss, reason = "seconds and series are far below 2^52")]
    pub(crate) fn business_read(&self, metric: &str, now_s: u64, series: usize) {
        self.business_reading(metric, "ok", 1);
        let label = [("metric", metric.to_owned().into())];
        self.gauge(LAST, &label).set(now_s as f64);
        self.gauge(SERIES, &label).set(series as f64);
    }

    /// A metric could not be read.
    pub(crate) fn business_failed(&self, metric: &str, outcome: &'static str) {
        self.business_reading(metric, outcome, 1);
    }

    /// Rows were left out.
    pub(crate) fn business_dropped(&self, metric: &str, reason: &'static str, count: u64) {
        self.counter(
            DROPPED,
            &[("metric", metric.to_owned().into()), ("reason", reason.into())],
        )
        .increment(count);
    }

    fn business_reading(&self, metric: &str, outcome: &'static str, count: u64) {
        self.counter(
            READINGS,
            &[("metric", metric.to_owned().into()), ("outcome", outcome.into())],
        )
        .increment(count);
    }
}
