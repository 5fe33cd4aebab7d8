//! PostgreSQL's protocol for the data plane: one request's transaction as one flush and one answer.
//!
//! The driver sends each statement with a point of synchronisation of its own and carries
//! messages between tasks. A request knows all its statements beforehand, so here they
//! leave in one write, with one `Sync` at their end, and the task that asked reads the
//! answers itself. PostgreSQL then skips whatever follows an error up to the `Sync`: a
//! step whose predecessor failed is never run. The messages' own encoding is the crate
//! `postgres-protocol`'s; everything that is not a request's transaction (listening,
//! migrations, what Seawall stores) uses an ordinary driver.
//!
//! Protocol: <https://www.postgresql.org/docs/current/protocol-flow.html>, pipelining.

mod cancel;
mod connect;
mod error;
mod flight;
mod row;
mod socket;

pub(crate) use cancel::Cancel;
pub(crate) use error::{Refusal, WireError};
pub(crate) use flight::{Landing, Pipeline, Way};
pub(crate) use row::Row;

use bytes::BytesMut;
use futures_util::FutureExt as _;
use postgres_protocol::message::backend::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use socket::Socket;

const FIRST_BUFFER: usize = 8 << 10;
/// A buffer that an unusual answer has made larger than this is not kept.
const LARGEST_KEPT: usize = 256 << 10;

/// One connection.
pub(crate) struct Wire {
    socket: Socket,
    incoming: BytesMut,
    cancel: Cancel,
    /// The server has said, or shown, that it is gone.
    closed: bool,
}

impl Wire {
    /// What cancels a statement under way on this connection.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Whether an idle connection has ended; reads what the server said meanwhile.
    pub(crate) fn is_closed(&mut self) -> bool {
        while !self.closed {
            match self.socket.read_buf(&mut self.incoming).now_or_never() {
                Some(Ok(1..)) => self.hear_idle(),
                Some(Ok(0) | Err(_)) => self.closed = true,
                None => break,
            }
        }
        self.closed
    }

    /// Nobody asked anything: notices and changed settings are fine, an error announces the end.
    fn hear_idle(&mut self) {
        loop {
            match Message::parse(&mut self.incoming) {
                Ok(Some(
                    Message::NoticeResponse(_)
                    | Message::ParameterStatus(_)
                    | Message::NotificationResponse(_),
                )) => {}
                Ok(None) => return,
                Ok(Some(_)) | Err(_) => {
                    self.closed = true;
                    return;
                }
            }
        }
    }

    /// Sends a pipeline and waits for its answer.
    ///
    /// # Errors
    /// When the connection breaks or speaks nonsense; what became of the statements is then unknown.
    pub(crate) async fn send(&mut self, pipeline: &Pipeline) -> Result<Landing, WireError> {
        let outgoing = pipeline.bytes();
        if let Err(error) = self.socket.write_all(outgoing).await {
            self.closed = true;
            return Err(error.into());
        }
        let landed = self.land(pipeline.steps()).await;
        if landed.is_err() {
            self.closed = true;
        }
        if self.incoming.capacity() > LARGEST_KEPT && self.incoming.is_empty() {
            self.incoming = BytesMut::with_capacity(FIRST_BUFFER);
        }
        landed
    }

    async fn land(&mut self, steps: usize) -> Result<Landing, WireError> {
        let mut landing = Landing::expecting(steps);
        loop {
            let message = match self.next().await {
                Ok(message) => message,
                // A server that is going away says so and hangs up; what it said is the answer.
                Err(WireError::Closed) if landing.refusal.is_some() => {
                    self.closed = true;
                    return Ok(landing);
                }
                Err(error) => return Err(error),
            };
            if landing.take(message)? {
                return Ok(landing);
            }
        }
    }

    async fn next(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = Message::parse(&mut self.incoming)? {
                return Ok(message);
            }
            if self.socket.read_buf(&mut self.incoming).await? == 0 {
                return Err(WireError::Closed);
            }
        }
    }
}
