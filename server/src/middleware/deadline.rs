//! Bounds how long a request may take, its body's arrival included.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::Next;
use crate::app::App;
use crate::error::ApiError;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let limit = app.config.server.request_timeout;
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            app.metrics.refused("deadline");
            let message = format!("the request took longer than {} ms", limit.as_millis());
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "SEAWALL_DEADLINE", message).into_response()
        }
    }
}
