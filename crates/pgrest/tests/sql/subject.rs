//! The stages under test, joined: a request's line, headers and body against a small catalogue.

use std::sync::LazyLock;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use seawall_pgrest::error::Error;
use seawall_pgrest::plan::{Bounds, Plan, PlanConfig, Relations};
use seawall_pgrest::request::{ApiRequest, RawRequest, RequestConfig};
use seawall_pgrest::schema::SchemaCache;

/// Films, their directors, actors, roles and posters.
pub(crate) fn cache() -> &'static SchemaCache {
    static CACHE: LazyLock<SchemaCache> = LazyLock::new(|| {
        let catalogue = serde_json::from_str(include_str!("catalogue.json")).expect("the catalogue is JSON");
        SchemaCache::new(catalogue, &["api".to_owned()])
    });
    &CACHE
}

/// A request as a client writes it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sent {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn get(target: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            target: target.to_owned(),
            ..Self::default()
        }
    }

    /// Parses and plans it.
    pub(crate) fn plan(&self, cache: &SchemaCache) -> Result<(ApiRequest, Plan), Error> {
        let config = RequestConfig {
            schemas: vec!["api".to_owned()],
            ..RequestConfig::default()
        };
        let method = Method::from_bytes(self.method.as_bytes()).expect("a method");
        let (path, query) = self.target.split_once('?').unwrap_or((&self.target, ""));
        let headers = self.header_map();
        let raw = RawRequest {
            method: &method,
            path,
            query,
            headers: &headers,
            body: self.body.as_bytes(),
        };
        let request = ApiRequest::parse(&config, raw)?;
        let plan = Plan::new(&request, cache, &self.config())?;
        Ok((request, plan))
    }

    /// Headers of the test's own set the configuration.
    fn config(&self) -> PlanConfig {
        let setting = |name: &str| {
            self.headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value)
        };
        PlanConfig {
            aggregates: Relations::All,
            unembeddable: setting("X-No-Embed")
                .map_or(Relations::None, |name| Relations::Named(vec![name.clone()])),
            bounds: Bounds {
                max_rows: setting("X-Max-Rows").map(|value| value.parse().expect("a number")),
                max_embed_depth: setting("X-Max-Depth").map(|value| value.parse().expect("a number")),
                max_embeds: setting("X-Max-Embeds").map(|value| value.parse().expect("a number")),
                max_cost: None,
            },
            plan_enabled: true,
            ..PlanConfig::default()
        }
    }

    fn header_map(&self) -> HeaderMap {
        let header = |(name, value): &(String, String)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            (name, HeaderValue::from_str(value).expect("a header value"))
        };
        self.headers.iter().map(header).collect()
    }
}
