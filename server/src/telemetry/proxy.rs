//! Metrics of proxy mode: upstreams, WebSockets, uploads.

use std::time::Duration;

use http::StatusCode;

use super::Metrics;
use super::names;

impl Metrics {
    /// An attempt at an upstream ended.
    pub(crate) fn upstream_attempt(&self, service: &'static str, outcome: &'static str, took: Duration) {
        self.counter(
            names::UPSTREAM_ATTEMPTS,
            &[("service", service.into()), ("outcome", outcome.into())],
        )
        .increment(1);
        self.histogram(names::UPSTREAM_DURATION, &[("service", service.into())])
            .record(took);
    }

    /// An upstream answered.
    pub(crate) fn upstream_answered(&self, service: &'static str, status: StatusCode) {
        let class = match status.as_u16() {
            200..=299 => "2xx",
            300..=399 => "3xx",
            400..=499 => "4xx",
            500..=599 => "5xx",
            _ => "1xx",
        };
        self.counter(
            names::UPSTREAM_ANSWERS,
            &[("service", service.into()), ("status", class.into())],
        )
        .increment(1);
    }

    /// An attempt is made again.
    pub(crate) fn upstream_retried(&self, service: &'static str) {
        self.counter(names::UPSTREAM_RETRIES, &[("service", service.into())])
            .increment(1);
    }

    /// Open WebSockets, and bytes of uploads that wait.
    #[expect(clippy::cast_precision_loss, reason = "both are bounded far below 2^52")]
    pub(crate) fn proxy(&self, sockets: usize, waiting: u64) {
        self.gauge(names::SOCKETS, &[]).set(sockets as f64);
        self.gauge(names::UPLOADS_WAITING, &[]).set(waiting as f64);
    }

    /// A WebSocket was not opened.
    pub(crate) fn socket_refused(&self, reason: &'static str) {
        self.counter(names::SOCKETS_REFUSED, &[("reason", reason.into())])
            .increment(1);
    }

    /// A WebSocket ended.
    pub(crate) fn socket_closed(&self, reason: &'static str) {
        self.counter(names::SOCKETS_CLOSED, &[("reason", reason.into())])
            .increment(1);
    }

    /// A message went through.
    pub(crate) fn socket_message(&self, direction: &'static str) {
        self.counter(names::SOCKET_MESSAGES, &[("direction", direction.into())])
            .increment(1);
    }

    /// An upload was judged.
    pub(crate) fn upload(&self, verdict: &'static str) {
        self.counter(names::UPLOADS, &[("verdict", verdict.into())])
            .increment(1);
    }
}
