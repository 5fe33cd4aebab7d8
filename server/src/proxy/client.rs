//! The connections to upstreams: pooled, with a bound on connecting, over TLS where the address says so.

use std::time::Duration;

use axum::body::Body;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::config::{ProxyConfig, UpstreamHttp};
use crate::serve::StartError;

/// A client of upstreams.
pub(super) type Upstreams = Client<HttpsConnector<HttpConnector>, Body>;

const POOL_IDLE: Duration = Duration::from_secs(60);

/// One client for requests, and one for those that leave HTTP, which is a matter of HTTP/1.1.
pub(super) struct Clients {
    plain: Upstreams,
    switching: Upstreams,
}

impl Clients {
    pub(super) fn new(config: &ProxyConfig) -> Result<Self, StartError> {
        Ok(Self {
            plain: build(config, config.http)?,
            switching: build(config, UpstreamHttp::One)?,
        })
    }

    pub(super) fn plain(&self) -> &Upstreams {
        &self.plain
    }

    pub(super) fn switching(&self) -> &Upstreams {
        &self.switching
    }
}

fn build(config: &ProxyConfig, http: UpstreamHttp) -> Result<Upstreams, StartError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(config.connect_timeout));
    tcp.set_keepalive(Some(Duration::from_secs(30)));
    tcp.set_happy_eyeballs_timeout(Some(Duration::from_millis(250)));
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let tls = HttpsConnectorBuilder::new()
        .with_provider_and_native_roots(provider)?
        .https_or_http();
    let connector = match http {
        UpstreamHttp::Auto => tls.enable_all_versions().wrap_connector(tcp),
        UpstreamHttp::One => tls.enable_http1().wrap_connector(tcp),
        UpstreamHttp::Two => tls.enable_http2().wrap_connector(tcp),
    };
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE)
        .pool_max_idle_per_host(config.pool_idle)
        .http2_only(http == UpstreamHttp::Two)
        .http2_adaptive_window(true)
        .http2_keep_alive_interval(Some(Duration::from_secs(30)))
        .http2_keep_alive_timeout(Duration::from_secs(10))
        .build(connector);
    Ok(client)
}
