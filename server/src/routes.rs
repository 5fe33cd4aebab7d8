//! Seawall's own addresses: health, metrics, the policy document, the page.

mod admin;
mod body;
mod docs;
mod health;
mod ingest;
mod jobs;
mod metrics;
mod openapi;
mod page;
mod policy;

pub(crate) use page::routes as page;

use axum::Router;
use axum::routing::{get, post};

use crate::app::App;

/// What operators and guards ask for; open to everyone.
pub(crate) fn own(app: &App) -> Router {
    operators()
        .route("/policy", get(policy::read))
        .with_state(app.clone())
}

/// What administrators alone may see and do.
pub(crate) fn administration(app: &App) -> Router {
    let health = Router::new().route("/health/detailed", get(health::detailed));
    admin::routes(app).merge(health.with_state(app.clone()))
}

/// The description of these addresses, and a page to try them on.
pub(crate) fn docs(app: &App) -> Router {
    Router::new()
        .route("/openapi.json", get(openapi::read))
        .route("/api-docs", get(docs::index))
        .route("/api-docs/", get(docs::root))
        .route("/api-docs/{*path}", get(docs::asset))
        .with_state(app.clone())
}

/// Where guards send their metrics; open to everyone, and limited.
pub(crate) fn ingest(app: &App) -> Router {
    Router::new()
        .route("/ingest", post(ingest::take))
        .with_state(app.clone())
}

/// The addresses of queued jobs.
pub(crate) fn jobs(app: &App) -> Router {
    Router::new()
        .route("/jobs/{id}", get(jobs::read))
        .route("/jobs/{id}/cancel", post(jobs::cancel))
        .route("/jobs/{id}/retry", post(jobs::retry))
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
