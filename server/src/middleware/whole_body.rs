//! Waits for a small body to be whole before the request takes a place among those inflight.
//!
//! A place is for work. A sender that is slow, by nature or on purpose, waits outside
//! and keeps nobody from working. What is held meanwhile is bounded: bodies up to a
//! quarter of a megabyte, and no more than a fixed sum of them; beyond either, the
//! body is read inside, as its handler asks for it.

use std::sync::Arc;

use super::Next;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt as _, StreamBody};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The most that is held of one body.
const MOST: usize = 256 << 10;
/// Bodies held at once, each reckoned at the most it may be: 128 MiB.
const HELD: usize = 512;

/// Room for bodies that are not whole yet.
#[derive(Debug, Clone)]
pub(super) struct Room(Arc<Semaphore>);

impl Room {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(HELD)))
    }
}

pub(super) async fn layer(room: Room, request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let Ok(held) = room.0.try_acquire_owned() else {
        return next.run(request).await;
    };
    let (parts, body) = request.into_parts();
    let body = gather(body, held).await;
    next.run(Request::from_parts(parts, body)).await
}

/// Reads until the body ends, fails or is more than is held; what was read comes first in the new body.
async fn gather(mut body: Body, held: OwnedSemaphorePermit) -> Body {
    let mut read = BytesMut::new();
    loop {
        match body.frame().await {
            None => {
                drop(held);
                return Body::from(read.freeze());
            }
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    read.extend_from_slice(&data);
                }
                if read.len() > MOST {
                    return chained(read.freeze(), Box::pin(body.into_data_stream()));
                }
            }
            Some(Err(error)) => {
                return chained(read.freeze(), Box::pin(stream::once(async { Err(error) })));
            }
        }
    }
}

fn chained(first: Bytes, rest: stream::BoxStream<'static, Result<Bytes, axum::Error>>) -> Body {
    let all = stream::once(async { Ok(first) }).chain(rest);
    Body::new(StreamBody::new(all.map(|piece| piece.map(Frame::data))))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn gathered(length: usize) -> Bytes {
        let permit = Room::new().0.try_acquire_owned().unwrap();
        let body = gather(Body::from(vec![7; length]), permit).await;
        body.collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn nothing_is_lost_whether_it_fits_or_not() {
        for length in [1, MOST, MOST + 1, 3 * MOST] {
            assert_eq!(gathered(length).await.len(), length);
        }
    }

    #[tokio::test]
    async fn an_error_comes_after_what_was_read() {
        let pieces = [Ok(Bytes::from_static(b"abc")), Err(std::io::Error::other("gone"))];
        let permit = Room::new().0.try_acquire_owned().unwrap();
        let mut body = gather(Body::from_stream(stream::iter(pieces)), permit).await;
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(first, "abc");
        assert!(body.frame().await.unwrap().is_err());
    }
}
