//! Breakers: read on this instance, decided about on all.

use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::body::JsonBody;
use crate::app::App;
use crate::breakers::{Breaker, Dependency, Force};
use crate::error::ApiError;
use crate::instances;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    force: Force,
}

pub(super) async fn list(State(app): State<App>) -> Json<Value> {
    let all: Vec<Value> = app.breakers.iter().map(describe).collect();
    Json(json!({"breakers": all}))
}

pub(super) async fn read(State(app): State<App>, Path(name): Path<String>) -> Result<Json<Value>, ApiError> {
    let dependency = Dependency::named(&name).ok_or_else(ApiError::not_found)?;
    Ok(Json(describe(app.breakers.of(dependency))))
}

pub(super) async fn force(
    State(app): State<App>,
    Path(name): Path<String>,
    JsonBody(wish): JsonBody<Wish>,
) -> Result<Json<Value>, ApiError> {
    let dependency = Dependency::named(&name).ok_or_else(ApiError::not_found)?;
    instances::decide(&app, dependency, wish.force);
    Ok(Json(describe(app.breakers.of(dependency))))
}

fn describe(breaker: &Breaker) -> Value {
    let figures = breaker.figures();
    json!({
        "dependency": breaker.dependency().name(),
        "state": figures.state.name(),
        "admitted": figures.admitted,
        "rejected": figures.rejected,
        "successes": figures.successes,
        "failures": figures.failures,
        "opened": figures.opened,
        "retryAfterS": figures.retry_after_s,
        "latencyMs": {"p50": figures.p50_ms, "p95": figures.p95_ms, "p99": figures.p99_ms},
    })
}
