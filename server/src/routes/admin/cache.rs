//! What administrators ask of the response cache: how it stands, and to throw things away.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use serde_json::json;

use crate::app::App;
use crate::cache::Invalidation;
use crate::error::ApiError;
use crate::routes::body::JsonBody;
use crate::to_its_end::to_its_end;

pub(super) async fn stats(State(app): State<App>) -> Response {
    match &app.cache {
        Some(cache) => Json(json!({ "enabled": true, "instance": cache.stats() })).into_response(),
        None => Json(json!({ "enabled": false })).into_response(),
    }
}

/// Answers when no later read of this instance gives what was kept before.
pub(super) async fn invalidate(State(app): State<App>, JsonBody(wanted): JsonBody<Invalidation>) -> Response {
    if app.cache.is_none() {
        let message = "nothing is kept: the response cache is off";
        return ApiError::new(StatusCode::CONFLICT, "SEAWALL_CACHE_OFF", message).into_response();
    }
    let thrown_away = to_its_end(async move {
        let Some(cache) = &app.cache else { return };
        let targets = cache.targets(wanted);
        let now_ms = app.clock.unix().as_millis();
        cache.invalidate(&targets, None, &app.bus, now_ms).await;
    });
    match thrown_away.await {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => error.into_response(),
    }
}
