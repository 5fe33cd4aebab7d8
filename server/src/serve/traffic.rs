//! What one HTTP/2 connection is doing: whether it is idle, what is not read, how much is called off.
//!
//! HTTP/2 shares a connection among many requests, so the stream's own patience does
//! not see one that nobody reads: the peer keeps answering pings and never opens its
//! window. Answers are therefore handed over in small pieces, and a piece that is not
//! asked for in time counts as unread. A peer that asks and calls off, again and again,
//! makes the server work for nobody: past a measure its connection ends.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Instant;

/// Largest piece handed over at once.
const PIECE: usize = 16 << 10;

/// Requests called off before their answer that are forgiven; beyond, as many as were answered.
const FORGIVEN: u64 = 100;

/// How long things may stay as they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Without a request.
    pub(super) idle: Duration,
    /// With a piece that nobody reads.
    pub(super) unread: Duration,
}

/// What a look at the connection came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All is well until then.
    Until(Instant),
    /// Nobody has asked for anything for long.
    Idle,
    /// Somebody does not read, or calls off more than is bearable.
    Abusive(&'static str),
}

/// One connection's account.
#[derive(Debug, Clone)]
pub(super) struct Traffic(Arc<Mutex<Account>>);

#[derive(Debug)]
struct Account {
    active: usize,
    quiet_since: Instant,
    /// Answers with a piece handed over, and since when.
    unread: HashMap<u64, Instant>,
    started: u64,
    answered: u64,
    called_off: u64,
}

impl Traffic {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Account {
            active: 0,
            quiet_since: Instant::now(),
            unread: HashMap::new(),
            started: 0,
            answered: 0,
            called_off: 0,
        })))
    }

    /// A request has begun.
    pub(super) fn begin(&self) -> Call {
        let mut account = self.account();
        account.active += 1;
        account.started += 1;
        Call {
            traffic: self.clone(),
            number: account.started,
            answered: false,
        }
    }

    /// Judges the connection as it stands.
    pub(super) fn judge(&self, limits: Limits) -> Verdict {
        let account = self.account();
        if account.called_off > FORGIVEN.saturating_add(account.answered) {
            return Verdict::Abusive("called_off");
        }
        let now = Instant::now();
        let oldest = account.unread.values().min().copied();
        if oldest.is_some_and(|since| now >= since + limits.unread) {
            return Verdict::Abusive("unread");
        }
        if account.active == 0 && now >= account.quiet_since + limits.idle {
            return Verdict::Idle;
        }
        let idle_at = if account.active == 0 {
            account.quiet_since + limits.idle
        } else {
            now + limits.idle
        };
        let unread_at = oldest.unwrap_or(now) + limits.unread;
        // Calling off is counted between looks, so there is one every second.
        Verdict::Until(idle_at.min(unread_at).min(now + Duration::from_secs(1)))
    }

    fn account(&self) -> MutexGuard<'_, Account> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request under way, to the end of its answer's body.
#[derive(Debug)]
pub(super) struct Call {
    traffic: Traffic,
    number: u64,
    answered: bool,
}

impl Call {
    /// There is an answer, and its body is watched.
    pub(super) fn answer(mut self, body: Body) -> Body {
        self.answered = true;
        self.traffic.account().answered += 1;
        Body::new(Handed {
            body,
            rest: Bytes::new(),
            call: self,
        })
    }

    fn handed_over(&self) {
        self.traffic.account().unread.insert(self.number, Instant::now());
    }

    fn asked_for(&self) {
        self.traffic.account().unread.remove(&self.number);
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let mut account = self.traffic.account();
        account.active = account.active.saturating_sub(1);
        account.unread.remove(&self.number);
        if !self.answered {
            account.called_off += 1;
        }
        if account.active == 0 {
            account.quiet_since = Instant::now();
        }
    }
}

/// An answer's body, in pieces.
struct Handed {
    body: Body,
    rest: Bytes,
    call: Call,
}

impl http_body::Body for Handed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.call.asked_for();
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context))
                .map(|frame| frame.map(Frame::into_data))
            {
                Some(Ok(Ok(data))) => self.rest = data,
                Some(Ok(Err(trailers))) => return Poll::Ready(Some(Ok(trailers))),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
        let length = self.rest.len().min(PIECE);
        let piece = self.rest.split_to(length);
        self.call.handed_over();
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = self.rest.len() as u64;
        let inner = self.body.size_hint();
        let mut hint = SizeHint::new();
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint.set_lower(inner.lower().saturating_add(held));
        hint
    }
}

#[cfg(test)]
mod tests {
    use http_body::Body as _;
    use http_body_util::BodyExt as _;

    use super::*;

    const LIMITS: Limits = Limits {
        idle: Duration::from_secs(60),
        unread: Duration::from_secs(30),
    };

    async fn after(span: u64) {
        tokio::time::advance(Duration::from_secs(span)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_without_requests_is_idle_after_a_while() {
        let traffic = Traffic::new();
        after(59).await;
        assert!(matches!(traffic.judge(LIMITS), Verdict::Until(_)));
        let call = traffic.begin();
        after(60).await;
        assert!(matches!(traffic.judge(LIMITS), Verdict::Until(_)), "it works");
        drop(call.answer(Body::empty()));
        after(60).await;
        assert_eq!(traffic.judge(LIMITS), Verdict::Idle);
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_read_is_noticed_and_one_that_is_slow_to_come_is_not() {
        let traffic = Traffic::new();
        let mut body = traffic.begin().answer(Body::from(vec![7; 3 * PIECE]));
        after(100).await;
        assert!(
            matches!(traffic.judge(LIMITS), Verdict::Until(_)),
            "nothing was handed over"
        );
        let piece = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(piece.len(), PIECE);
        after(30).await;
        assert_eq!(traffic.judge(LIMITS), Verdict::Abusive("unread"));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), 2 * PIECE);
        assert!(matches!(traffic.judge(LIMITS), Verdict::Until(_)));
    }

    #[tokio::test]
    async fn a_body_says_its_length_and_gives_all_of_it() {
        let traffic = Traffic::new();
        let body = traffic.begin().answer(Body::from(vec![7; PIECE + 1]));
        assert_eq!(body.size_hint().exact(), Some(PIECE as u64 + 1));
        assert_eq!(body.collect().await.unwrap().to_bytes().len(), PIECE + 1);
    }

    #[tokio::test]
    async fn calling_off_more_than_is_answered_ends_the_connection() {
        let traffic = Traffic::new();
        for _ in 0..=FORGIVEN {
            drop(traffic.begin().answer(Body::empty()));
            drop(traffic.begin());
        }
        assert!(matches!(traffic.judge(LIMITS), Verdict::Until(_)));
        for _ in 0..=FORGIVEN {
            drop(traffic.begin());
        }
        assert_eq!(traffic.judge(LIMITS), Verdict::Abusive("called_off"));
    }
}
