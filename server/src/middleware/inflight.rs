//! The hard cap on requests worked on at once: over it the answer is 503 at once.
//!
//! The permit lives to the end of the answer's body, so slow readers count.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::Next;
use super::held::Held;
use crate::app::App;
use crate::error::ApiError;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let Ok(permit) = app.inflight.clone().try_acquire_owned() else {
        app.metrics.refused("inflight");
        let error = ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "SEAWALL_OVERLOADED",
            "too many requests at once",
        );
        return error.retry_after(1).into_response();
    };
    let response = next.run(request).await;
    response.map(|body| Held::body(body, permit))
}
