//! The hard cap on requests worked on at once: over it the answer is 503 at once.
//!
//! The permit lives to the end of the answer's body, so slow readers count.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use tokio::sync::OwnedSemaphorePermit;

use super::held::Held;
use crate::app::App;
use crate::error::ApiError;

pub(super) fn enter(app: &App, _: &mut Request) -> ControlFlow<Response, OwnedSemaphorePermit> {
    let Ok(permit) = app.inflight.clone().try_acquire_owned() else {
        app.metrics.refused("inflight");
        let error = ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "SEAWALL_OVERLOADED",
            "too many requests at once",
        );
        return ControlFlow::Break(error.retry_after(1).into_response());
    };
    ControlFlow::Continue(permit)
}

pub(super) fn leave(_: &App, permit: OwnedSemaphorePermit, response: &mut Response) {
    let body = std::mem::take(response.body_mut());
    *response.body_mut() = Held::body(body, permit);
}
