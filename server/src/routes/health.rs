//! Is the process there, can it serve, and how are the things it needs.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use serde_json::{Value, json};

use crate::app::{App, Parts};
use crate::breakers::Dependency;

/// The process answers: nothing else is meant by it.
pub(super) async fn live() -> Response {
    answer(StatusCode::OK, json!({"status": "ok"}))
}

/// Requests would be served: the schema cache is loaded and the database's circuit is not open.
pub(super) async fn ready(State(app): State<App>) -> Response {
    let (status, word) = if is_ready(&app) {
        (StatusCode::OK, "ok")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    };
    answer(status, json!({"status": word}))
}

/// The same, with the parts it depends on; always 200, for people and dashboards.
pub(super) async fn health(State(app): State<App>) -> Response {
    let status = if is_ready(&app) { "ok" } else { "degraded" };
    let body = json!({
        "status": status,
        "version": env!("CARGO_PKG_VERSION"),
        "schemaCache": if app.rest.is_loaded() { "loaded" } else { "loading" },
        "database": {"circuit": app.breakers.of(Dependency::Postgres).state().name()},
    });
    answer(StatusCode::OK, body)
}

fn is_ready(app: &Parts) -> bool {
    if app.config.proxy.rest.is_some() {
        return !app.breakers.of(Dependency::Rest).is_open();
    }
    app.rest.is_loaded() && !app.breakers.of(Dependency::Postgres).is_open()
}

fn answer(status: StatusCode, body: Value) -> Response {
    (status, [(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}
