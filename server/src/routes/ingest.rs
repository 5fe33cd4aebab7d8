//! Where guards send what they counted. A beacon cannot choose its media type, so none is asked for.

use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::app::App;
use crate::error::ApiError;

/// What pages may keep alive when they go is a quarter of this.
const MOST_BYTES: usize = 256 << 10;

pub(super) async fn take(State(app): State<App>, body: Bytes) -> Response {
    if body.len() > MOST_BYTES {
        let message = format!("a batch may have {MOST_BYTES} bytes");
        return ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "SEAWALL_BODY_TOO_LARGE", message)
            .into_response();
    }
    match app
        .ingest
        .take(&body, |endpoint| app.rest.has_endpoint(endpoint), &app.metrics)
    {
        Ok(_) => StatusCode::NO_CONTENT.into_response(),
        Err(bad) => {
            app.metrics.refused("ingest");
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "SEAWALL_BAD_BATCH",
                format!("the batch {bad}"),
            )
            .into_response()
        }
    }
}
