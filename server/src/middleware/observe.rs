//! Counts, times and logs every answer; the only place where an error is logged.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::response::Response;
use http::Method;

use super::RequestId;
use crate::app::{App, Parts};
use crate::error::ErrorReport;
use crate::telemetry::{Trace, label};

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, Seen> {
    let seen = Seen {
        route: label(app, request.uri().path()),
        method: request.method().clone(),
        id: request.extensions().get::<RequestId>().cloned(),
        started: Instant::now(),
        trace: None,
        inflight: Inflight::enter(app),
    };
    let traced = app.traces.as_ref();
    let trace = traced.map(|traces| traces.begin(request.method().as_str(), seen.route, request.headers()));
    if let Some(trace) = &trace {
        request.extensions_mut().insert(trace.clone());
    }
    ControlFlow::Continue(Seen { trace, ..seen })
}

pub(super) fn leave(app: &App, seen: Seen, response: &mut Response) {
    seen.report(app, response);
}

/// A request under way.
pub(super) struct Seen {
    method: Method,
    route: &'static str,
    id: Option<RequestId>,
    started: Instant,
    trace: Option<Trace>,
    inflight: Inflight,
}

impl Seen {
    fn report(self, app: &Parts, response: &Response) {
        drop(self.inflight);
        let (took, status) = (self.started.elapsed(), response.status());
        app.metrics.answered(&self.method, self.route, status, took);
        let request_id = self.id.as_ref().map_or("", RequestId::as_str);
        let (route, method) = (self.route, self.method.as_str());
        let (status, duration_ms) = (status.as_u16(), took.as_secs_f64() * 1e3);
        let report = response.extensions().get::<Arc<ErrorReport>>();
        if let Some(trace) = &self.trace {
            trace.end(request_id, status, report.map(|report| report.code.as_str()));
        }
        let Some(report) = report else {
            tracing::debug!(request_id, method, route, status, duration_ms, "answered");
            return;
        };
        let (code, cause) = (report.code.as_str(), report.cause.as_deref().unwrap_or_default());
        // A 503 without a cause is our own refusal, of which an outage makes thousands; what led to it was told once.
        if status >= 500 && (status != 503 || report.cause.is_some()) {
            tracing::error!(
                request_id,
                method,
                route,
                status,
                code,
                cause,
                duration_ms,
                "request failed"
            );
        } else {
            tracing::info!(
                request_id,
                method,
                route,
                status,
                code,
                cause,
                duration_ms,
                "request refused"
            );
        }
    }
}

/// Counts a request out even when its caller goes away and the future is dropped.
struct Inflight(App);

impl Inflight {
    fn enter(app: &App) -> Self {
        app.metrics.inflight(1.0);
        Self(app.clone())
    }
}

impl Drop for Inflight {
    fn drop(&mut self) {
        self.0.metrics.inflight(-1.0);
    }
}
