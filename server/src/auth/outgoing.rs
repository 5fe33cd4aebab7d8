//! Asking another server something small: with a limit on time, a limit on size, and no redirects.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Uri};
use http_body_util::{BodyExt as _, Empty, LengthLimitError, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};

const CONNECT: Duration = Duration::from_secs(2);
const IDLE: Duration = Duration::from_secs(30);
const IDLE_CONNECTIONS: usize = 16;

/// A client with its connections.
#[derive(Clone)]
pub(crate) struct Outgoing {
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

/// A whole answer.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutgoingError {
    #[error("no answer in time")]
    Timeout,
    #[error("no answer: {0}")]
    Network(String),
    #[error("the answer is too large")]
    TooLarge,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let builder = HttpsConnectorBuilder::new()
            .with_provider_and_native_roots(provider)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "no certificates of authorities: https addresses will be refused");
                HttpsConnectorBuilder::new().with_tls_config(trusting_nobody())
            });
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_connect_timeout(Some(CONNECT));
        http.set_nodelay(true);
        let connector = builder.https_or_http().enable_http1().wrap_connector(http);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .pool_timer(TokioTimer::new())
            .build(connector);
        Self { client }
    }

    /// Gets an address.
    ///
    /// # Errors
    /// When there is no whole answer of that size in that time.
    pub(crate) async fn get(
        &self,
        address: &Uri,
        headers: HeaderMap,
        most_bytes: usize,
        limit: Duration,
    ) -> Result<Answered, OutgoingError> {
        tokio::time::timeout(limit, self.exchange(address, headers, most_bytes))
            .await
            .unwrap_or(Err(OutgoingError::Timeout))
    }

    async fn exchange(
        &self,
        address: &Uri,
        headers: HeaderMap,
        most_bytes: usize,
    ) -> Result<Answered, OutgoingError> {
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = address.clone();
        *request.headers_mut() = headers;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| OutgoingError::Network(error.to_string()))?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, most_bytes).collect().await.map_err(|error| {
            if error.is::<LengthLimitError>() {
                OutgoingError::TooLarge
            } else {
                OutgoingError::Network(error.to_string())
            }
        })?;
        Ok(Answered {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
        })
    }
}

fn trusting_nobody() -> ClientConfig {
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    // The provider's own versions are always understood by it.
    match builder {
        Ok(builder) => builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
        Err(_) => ClientConfig::builder()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth(),
    }
}
