//! Gives up on a request body that stalls or trickles: 408, and what waited for it is free again.
//!
//! Only waiting for the peer counts. A handler that takes its time, or passes a body
//! on to somebody slow, costs the sender nothing.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, StatusCode, Version};
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::app::App;
use crate::error::ApiError;
use crate::serve::Pace;

/// A body that is waited for within a pace.
pub(super) struct Waited {
    gave_up: Arc<AtomicBool>,
    /// No other request shares the connection.
    is_alone: bool,
}

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, Option<Waited>> {
    if request.body().is_end_stream() {
        return ControlFlow::Continue(None);
    }
    let config = &app.config.connections;
    let gave_up = Arc::new(AtomicBool::new(false));
    let body = std::mem::take(request.body_mut());
    *request.body_mut() = Body::new(Paced {
        body,
        pace: Pace::new(config.body_timeout, config.min_rate),
        waiting: None,
        gave_up: Arc::clone(&gave_up),
    });
    let is_alone = request.version() <= Version::HTTP_11;
    ControlFlow::Continue(Some(Waited { gave_up, is_alone }))
}

pub(super) fn leave(app: &App, waited: Option<Waited>, response: &mut Response) {
    let Some(waited) = waited.filter(|waited| waited.gave_up.load(Ordering::Relaxed)) else {
        return;
    };
    app.metrics.refused("slow_body");
    let message = "the request body did not arrive in time";
    *response = ApiError::new(StatusCode::REQUEST_TIMEOUT, "SEAWALL_SLOW_BODY", message).into_response();
    if waited.is_alone {
        // The rest of the body may still come, and must not be taken for a request.
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// Why a body ended early.
#[derive(Debug, thiserror::Error)]
#[error("the request body did not arrive in time")]
struct TooSlow;

/// A body whose sender is waited for within a pace.
struct Paced {
    body: Body,
    pace: Pace,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
    gave_up: Arc<AtomicBool>,
}

impl http_body::Body for Paced {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) else {
            let left = self.pace.left();
            let (_, until) = self
                .waiting
                .get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
            ready!(until.as_mut().poll(context));
            self.gave_up.store(true, Ordering::Relaxed);
            return Poll::Ready(Some(Err(axum::Error::new(TooSlow))));
        };
        if let Some((since, _)) = self.waiting.take() {
            self.pace.waited(since.elapsed());
        }
        if let Some(Ok(frame)) = &frame {
            self.pace.moved(frame.data_ref().map_or(0, Bytes::len));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use futures_util::stream;
    use http_body_util::BodyExt as _;

    use super::*;

    async fn lasts(bytes: usize, pieces: usize) -> (bool, u64) {
        let trickle = stream::unfold(0, move |sent| async move {
            sleep(Duration::from_secs(1)).await;
            (sent < pieces).then(|| (Ok::<_, Infallible>(Bytes::from(vec![7; bytes])), sent + 1))
        });
        let body = Paced {
            body: Body::from_stream(trickle),
            pace: Pace::new(Duration::from_secs(10), 240),
            waiting: None,
            gave_up: Arc::default(),
        };
        let started = Instant::now();
        let whole = body.collect().await.is_ok();
        (whole, started.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_is_given_up_on_and_a_slow_but_steady_body_is_not() {
        let (whole, after) = lasts(1, 1000).await;
        assert!(!whole && (10..12).contains(&after), "{after} s");
        let (whole, after) = lasts(300, 1000).await;
        assert!(whole && after >= 1000, "{after} s");
    }
}
