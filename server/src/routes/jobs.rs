//! A queued job's address: what became of it, and its owner's right to cancel or repeat it.
//!
//! Somebody else's job is answered as one that does not exist.

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use http::StatusCode;
use http::header::CACHE_CONTROL;
use uuid::Uuid;

use crate::app::{App, Parts};
use crate::auth::{Identity, is_admin};
use crate::error::ApiError;
use crate::queue::job::{JobStatus, owner};
use crate::queue::{Changed, Queue};

type Who = Extension<Identity>;

pub(super) async fn read(State(app): State<App>, Extension(who): Who, Path(id): Path<String>) -> Response {
    match find(&app, &who, &id).await {
        Ok((_, job)) => told(&job),
        Err(error) => error.into_response(),
    }
}

pub(super) async fn cancel(State(app): State<App>, Extension(who): Who, Path(id): Path<String>) -> Response {
    let change = async |queue: &Queue, id| queue.cancel(id).await;
    changed(&app, &who, &id, change).await
}

pub(super) async fn retry(State(app): State<App>, Extension(who): Who, Path(id): Path<String>) -> Response {
    let change = async |queue: &Queue, id| queue.retry(id).await;
    changed(&app, &who, &id, change).await
}

async fn changed(
    app: &Parts,
    who: &Identity,
    id: &str,
    change: impl AsyncFn(&Queue, Uuid) -> sqlx::Result<Changed>,
) -> Response {
    let outcome = async {
        let (queue, job) = find(app, who, id).await?;
        match change(queue, job.id).await.map_err(away)? {
            Changed::Done => Ok(find(app, who, id).await?.1),
            Changed::Unknown => Err(unknown()),
            Changed::NotNow => Err(ApiError::new(
                StatusCode::CONFLICT,
                "SEAWALL_JOB_STATE",
                "the job's state does not allow this, or it is being carried out this moment",
            )),
        }
    };
    match outcome.await {
        Ok(job) => told(&job),
        Err(error) => error.into_response(),
    }
}

async fn find<'app>(
    app: &'app Parts,
    who: &Identity,
    id: &str,
) -> Result<(&'app Queue, JobStatus), ApiError> {
    let (Some(queue), Ok(id)) = (&app.queue, id.parse()) else {
        return Err(unknown());
    };
    let job = queue.find(id).await.map_err(away)?.ok_or_else(unknown)?;
    if job.owner == owner(who) || is_admin(who, &app.config.cluster) {
        Ok((queue, job))
    } else {
        Err(unknown())
    }
}

fn told(job: &JobStatus) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(job.json())).into_response()
}

fn unknown() -> ApiError {
    ApiError::new(
        StatusCode::NOT_FOUND,
        "SEAWALL_JOB_UNKNOWN",
        "there is no such job",
    )
}

/// The queue's database is away: for the admin API too, so that it has one code.
pub(super) fn away(error: sqlx::Error) -> ApiError {
    let message = "the queue's database cannot be asked";
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "SEAWALL_QUEUE_UNAVAILABLE",
        message,
    )
    .retry_after(1)
    .caused_by(error)
}
