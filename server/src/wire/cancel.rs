//! Cancelling what a connection is doing, over a connection of its own.

use std::time::Duration;

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::WireError;
use super::connect::{Door, open};

const PATIENCE: Duration = Duration::from_secs(5);

/// What names a connection to the server.
#[derive(Clone)]
pub(crate) struct Cancel {
    pub(super) door: Door,
    pub(super) process_id: i32,
    pub(super) secret_key: i32,
    pub(super) tls: Option<MakeRustlsConnect>,
}

impl Cancel {
    /// Asks the server to end what the connection is doing, if it is still doing something.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) async fn send(self) -> Result<(), WireError> {
        let mut socket = open(&self.door, self.tls).await?;
        let mut request = BytesMut::new();
        frontend::cancel_request(self.process_id, self.secret_key, &mut request);
        socket.write_all(&request).await?;
        // The server hangs up when it has understood; poolers complain of callers that do so before.
        let heard = tokio::time::timeout(PATIENCE, socket.read(&mut [0])).await;
        heard.map_or(Err(WireError::Timeout), |heard| Ok(heard.map(drop)?))
    }
}
