//! A reader that takes an answer piece by piece, when it pleases.

use std::net::SocketAddr;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use seawall_e2e::User;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// What may go wrong.
pub(crate) type Fallible<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// An answer of which the head has come.
pub(crate) struct Reading {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    read: (u64, Context),
    _sender: http1::SendRequest<Empty<Bytes>>,
    connection: JoinHandle<Result<(), hyper::Error>>,
}

/// What a body came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) bytes: u64,
    pub(crate) digest: Vec<u8>,
}

impl Reading {
    /// Asks, and waits for the head only.
    pub(crate) async fn begin(address: SocketAddr, user: User, path: &str) -> Fallible<Self> {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::get(path)
            .header("host", address.to_string())
            .header("authorization", format!("Bearer {}", user.token()))
            .body(Empty::new())?;
        let (head, body) = sender.send_request(request).await?.into_parts();
        Ok(Self {
            status: head.status,
            headers: head.headers,
            body,
            read: (0, Context::new(&SHA256)),
            _sender: sender,
            connection,
        })
    }

    /// The length that was announced.
    pub(crate) fn announced(&self) -> Option<u64> {
        self.headers.get("content-length")?.to_str().ok()?.parse().ok()
    }

    /// Takes one piece.
    pub(crate) async fn piece(&mut self) -> Option<Fallible<()>> {
        let frame = self.body.frame().await?;
        let taken = frame.map(|frame| {
            let piece = frame.into_data().unwrap_or_default();
            self.read.0 += piece.len() as u64;
            self.read.1.update(&piece);
        });
        Some(taken.map_err(Into::into))
    }

    /// Takes all that is left, and says what it all came to.
    pub(crate) async fn whole(&mut self) -> Fallible<Whole> {
        while let Some(piece) = self.piece().await {
            piece?;
        }
        let (bytes, digest) = &self.read;
        Ok(Whole {
            bytes: *bytes,
            digest: digest.clone().finish().as_ref().to_vec(),
        })
    }

    /// Hangs up.
    pub(crate) fn leave(self) {
        self.connection.abort();
    }
}
