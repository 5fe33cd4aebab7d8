//! Carrying a write out, and throwing away what it changed before anybody hears that it is done.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use http::HeaderMap;
use seawall_policy::cache::admit::may_have_written;
use seawall_policy::class::{Answer, Target, classify};

use crate::app::App;
use crate::cache::Touched;
use crate::error::ErrorReport;
use crate::middleware::Next;
use crate::plain_path::plain;
use crate::to_its_end::to_its_end;

/// A write whose end nobody saw may still be committed this long afterwards.
const LATE_COMMIT: Duration = Duration::from_secs(2);

/// Carries a write out and throws away what it changed.
pub(super) async fn write(app: &App, request: Request, next: Next) -> Response {
    let path = plain(request.uri().path()).into_owned();
    let target = Target::of(request.method().as_str(), &path);
    let guard = Written {
        app: app.clone(),
        endpoint: target.endpoint.to_owned(),
        headers: profile(request.headers()),
        known: false,
    };
    let service = target.service;
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let report = response.extensions().get::<Arc<ErrorReport>>();
    let outcome = classify(&Answer::Response {
        service,
        status,
        code: report.map(|report| report.code.as_str()),
        retry_after: None,
    });
    let touched = response.extensions().get::<Touched>().cloned();
    let touched = guard.seen(touched);
    if may_have_written(status, outcome.category) {
        let app = app.clone();
        let _stopping = to_its_end(async move { end(&app, &touched).await }).await;
    }
    response
}

/// Throws away what was written.
async fn end(app: &App, touched: &Touched) {
    let Some(cache) = &app.cache else { return };
    let now_ms = app.clock.unix().as_millis();
    let by = touched.transaction.as_ref();
    cache
        .invalidate(&cache.written(touched), by, &app.bus, now_ms)
        .await;
}

fn profile(headers: &HeaderMap) -> HeaderMap {
    let profile = headers.get("content-profile").cloned();
    profile
        .into_iter()
        .map(|value| (http::HeaderName::from_static("content-profile"), value))
        .collect()
}

/// A write under way; dropped before its end was seen, it counts as carried out, now or a little later.
struct Written {
    app: App,
    endpoint: String,
    headers: HeaderMap,
    known: bool,
}

impl Written {
    /// What was written: by the plan, or by the request where there was none.
    fn seen(mut self, touched: Option<Touched>) -> Touched {
        self.known = true;
        touched.unwrap_or_else(|| self.guess())
    }

    fn guess(&self) -> Touched {
        let graph = self.app.rest.graph();
        match &self.app.cache {
            Some(cache) => cache.may_have_written(graph.as_deref(), &self.headers, &self.endpoint),
            None => Touched::default(),
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        if self.known {
            return;
        }
        let (app, touched) = (self.app.clone(), self.guess());
        tokio::spawn(async move {
            end(&app, &touched).await;
            tokio::time::sleep(LATE_COMMIT).await;
            end(&app, &touched).await;
        });
    }
}
