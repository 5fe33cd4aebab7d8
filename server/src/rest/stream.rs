//! A body that goes on to its reader as it comes from the database.
//!
//! The rows of an answer are one column of one row, made whole by PostgreSQL. Where that is large it is not made
//! whole here too: what comes before it decides the answer's head, and then each piece is read when the one before
//! it has been taken, so that a slow reader slows the database and fills no memory. Until its end such an answer
//! holds a connection; so only half of the pool may be held so, and the others' answers are read whole.
//!
//! Nothing leaves before the context was believed. The last piece leaves when the statement has ended well: an
//! answer that breaks off is never as long as it was announced. A reader that goes takes the connection along.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, stream};
use http_body::{Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;

use super::connection::{Connection, Pause};
use super::pulse::Watch;
use super::session::Session;
use super::transaction::Landed;
use crate::telemetry::{Child, Metrics};
use crate::wire::WireError;

/// A transaction that is still on its way while its answer may begin.
pub(super) struct Underway {
    pub(super) landed: Landed,
    pub(super) pause: Pause,
    /// One of the connections that may be held so.
    pub(super) permit: OwnedSemaphorePermit,
}

/// An answer whose body has begun to come.
pub(super) struct Begun {
    pub(super) session: Session,
    pub(super) underway: Underway,
    pub(super) watch: Watch,
}

/// Reads a body as a whole after all.
pub(super) async fn gather(
    connection: &mut Connection,
    landed: Landed,
    mut pause: Pause,
) -> Result<Landed, WireError> {
    let mut body = BytesMut::new();
    while let Some(piece) = connection.piece(&mut pause).await? {
        body.extend_from_slice(&piece);
    }
    landed.go_on(connection, pause, body.freeze()).await
}

/// Reads a body and keeps none of it.
pub(super) async fn throw_away(
    connection: &mut Connection,
    landed: Landed,
    mut pause: Pause,
) -> Result<Landed, WireError> {
    while connection.piece(&mut pause).await?.is_some() {}
    landed.go_on(connection, pause, Bytes::new()).await
}

/// Why an answer breaks off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("the database has stopped answering")]
    Lost,
    #[error("the transaction did not end well: {0}")]
    End(String),
    #[error("the loan is gone")]
    Gone,
}

impl Begun {
    /// The body, which `span` lasts as long as.
    pub(super) fn into_body(self, metrics: &Metrics, span: Option<Child>) -> Body {
        let Underway {
            landed,
            pause,
            permit,
        } = self.underway;
        let left = pause.left();
        let flow = Flow {
            session: self.session,
            landed,
            pause,
            watch: self.watch,
            tally: Tally::begin(metrics),
            _held: (permit, span),
        };
        Body::new(Streamed {
            pieces: Box::pin(stream::try_unfold(Some(flow), next)),
            left: u64::try_from(left).unwrap_or(u64::MAX),
        })
    }
}

/// What is left of the answer on the database's side.
struct Flow {
    session: Session,
    landed: Landed,
    pause: Pause,
    watch: Watch,
    tally: Tally,
    _held: (OwnedSemaphorePermit, Option<Child>),
}

/// One piece, and how it goes on; nothing after the last.
async fn next(flow: Option<Flow>) -> Result<Option<(Bytes, Option<Flow>)>, Broken> {
    let Some(mut flow) = flow else { return Ok(None) };
    match flow.piece().await {
        Ok(piece) if flow.pause.left() > 0 => Ok(Some((piece, Some(flow)))),
        Ok(last) => flow.end().await.map(|()| Some((last, None))),
        Err(error) => Err(flow.give_up(error)),
    }
}

impl Flow {
    async fn piece(&mut self) -> Result<Bytes, Broken> {
        let connection = self.session.connection().ok_or(Broken::Gone)?;
        tokio::select! {
            biased;
            piece = connection.piece(&mut self.pause) => Ok(piece?.unwrap_or_default()),
            () = self.watch.lost() => Err(Broken::Lost),
        }
    }

    /// Hears how the transaction ended, and gives the connection back if it is clean.
    async fn end(self) -> Result<(), Broken> {
        let Self {
            mut session,
            landed,
            pause,
            mut watch,
            mut tally,
            _held,
        } = self;
        let ended = async {
            let connection = session.connection().ok_or(Broken::Gone)?;
            let landed = tokio::select! {
                biased;
                landed = landed.go_on(connection, pause, Bytes::new()) => landed?,
                () = watch.lost() => return Err(Broken::Lost),
            };
            match landed.refusal() {
                None if landed.is_over() => Ok(()),
                None => Err(Broken::End("it is still open".to_owned())),
                Some((_, refusal)) => Err(Broken::End(format!("{}: {}", refusal.code, refusal.message))),
            }
        };
        match ended.await {
            Ok(()) => {
                session.give_back();
                tally.how = "whole";
                Ok(())
            }
            Err(error) => {
                session.discard("broken");
                tally.how = "broken";
                tracing::warn!(%error, "an answer broke off");
                Err(error)
            }
        }
    }

    fn give_up(mut self, error: Broken) -> Broken {
        self.session.discard("broken");
        self.tally.how = "broken";
        tracing::warn!(%error, "an answer broke off");
        error
    }
}

/// Counts an answer, however it ends.
struct Tally {
    metrics: Metrics,
    how: &'static str,
}

impl Tally {
    fn begin(metrics: &Metrics) -> Self {
        metrics.stream_begun();
        Self {
            metrics: metrics.clone(),
            how: "left",
        }
    }
}

impl Drop for Tally {
    fn drop(&mut self) {
        self.metrics.stream_ended(self.how);
    }
}

/// The pieces, with their length told beforehand.
struct Streamed {
    pieces: Pin<Box<dyn Stream<Item = Result<Bytes, Broken>> + Send>>,
    left: u64,
}

impl http_body::Body for Streamed {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let piece = ready!(self.pieces.as_mut().poll_next(context));
        if let Some(Ok(piece)) = &piece {
            self.left = self
                .left
                .saturating_sub(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        }
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
