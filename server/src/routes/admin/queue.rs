//! The write queue: how deep it is, and its jobs. One job is read, cancelled and repeated at `/jobs/{id}`.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::body::askable;
use super::super::jobs::away;
use crate::app::App;
use crate::error::ApiError;
use crate::queue::{JobStatus, Wanted};

const MOST: u32 = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Page {
    state: Option<String>,
    before: Option<Uuid>,
    limit: Option<u32>,
}

pub(super) async fn list(
    State(app): State<App>,
    page: Result<Query<Page>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let Ok(Query(page)) = page else {
        let message = "state, before (a job's id) and limit are what can be asked for";
        return Err(ApiError::new(
            StatusCode::BAD_REQUEST,
            "SEAWALL_BAD_REQUEST",
            message,
        ));
    };
    let queue = app.queue.as_ref().ok_or_else(ApiError::not_found)?;
    let wanted = Wanted {
        state: askable(page.state)?,
        before: page.before,
        limit: page.limit.unwrap_or(50).min(MOST),
    };
    let depth = queue.depth().await.map_err(away)?;
    let jobs = queue.list(&wanted).await.map_err(away)?;
    Ok(Json(json!({
        "queued": depth.queued,
        "running": depth.running,
        "dead": depth.dead,
        "oldestS": depth.oldest_s,
        "jobs": jobs.iter().map(JobStatus::json).collect::<Vec<_>>(),
    })))
}
