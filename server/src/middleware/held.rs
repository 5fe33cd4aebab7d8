//! A body that holds something until it has been sent, or its reader is gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;

/// A body with what it holds.
pub(super) struct Held<P> {
    body: Body,
    _held: P,
}

impl<P: Unpin + Send + 'static> Held<P> {
    pub(super) fn body(body: Body, held: P) -> Body {
        Body::new(Self { body, _held: held })
    }
}

impl<P: Unpin> http_body::Body for Held<P> {
    type Data = bytes::Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
