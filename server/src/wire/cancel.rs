//! Cancelling what a connection is doing, over a connection of its own.

use bytes::BytesMut;
use postgres_protocol::message::frontend;
use tokio::io::AsyncWriteExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::WireError;
use super::connect::{Door, open};

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
        Ok(socket.shutdown().await?)
    }
}
