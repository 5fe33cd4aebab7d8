//! Refuses bodies over the limit: at once where the size is declared, else when it is passed.

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body_util::Limited;

use super::Next;
use crate::app::App;
use crate::error::ApiError;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let limit = app.config.server.body_limit;
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limit)) {
        app.metrics.refused("body_size");
        return too_large(limit).into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, limit))))
        .await
}

/// The answer to a body over the limit.
pub(crate) fn too_large(limit: usize) -> ApiError {
    let message = format!("the request body is larger than {limit} bytes");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "SEAWALL_BODY_TOO_LARGE", message)
}
