//! Development only: makes the server fail, slow down or vanish, as `/dev/faults` says.
//!
//! Stands before everything a broken network would hide, and after CORS, because a
//! page must be able to read the failure it asked for.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::Next;
use crate::app::App;
use crate::dev::faults::Fault;
use crate::error::ApiError;
use crate::serve::Vanish;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let Some(faults) = &app.dev.faults else {
        return next.run(request).await;
    };
    match faults.current() {
        Fault::None => next.run(request).await,
        Fault::Fail => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "SEAWALL_FAULT",
            "the server fails on purpose",
        )
        .into_response(),
        Fault::Slow(latency) => {
            tokio::time::sleep(latency).await;
            next.run(request).await
        }
        Fault::Vanish => {
            let mut response = Response::default();
            response.extensions_mut().insert(Vanish);
            response
        }
    }
}
