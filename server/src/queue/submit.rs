//! From a planned write to 202 and a job's address.

use axum::Json;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{CACHE_CONTROL, LOCATION};
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::Queue;
use super::accept::Accepted;
use super::job::{JobRequest, NewJob, owner};
use super::wish::{MOST_KEY_BYTES, Malformed, Wish};
use crate::auth::{Digest, Identity, claims};
use crate::error::ApiError;
use crate::middleware::RequestId;

const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// A write that was found sound and is not to be waited for.
pub(crate) struct Submission<'a> {
    pub(crate) mount: &'a str,
    pub(crate) parts: &'a Parts,
    pub(crate) body: Bytes,
    pub(crate) identity: &'a Identity,
    pub(crate) wish: Wish,
}

/// Queues it; the answer names the job.
///
/// # Errors
/// When there is no room, the database is away, or the key was used for something else.
pub(crate) async fn submit(queue: &Queue, submission: Submission<'_>) -> Result<Response, ApiError> {
    let identity = submission.identity;
    let anonymous = !identity.authenticated;
    if anonymous && submission.wish.idempotency_key.is_some() {
        // Everybody without a token is the same nobody, and could be told of another's job.
        return Err(refused(
            StatusCode::BAD_REQUEST,
            "SEAWALL_IDEMPOTENCY_ANONYMOUS",
            "an idempotency key needs a token, since it belongs to a user",
        ));
    }
    let outcome = queue.add(new_job(submission)).await;
    queue.metrics.job(word(outcome));
    match outcome {
        Accepted::New(id) => Ok(accepted(id, false)),
        Accepted::Already(id) => Ok(accepted(id, true)),
        Accepted::OtherRequest => Err(refused(
            StatusCode::UNPROCESSABLE_ENTITY,
            "SEAWALL_IDEMPOTENCY_MISMATCH",
            "the idempotency key was used for another request",
        )),
        Accepted::Full => Err(refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "SEAWALL_QUEUE_FULL",
            "too many writes are waiting",
        )
        .retry_after(5)),
        Accepted::Unavailable => Err(refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "SEAWALL_QUEUE_UNAVAILABLE",
            "the write could not be queued",
        )
        .retry_after(1)),
    }
}

fn new_job(submission: Submission<'_>) -> NewJob {
    let parts = submission.parts;
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let request = JobRequest {
        mount: submission.mount.to_owned(),
        method: parts.method.as_str().to_owned(),
        target: target.to_owned(),
        headers: JobRequest::kept(&parts.headers),
        body: submission.body,
    };
    NewJob {
        id: Uuid::new_v4(),
        owner: owner(submission.identity),
        identity: submission.identity.clone(),
        token: submission
            .identity
            .authenticated
            .then(|| claims::bearer(&parts.headers))
            .flatten()
            .map(|token| Digest::of_token(&token)),
        fingerprint: request.fingerprint(submission.identity.organisation.as_deref()),
        request,
        priority: submission.wish.priority,
        idempotency_key: submission.wish.idempotency_key,
        request_id: parts
            .extensions
            .get::<RequestId>()
            .map(|id| id.as_str().to_owned()),
    }
}

fn accepted(id: Uuid, replayed: bool) -> Response {
    let address = format!("/jobs/{id}");
    let mut response = (StatusCode::ACCEPTED, Json(json!({"id": id, "location": address}))).into_response();
    let headers = response.headers_mut();
    headers.insert(PREFERENCE_APPLIED, HeaderValue::from_static("respond-async"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(address) = HeaderValue::try_from(address) {
        headers.insert(LOCATION, address);
    }
    if replayed {
        headers.insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}

fn word(outcome: Accepted) -> &'static str {
    match outcome {
        Accepted::New(_) => "accepted",
        Accepted::Already(_) => "repeated",
        Accepted::OtherRequest => "mismatched",
        Accepted::Full => "refused",
        Accepted::Unavailable => "unavailable",
    }
}

impl From<Malformed> for ApiError {
    fn from(malformed: Malformed) -> Self {
        match malformed {
            Malformed::IdempotencyKey => refused(
                StatusCode::BAD_REQUEST,
                "SEAWALL_IDEMPOTENCY_KEY",
                &format!("an idempotency key has from 1 to {MOST_KEY_BYTES} characters"),
            ),
            Malformed::Priority(word) => refused(
                StatusCode::BAD_REQUEST,
                "SEAWALL_PRIORITY",
                &format!("there is no priority {word:?}"),
            )
            .with_hint("critical, high, normal or low"),
        }
    }
}

fn refused(status: StatusCode, code: &'static str, message: &str) -> ApiError {
    ApiError::new(status, code, message)
}
