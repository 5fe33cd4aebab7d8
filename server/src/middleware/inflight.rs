//! The hard cap on requests worked on at once: over it the answer is 503 at once.
//!
//! The permit lives to the end of the answer's body, so slow readers count.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::app::App;
use crate::error::ApiError;

pub(super) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
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
    response.map(|body| {
        Body::new(Held {
            body,
            _permit: permit,
        })
    })
}

/// A body that holds something until it is dropped.
struct Held<P> {
    body: Body,
    _permit: P,
}

impl<P: Unpin> http_body::Body for Held<P> {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::pin::Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
