//! A body that may take as long as it likes, but not pause: a stalled upstream must not hold a caller.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

/// A body with a bound on the time between its frames.
pub(super) struct Pausing<B> {
    body: B,
    limit: Duration,
    /// None before the first pause: most answers are there at once.
    until: Option<Pin<Box<Sleep>>>,
    /// Whether `until` has been moved since the last frame.
    waiting: bool,
}

impl<B> Pausing<B> {
    pub(super) fn new(body: B, limit: Duration) -> Self {
        Self {
            body,
            limit,
            until: None,
            waiting: false,
        }
    }
}

impl<B> Body for Pausing<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            self.waiting = false;
            return Poll::Ready(frame.map(|frame| frame.map_err(axum::Error::new)));
        }
        let (limit, was_waiting) = (self.limit, std::mem::replace(&mut self.waiting, true));
        let until = self.until.get_or_insert_with(|| Box::pin(sleep(limit)));
        if !was_waiting {
            until.as_mut().reset(Instant::now() + limit);
        }
        ready!(until.as_mut().poll(context));
        let problem = std::io::Error::new(std::io::ErrorKind::TimedOut, "the upstream's answer stalled");
        Poll::Ready(Some(Err(axum::Error::new(problem))))
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
    use http_body_util::{BodyExt as _, Full, StreamBody};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_pause_ends_a_body_and_slowness_does_not() {
        let slow = futures_util::stream::unfold(0, |sent| async move {
            sleep(Duration::from_secs(if sent < 3 { 1 } else { 60 })).await;
            Some((
                Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"x"))),
                sent + 1,
            ))
        });
        let mut body = Pausing::new(StreamBody::new(Box::pin(slow)), Duration::from_secs(2));
        for _ in 0..3 {
            assert!(body.frame().await.unwrap().is_ok());
        }
        assert!(body.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn what_was_known_about_its_size_still_is() {
        let body = Pausing::new(Full::new(Bytes::from_static(b"abc")), Duration::from_secs(2));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abc");
    }
}
