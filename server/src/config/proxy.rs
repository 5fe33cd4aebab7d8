//! Upstream services: which requests are passed on instead of being answered here.
//!
//! A service is proxied where its own address is set, or where `upstream-url` names a
//! whole Supabase project. With a `db-uri` beside an `upstream-url`, REST is answered
//! from the database and the other services pass through.

use std::time::Duration;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use super::key::{self, Key};
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;

/// Where a service really lives: what stands in place of its mount (`/rest/v1`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamUrl {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end; empty at the root.
    path: String,
}

/// Which versions of HTTP are spoken with upstreams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpstreamHttp {
    /// What TLS negotiates; HTTP/1.1 without TLS.
    Auto,
    /// HTTP/1.1 always.
    One,
    /// HTTP/2 always, without TLS too.
    Two,
}

/// The upstream services and how patient the server is with them.
#[derive(Debug, Clone)]
pub struct ProxyConfig {
    /// A PostgREST or a project's `/rest/v1`.
    pub rest: Option<UpstreamUrl>,
    /// A project's `/auth/v1`.
    pub auth: Option<UpstreamUrl>,
    /// A project's `/storage/v1`.
    pub storage: Option<UpstreamUrl>,
    /// A project's `/functions/v1`.
    pub functions: Option<UpstreamUrl>,
    /// A project's `/realtime/v1`.
    pub realtime: Option<UpstreamUrl>,
    /// Versions of HTTP.
    pub http: UpstreamHttp,
    /// How long connecting may take, TLS included.
    pub connect_timeout: Duration,
    /// How long an attempt may take until its answer begins.
    pub timeout: Duration,
    /// How long an answer may pause once it has begun.
    pub idle_timeout: Duration,
    /// Attempts after the first, where repeating is safe.
    pub retries: u32,
    /// Idle connections kept for each upstream.
    pub pool_idle: usize,
}

impl ProxyConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let project = source.parsed(&key::UPSTREAM_URL, UpstreamUrl::parse)?;
        let direct = source.text(&key::DB_URI)?.is_some();
        let service = |key: &Key, mount: &str| -> Result<Option<UpstreamUrl>, ConfigError> {
            let own = source.parsed(key, UpstreamUrl::parse)?;
            Ok(own.or_else(|| project.as_ref().map(|project| project.below(mount))))
        };
        let rest = service(&key::UPSTREAM_REST_URL, "/rest/v1")?;
        let rest_is_direct = direct && source.text(&key::UPSTREAM_REST_URL)?.is_none();
        let config = Self {
            rest: rest.filter(|_| !rest_is_direct),
            auth: service(&key::UPSTREAM_AUTH_URL, "/auth/v1")?,
            storage: service(&key::UPSTREAM_STORAGE_URL, "/storage/v1")?,
            functions: service(&key::UPSTREAM_FUNCTIONS_URL, "/functions/v1")?,
            realtime: service(&key::UPSTREAM_REALTIME_URL, "/realtime/v1")?,
            http: source.choice(
                &key::UPSTREAM_HTTP,
                &[
                    ("auto", UpstreamHttp::Auto),
                    ("1", UpstreamHttp::One),
                    ("2", UpstreamHttp::Two),
                ],
                UpstreamHttp::Auto,
            )?,
            connect_timeout: source.millis(&key::UPSTREAM_CONNECT_TIMEOUT, 10..=DAY_MS, 2_000)?,
            timeout: source.millis(&key::UPSTREAM_TIMEOUT, 10..=DAY_MS, 30_000)?,
            idle_timeout: source.millis(&key::UPSTREAM_IDLE_TIMEOUT, 10..=DAY_MS, 120_000)?,
            retries: source.number(&key::UPSTREAM_RETRIES, 0..=5)?.unwrap_or(1),
            pool_idle: source
                .number(&key::UPSTREAM_POOL_IDLE, 0..=100_000)?
                .unwrap_or(256),
        };
        config.checked(source)
    }

    /// Whether anything is proxied.
    #[must_use]
    pub fn is_on(&self) -> bool {
        [
            &self.rest,
            &self.auth,
            &self.storage,
            &self.functions,
            &self.realtime,
        ]
        .iter()
        .any(|service| service.is_some())
    }

    fn checked(self, source: &Source) -> Result<Self, ConfigError> {
        if self.is_on() && source.speaks_postgrest() {
            let problem = "a server that is configured as a PostgREST answers itself";
            return Err(ConfigError::new(key::UPSTREAM_URL.name, "PGRST_…", problem));
        }
        if self.auth.is_some() && source.text(&key::DEV_AUTH_USERS)?.is_some() {
            let problem = "the development auth service and an upstream cannot both be at /auth/v1";
            return Err(ConfigError::new(
                key::UPSTREAM_AUTH_URL.name,
                key::DEV_AUTH_USERS.name,
                problem,
            ));
        }
        Ok(self)
    }
}

