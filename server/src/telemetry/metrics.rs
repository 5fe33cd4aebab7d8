//! Metrics of one server: a registry of its own, so two servers in a process do not mix.
//!
//! Labels come from small fixed sets. What a caller chooses (paths, users, codes)
//! never becomes a label, so the number of series is bounded.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder as _, Unit};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::kept::Kept;
use super::names;
use super::recent::Recent;

static METADATA: Metadata<'static> = Metadata::new("seawall", Level::INFO, None);

/// The registry of one server.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
    counters: Kept<Counter>,
    gauges: Kept<Gauge>,
    histograms: Kept<Histogram>,
    pub(super) rls_failures: Recent,
}

impl Metrics {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        let builder = PrometheusBuilder::new();
        // The only error is an empty list of buckets; the default ones would do then.
        let builder = builder.set_buckets(names::BUCKETS_S).unwrap_or_default();
        let recorder = builder.build_recorder();
        for (name, help) in names::COUNTERS
            .iter()
            .chain(super::cache::COUNTERS)
            .chain(super::partitions::COUNTERS)
            .chain(super::business::COUNTERS)
            .chain(super::streams::COUNTERS)
        {
            recorder.describe_counter((*name).into(), Some(Unit::Count), (*help).into());
        }
        for (name, help) in names::GAUGES
            .iter()
            .chain(super::cache::GAUGES)
            .chain(super::partitions::GAUGES)
            .chain(super::business::GAUGES)
            .chain(super::active::GAUGES)
            .chain(super::streams::GAUGES)
        {
            recorder.describe_gauge((*name).into(), None, (*help).into());
        }
        for (name, help) in names::HISTOGRAMS.iter().chain(super::cache::HISTOGRAMS) {
            recorder.describe_histogram((*name).into(), None, (*help).into());
        }
        let handle = recorder.handle();
        let metrics = Self {
            recorder: Arc::new(recorder),
            handle,
            counters: Kept::default(),
            gauges: Kept::default(),
            histograms: Kept::default(),
            rls_failures: Recent::new(),
        };
        metrics.start_at_zero();
        metrics
    }

    /// The registry as Prometheus text.
    #[must_use]
    pub fn render(&self) -> String {
        self.file_samples();
        self.handle.render()
    }

    /// Files what histograms hold into their buckets.
    pub(super) fn file_samples(&self) {
        self.handle.run_upkeep();
    }

    /// A request arrived (`1`) or left (`-1`).
    pub(crate) fn inflight(&self, change: f64) {
        self.gauge(names::HTTP_INFLIGHT, &[]).increment(change);
    }

    /// A request was answered.
    pub(crate) fn answered(&self, method: &Method, route: &'static str, status: StatusCode, took: Duration) {
        let method = method_label(method);
        let labels = [
            ("method", method.into()),
            ("route", route.into()),
            ("status", status_label(status)),
        ];
        self.counter(names::HTTP_REQUESTS, &labels).increment(1);
        self.histogram(
            names::HTTP_DURATION,
            &[("method", method.into()), ("route", route.into())],
        )
        .record(took);
    }

    /// A request was refused before it was worked on.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.counter(names::HTTP_REFUSED, &[("reason", reason.into())])
            .increment(1);
    }

    /// A transaction ended.
    pub(crate) fn transaction(&self, kind: &'static str, took: Duration) {
        self.histogram(names::DATABASE_DURATION, &[("kind", kind.into())])
            .record(took);
    }

    /// A statement failed; only the class of the SQLSTATE is kept.
    pub(crate) fn database_error(&self, sqlstate: Option<&str>) {
        let class = sqlstate
            .and_then(|state| state.get(..2))
            .filter(|class| class.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        self.counter(
            names::DATABASE_ERRORS,
            &[("class", class.unwrap_or("connection").to_owned().into())],
        )
        .increment(1);
    }

    /// A connection was thrown away.
    pub(crate) fn connection_discarded(&self, reason: &'static str) {
        self.counter(names::DATABASE_DISCARDED, &[("reason", reason.into())])
            .increment(1);
    }

    /// How the pool stands.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a pool has at most a few thousand connections"
    )]
    pub(crate) fn pool(&self, states: [(&'static str, usize); 3]) {
        for (state, count) in states {
            self.gauge(names::DATABASE_POOL, &[("state", state.into())])
                .set(count as f64);
        }
    }

    /// A request's context could not be set.
    pub(crate) fn rls_context_failure(&self) {
        self.rls_failures.note();
        self.counter(names::RLS_FAILURES, &[]).increment(1);
    }

    /// The limiter decided.
    pub(crate) fn rate_limit(&self, scope: &'static str, decision: &'static str) {
        self.counter(
            names::RATE_LIMIT,
            &[("scope", scope.into()), ("decision", decision.into())],
        )
        .increment(1);
    }

    /// How many keys the limiter remembers.
    #[expect(
        clippy::cast_precision_loss,
        reason = "the limiter's memory is bounded far below 2^52 keys"
    )]
    pub(crate) fn rate_limit_keys(&self, count: usize) {
        self.gauge(names::RATE_LIMIT_KEYS, &[]).set(count as f64);
    }

    /// A circuit entered a state.
    pub(crate) fn breaker(&self, dependency: &'static str, state: &'static str) {
        self.breaker_state(dependency, state);
        self.counter(
            names::BREAKER_TRANSITIONS,
            &[("dependency", dependency.into()), ("to", state.into())],
        )
        .increment(1);
    }

    /// A circuit is in a state.
    pub(crate) fn breaker_state(&self, dependency: &'static str, state: &'static str) {
        let value = match state {
            "open" | "forced_open" => 2.0,
            "half_open" => 1.0,
            _ => 0.0,
        };
        self.gauge(names::BREAKER_STATE, &[("dependency", dependency.into())])
            .set(value);
    }

    /// Something happened that somebody may want to hear of.
    pub(crate) fn event(&self, kind: &'static str, what: &'static str) {
        self.counter(names::EVENTS, &[("kind", kind.into()), ("what", what.into())])
            .increment(1);
    }

    /// A token was refused.
    pub(crate) fn auth_failure(&self, reason: &'static str) {
        self.counter(names::AUTH_FAILURES, &[("reason", reason.into())])
            .increment(1);
    }

    /// The schema cache was loaded, or could not be.
    pub(crate) fn schema_load(&self, succeeded: bool) {
        let outcome = if succeeded { "success" } else { "failure" };
        self.counter(names::SCHEMA_LOADS, &[("outcome", outcome.into())])
            .increment(1);
        if succeeded {
            self.gauge(names::SCHEMA_LOADED, &[]).set(1.0);
        }
    }

    /// A request hit a defect.
    pub(crate) fn panicked(&self) {
        self.counter(names::PANICS, &[]).increment(1);
    }

    /// Alerts on a counter need it to exist before the first failure.
    fn start_at_zero(&self) {
        for name in [names::RLS_FAILURES, names::PANICS] {
            self.counter(name, &[]).increment(0);
        }
        self.gauge(names::HTTP_INFLIGHT, &[]).set(0.0);
        self.gauge(names::SCHEMA_LOADED, &[]).set(0.0);
        self.gauge(names::BREAKER_STATE, &[("dependency", "postgres".into())])
            .set(0.0);
    }

    pub(super) fn counter(
        &self,
        name: &'static str,
        labels: &[(&'static str, Cow<'static, str>)],
    ) -> Counter {
        self.counters.get(name, labels, || {
            self.recorder.register_counter(&key(name, labels), &METADATA)
        })
    }

    pub(super) fn gauge(&self, name: &'static str, labels: &[(&'static str, Cow<'static, str>)]) -> Gauge {
        self.gauges.get(name, labels, || {
            self.recorder.register_gauge(&key(name, labels), &METADATA)
        })
    }

    pub(super) fn histogram(
        &self,
        name: &'static str,
        labels: &[(&'static str, Cow<'static, str>)],
    ) -> Histogram {
        self.histograms.get(name, labels, || {
            self.recorder.register_histogram(&key(name, labels), &METADATA)
        })
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

fn key(name: &'static str, labels: &[(&'static str, Cow<'static, str>)]) -> Key {
    let labels: Vec<Label> = labels
        .iter()
        .map(|(name, value)| Label::new(*name, value.clone()))
        .collect();
    Key::from_parts(name, labels)
}

/// The common ones cost nothing.
fn status_label(status: StatusCode) -> Cow<'static, str> {
    let word = match status.as_u16() {
        200 => "200",
        201 => "201",
        204 => "204",
        206 => "206",
        304 => "304",
        401 => "401",
        404 => "404",
        429 => "429",
        503 => "503",
        _ => return status.as_str().to_owned().into(),
    };
    word.into()
}

/// Methods are the caller's to invent; the label's values are not.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_alerts_rest_on_is_there_from_the_start() {
        let text = Metrics::new().render();
        assert!(text.contains("rls_context_failures_total 0"), "{text}");
        assert!(
            text.contains("circuit_breaker_state{dependency=\"postgres\"} 0"),
            "{text}"
        );
    }

    #[test]
    fn two_servers_do_not_mix() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.rls_context_failure();
        assert!(one.render().contains("rls_context_failures_total 1"));
        assert!(other.render().contains("rls_context_failures_total 0"));
    }

    #[test]
    fn invented_methods_and_codes_add_no_series() {
        let metrics = Metrics::new();
        let method = Method::from_bytes(b"INVENTED").unwrap();
        metrics.answered(&method, "rest", StatusCode::OK, Duration::from_millis(3));
        metrics.database_error(Some("é1"));
        let text = metrics.render();
        assert!(
            text.contains("method=\"other\"") && !text.contains("INVENTED"),
            "{text}"
        );
        assert!(text.contains("class=\"connection\""), "{text}");
    }
}
