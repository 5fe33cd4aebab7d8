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
mod incoming;
mod row;
mod socket;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod reader;

pub(crate) use cancel::Cancel;
pub(crate) use error::{Refusal, WireError};
pub(crate) use flight::{Landing, Pipeline, Way};
pub(crate) use incoming::Head;
pub(crate) use row::Row;

use bytes::Bytes;
use futures_util::FutureExt as _;
use postgres_protocol::message::backend::Message;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use incoming::{Begun, Incoming};
use socket::Socket;

/// One connection.
pub(crate) struct Wire {
    socket: Socket,
    incoming: Incoming,
    /// What the server still has to say of a pipeline whose answer is there.
    trail: Option<Landing>,
    cancel: Cancel,
    /// The server has said, or shown, that it is gone.
    closed: bool,
}

/// Where a pipeline stops: before the last column of a statement's first row, if that row is larger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stop {
    /// The place of the statement, counted from none.
    pub(crate) step: usize,
    pub(crate) larger_than: usize,
}

impl Wire {
    /// What cancels a statement under way on this connection.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Whether an idle connection has ended; reads what the server said meanwhile.
    pub(crate) fn is_closed(&mut self) -> bool {
        while !self.closed {
            let room = self.incoming.room(self.incoming.missing());
            match self.socket.read_buf(room).now_or_never() {
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
            match self.incoming.message() {
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

    /// Hears the end of a pipeline whose answer came before it.
    ///
    /// # Errors
    /// When the connection breaks, or what followed the answer was refused: the session is then not what it should be.
    pub(crate) async fn hear_out(&mut self) -> Result<(), WireError> {
        let Some(mut landing) = self.trail.take() else {
            return Ok(());
        };
        let heard = match self.land(&mut landing, None).await {
            Ok(_) if landing.refusal.is_none() && landing.idle => Ok(()),
            Ok(_) => Err(WireError::Unclean),
            Err(error) => Err(error),
        };
        self.settled(heard)
    }

    /// Sends a pipeline and waits for its answer; where it stops, for what comes before.
    ///
    /// # Errors
    /// When the connection breaks or speaks nonsense; what became of the statements is then unknown.
    pub(crate) async fn send(
        &mut self,
        pipeline: &Pipeline,
        stop: Option<Stop>,
    ) -> Result<(Landing, Option<Head>), WireError> {
        self.hear_out().await?;
        let outgoing = pipeline.bytes();
        if let Err(error) = self.socket.write_all(outgoing).await {
            self.closed = true;
            return Err(error.into());
        }
        let mut landing = pipeline.landing();
        let head = self.land(&mut landing, stop).await;
        self.settled(head).map(|head| (landing, head))
    }

    /// The next piece of a last column; nothing when all of it has come.
    ///
    /// # Errors
    /// As sending.
    pub(crate) async fn piece(&mut self, head: &mut Head) -> Result<Option<Bytes>, WireError> {
        while head.left() > 0 {
            if let Some(piece) = self.incoming.piece(head) {
                return Ok(Some(piece));
            }
            let read = self.read(head.left()).await;
            self.settled(read)?;
        }
        Ok(None)
    }

    /// Goes on after a last column that has come.
    ///
    /// # Errors
    /// As sending.
    pub(crate) async fn go_on(
        &mut self,
        mut landing: Landing,
        head: Head,
        last: Bytes,
    ) -> Result<Landing, WireError> {
        let outcome = if head.left() == 0 {
            landing.take_apart(head, last);
            self.land(&mut landing, None).await
        } else {
            Err(WireError::Protocol("going on before a row was read"))
        };
        self.settled(outcome).map(|_| landing)
    }

    /// A connection that went wrong once is not asked again.
    fn settled<T>(&mut self, outcome: Result<T, WireError>) -> Result<T, WireError> {
        if outcome.is_err() {
            self.closed = true;
        }
        self.incoming.shrink();
        outcome
    }

    async fn land(&mut self, landing: &mut Landing, stop: Option<Stop>) -> Result<Option<Head>, WireError> {
        loop {
            if let Some(stop) = stop.filter(|stop| landing.is_at(stop.step))
                && let Some(head) = self.begin(stop.larger_than).await?
            {
                return Ok(Some(head));
            }
            let message = match self.next().await {
                Ok(message) => message,
                // A server that is going away says so and hangs up; what it said is the answer.
                Err(WireError::Closed) if landing.refusal.is_some() => {
                    self.closed = true;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            if landing.take(message)? {
                return Ok(None);
            }
            self.trail = landing.trail();
            if self.trail.is_some() {
                return Ok(None);
            }
        }
    }

    /// The beginning of a row that is larger, if that comes next.
    async fn begin(&mut self, larger_than: usize) -> Result<Option<Head>, WireError> {
        loop {
            match self.incoming.begin(larger_than)? {
                Begun::Large(head) => return Ok(Some(head)),
                Begun::Ordinary => return Ok(None),
                Begun::Unclear => self.read(self.incoming.missing()).await?,
            }
        }
    }

    async fn next(&mut self) -> Result<Message, WireError> {
        loop {
            if let Some(message) = self.incoming.message()? {
                return Ok(message);
            }
            self.read(self.incoming.missing()).await?;
        }
    }

    async fn read(&mut self, announced: usize) -> Result<(), WireError> {
        match self.socket.read_buf(self.incoming.room(announced)).await? {
            0 => Err(WireError::Closed),
            _ => Ok(()),
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use tokio::net::UnixStream;

    use super::connect::Door;
    use super::*;

    /// What a server says once a transaction has ended, and what it says of the reset that follows.
    const ANSWER: &[u8] = b"2\0\0\0\x04C\0\0\0\x0bCOMMIT\0";
    const RESET: &[u8] = b"2\0\0\0\x04C\0\0\0\x0aRESET\0Z\0\0\0\x05I";
    const REFUSED: &[u8] = b"E\0\0\0\x0cC55P03\0\0Z\0\0\0\x05I";

    /// A connection whose last answer has come, and whose server has not said more yet.
    async fn answered() -> Result<(Wire, UnixStream, Landing), WireError> {
        let (socket, mut server) = UnixStream::pair()?;
        let mut wire = Wire::over(Socket::Unix(socket), Door::Unix("".into()), None);
        let pipeline = Pipeline::commit_and_reset()?;
        server.write_all(ANSWER).await?;
        let (landing, _) = wire.send(&pipeline.synchronised(), None).await?;
        Ok((wire, server, landing))
    }

    #[tokio::test]
    async fn an_answer_waits_for_no_reset_and_the_next_use_does() {
        let (mut wire, mut server, landing) = answered().await.unwrap();
        assert!(landing.trails && !landing.idle && landing.done.len() == 1);
        let heard = {
            let mut heard = std::pin::pin!(wire.hear_out());
            assert!(heard.as_mut().now_or_never().is_none());
            server.write_all(RESET).await.unwrap();
            heard.await
        };
        heard.unwrap();
        assert!(!wire.is_closed());
    }

    #[tokio::test]
    async fn a_connection_whose_reset_was_refused_is_not_used_again() {
        let (mut wire, mut server, _) = answered().await.unwrap();
        server.write_all(REFUSED).await.unwrap();
        assert!(matches!(wire.hear_out().await, Err(WireError::Unclean)));
        assert!(wire.is_closed());
        let (mut wire, server, _) = answered().await.unwrap();
        drop(server);
        assert!(wire.hear_out().await.is_err() && wire.is_closed());
    }
}