impl UpstreamUrl {
    fn parse(text: &str) -> Result<Self, String> {
        // The text itself may hold a password that does not belong there.
        let example = || {
            "must be an address such as https://project.example, without user, query or fragment".to_owned()
        };
        if text.contains(['?', '#', '@']) {
            return Err(example());
        }
        let parts = text.parse::<Uri>().map_err(|_| example())?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(example());
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(example());
        }
        let path = parts.path_and_query.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            path: path.trim_end_matches('/').to_owned(),
        })
    }

    fn below(&self, mount: &str) -> Self {
        Self {
            path: format!("{}{mount}", self.path),
            ..self.clone()
        }
    }

    /// The address of something below it; `rest` begins with a slash or is empty.
    pub(crate) fn join(&self, rest: &str, query: Option<&str>) -> Result<Uri, http::Error> {
        let rest = if self.path.is_empty() && rest.is_empty() {
            "/"
        } else {
            rest
        };
        let target = match query {
            Some(query) => format!("{}{rest}?{query}", self.path),
            None => format!("{}{rest}", self.path),
        };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(target)
            .build()
    }

    /// What follows this address in another, if that is below it.
    pub(crate) fn rest_of<'a>(&self, address: &'a str) -> Option<&'a str> {
        let own = format!("{}://{}{}", self.scheme, self.authority, self.path);
        let rest = address.strip_prefix(&own)?;
        (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<ProxyConfig, ConfigError> {
        ProxyConfig::read(&Source::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn a_project_has_all_services_and_each_may_live_elsewhere() {
        let config = read(&[
            ("SEAWALL_UPSTREAM_URL", "https://p.example/"),
            ("SEAWALL_UPSTREAM_REST_URL", "http://127.0.0.1:3000"),
        ])
        .unwrap();
        let to = |url: &Option<UpstreamUrl>, rest| {
            url.as_ref().unwrap().join(rest, Some("a=b")).unwrap().to_string()
        };
        assert_eq!(to(&config.rest, "/rooms"), "http://127.0.0.1:3000/rooms?a=b");
        assert_eq!(to(&config.rest, ""), "http://127.0.0.1:3000/?a=b");
        assert_eq!(to(&config.auth, "/token"), "https://p.example/auth/v1/token?a=b");
    }

    #[test]
    fn a_database_answers_rest_itself_unless_told_otherwise() {
        let db = ("DATABASE_URL", "postgres://u@127.0.0.1/x");
        let config = read(&[db, ("SEAWALL_UPSTREAM_URL", "https://p.example")]).unwrap();
        assert!(config.rest.is_none() && config.storage.is_some());
        assert!(
            read(&[db, ("SEAWALL_UPSTREAM_REST_URL", "http://r")])
                .unwrap()
                .rest
                .is_some()
        );
        assert!(!read(&[db]).unwrap().is_on());
    }

    #[test]
    fn an_address_that_could_hide_something_is_refused() {
        for text in [
            "p.example",
            "ftp://p.example",
            "https://u:hush-hush@p.example",
            "https://p.example?x=1",
            "/rest",
        ] {
            let error = read(&[("SEAWALL_UPSTREAM_URL", text)]).unwrap_err();
            assert!(!error.to_string().contains("hush-hush"), "{error}");
        }
    }

    #[test]
    fn an_address_is_below_another_only_at_a_segment() {
        let url = UpstreamUrl::parse("http://s:5000/storage").unwrap();
        assert_eq!(url.rest_of("http://s:5000/storage/upload/1"), Some("/upload/1"));
        assert_eq!(url.rest_of("http://s:5000/storages"), None);
        assert_eq!(url.rest_of("http://other/storage"), None);
    }

    #[test]
    fn two_auth_services_exclude_each_other() {
        let error = read(&[
            ("SEAWALL_UPSTREAM_URL", "http://p"),
            ("SEAWALL_DEV_AUTH_USERS", "[]"),
        ])
        .unwrap_err();
        assert_eq!(error.key, "upstream-auth-url");
    }
}
