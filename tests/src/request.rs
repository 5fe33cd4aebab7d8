//! A request, put together word by word and sent over a socket of its own.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::answer::Answer;
use crate::must;

/// Longer than any test waits on purpose.
const LIMIT: Duration = Duration::from_secs(30);

/// A request to a test server.
#[derive(Debug)]
pub struct Request {
    address: SocketAddr,
    builder: http::request::Builder,
    body: Bytes,
}

impl Request {
    /// A request to whatever listens at an address.
    #[must_use]
    pub fn new(address: SocketAddr, method: Method, path: &str) -> Self {
        let builder = http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, address.to_string());
        Self {
            address,
            builder,
            body: Bytes::new(),
        }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Adds a token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds a preference.
    #[must_use]
    pub fn prefer(self, preference: &str) -> Self {
        self.header("prefer", preference)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sets a body of any type.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// Sends it and waits for the whole answer.
    pub async fn send(self) -> Answer {
        let sent = tokio::time::timeout(LIMIT, self.exchange()).await;
        must("the request failed", must("the server did not answer", sent))
    }

    /// Sends it; nothing when there was no whole answer, as from a server that was killed.
    pub async fn try_send(self) -> Option<Answer> {
        let sent = tokio::time::timeout(LIMIT, self.exchange()).await;
        sent.ok()?.ok()
    }

    async fn exchange(self) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let response = sender
            .send_request(self.builder.body(Full::new(self.body))?)
            .await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        drop(sender);
        connection.abort();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
        })
    }
}
