//! Refuses bodies over the limit: at once where the size is declared, else when it is passed.

use std::ops::ControlFlow;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use http_body::Body as _;
use http_body_util::Limited;

use crate::app::App;
use crate::error::ApiError;

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response> {
    let limit = app.config.server.body_limit;
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limit)) {
        app.metrics.refused("body_size");
        return ControlFlow::Break(too_large(limit).into_response());
    }
    if !request.body().is_end_stream() {
        let body = std::mem::take(request.body_mut());
        *request.body_mut() = Body::new(Limited::new(body, limit));
    }
    ControlFlow::Continue(())
}

/// The same, unless somebody further in sees to it.
pub(super) fn enter_unless(
    seen_to: bool,
) -> impl Fn(&App, &mut Request) -> ControlFlow<Response> + Clone + Send + Sync {
    move |app, request| {
        if seen_to {
            ControlFlow::Continue(())
        } else {
            enter(app, request)
        }
    }
}

/// The answer to a body over the limit.
pub(crate) fn too_large(limit: usize) -> ApiError {
    let message = format!("the request body is larger than {limit} bytes");
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "SEAWALL_BODY_TOO_LARGE", message)
}
