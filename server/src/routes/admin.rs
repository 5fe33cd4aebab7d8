//! The admin API: what administrators see and decide, on every instance at once.
//!
//! Everything here stands behind `middleware::before_admin`. A decision is told to all
//! instances over the bus and to everybody who listens as an event.

mod audit;
mod breakers;
mod cache;
mod events;
mod instances;
mod limits;
mod queue;
mod sessions;

use axum::Router;
use axum::routing::{delete, get, patch, post};

use crate::app::App;

/// The routes, without what must stand before them.
pub(crate) fn routes(app: &App) -> Router {
    Router::new()
        .route("/admin/instances", get(instances::list))
        .route("/admin/breakers", get(breakers::list))
        .route(
            "/admin/breakers/{name}",
            get(breakers::read).post(breakers::force),
        )
        .route("/internal/cache-stats", get(cache::stats))
        .route("/internal/cache/invalidate", post(cache::invalidate))
        .route("/admin/limits", get(limits::read))
        .route("/admin/limits/tiers/{name}", patch(limits::adjust))
        .route("/admin/limits/keys/{key}", delete(limits::unblock))
        .route("/admin/queue", get(queue::list))
        .route("/admin/sessions", get(sessions::list))
        .route("/admin/sessions/revoke", post(sessions::revoke))
        .route("/admin/audit", get(audit::search))
        .route("/admin/events", get(events::stream))
        .with_state(app.clone())
}
