//! Seawall's own addresses: health, metrics, the policy document, the page.

mod health;
mod metrics;
mod page;
mod policy;

pub(crate) use page::routes as page;

use axum::Router;
use axum::routing::get;

use crate::app::{App, Parts};

/// What operators and guards ask for; open to everyone.
pub(crate) fn own(app: &App) -> Router {
    operators()
        .route("/policy", get(policy::read))
        .with_state(app.clone())
}

/// What the second listener serves: for operators only.
pub(crate) fn admin(app: &App) -> Router {
    operators().with_state(app.clone())
}

fn operators() -> Router<App> {
    Router::new()
        .route("/health", get(health::health))
        .route("/live", get(health::live))
        .route("/ready", get(health::ready))
        .route("/metrics", get(metrics::read))
}

/// A word for the route in metrics and logs: few of them, none the caller's.
pub(crate) fn label(app: &Parts, path: &str) -> &'static str {
    let below = |prefix: &str| {
        path.strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    match path {
        _ if below("/rest/v1/rpc") => "rpc",
        _ if below("/rest/v1") => "rest",
        _ if below("/auth/v1") => "auth",
        _ if app.config.postgrest && below("/rpc") => "rpc",
        _ if app.config.postgrest => "rest",
        "/health" | "/live" | "/ready" => "health",
        "/metrics" => "metrics",
        "/policy" => "policy",
        _ if below("/dev") => "dev",
        _ if app.config.server.static_dir.is_some() => "page",
        _ if app.config.server.rest_root && below("/rpc") => "rpc",
        _ if app.config.server.rest_root => "rest",
        _ => "unknown",
    }
}
