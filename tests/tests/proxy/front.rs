//! The server in front of a stand-in: in this process where nothing is measured, in one of its own where memory is.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use http::Method;
use seawall_e2e::{Request, SECRET};
use seawall_server::Handle;
use seawall_server::config::{Config, Source};

use crate::stand_in::StandIn;

/// A server that passes everything on.
pub(crate) struct Front {
    address: SocketAddr,
    server: Handle,
}

impl Front {
    pub(crate) async fn before(upstream: &StandIn) -> Self {
        Self::configured(&upstream.url(), &[]).await
    }

    pub(crate) async fn configured(url: &str, settings: &[(&str, &str)]) -> Self {
        let mut all = BTreeMap::from([
            ("SEAWALL_LISTEN".to_owned(), "127.0.0.1:0".to_owned()),
            ("SEAWALL_UPSTREAM_URL".to_owned(), url.to_owned()),
            ("SEAWALL_RATE_LIMITS".to_owned(), "false".to_owned()),
            ("JWT_SECRET".to_owned(), SECRET.to_owned()),
        ]);
        for (name, value) in settings {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let config = Config::load(Source::from_pairs(all)).unwrap();
        let listener = seawall_server::serve::bind(&config).await.unwrap();
        let server = seawall_server::serve(config, listener).await.unwrap();
        Self {
            address: server.address(),
            server,
        }
    }

    pub(crate) async fn stop(self) {
        self.server.shutdown().await;
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// The value of a metric, by the beginning of its line.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        let answer = self.get("/metrics").send().await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let found = text.lines().find(|candidate| candidate.starts_with(line));
        found
            .and_then(|found| found.rsplit(' ').next()?.parse().ok())
            .unwrap_or_default()
    }
}
