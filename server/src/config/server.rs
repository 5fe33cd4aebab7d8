//! Listeners, browsers, sizes and times.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderName;

use super::key::{self, Key};
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;

/// How the server meets its clients.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to serve.
    pub listen: SocketAddr,
    /// Where to serve health and metrics alone.
    pub admin: Option<SocketAddr>,
    /// A built page to serve at `/`.
    pub static_dir: Option<PathBuf>,
    /// Whether REST is mounted at `/` too.
    pub rest_root: bool,
    /// Origins that may read answers; empty for all.
    pub cors_origins: Vec<String>,
    /// A request header that is repeated on the answer.
    pub trace_header: Option<HeaderName>,
    /// Whether the server describes its own addresses at `/openapi.json` and `/api-docs`.
    pub api_docs: bool,
    /// Whether answers carry `Server-Timing`.
    pub timing: bool,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Largest request head in bytes.
    pub header_limit: usize,
    /// How long a client may take over a request head.
    pub header_timeout: Duration,
    /// How long a request may take before it is answered 504.
    pub request_timeout: Duration,
    /// Requests worked on at once.
    pub max_inflight: usize,
    /// How long requests may take to finish when the server stops.
    pub drain_timeout: Duration,
}

impl ServerConfig {
    pub(super) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        let listen = listen_address(source, postgrest)?;
        let static_dir = source.parsed(&key::STATIC_DIR, folder)?;
        let rest_root = source.flag(&key::REST_ROOT, postgrest)?;
        if static_dir.is_some() && rest_root {
            let problem = "a page and the REST interface cannot both be at /";
            return Err(ConfigError::new(
                key::STATIC_DIR.name,
                key::REST_ROOT.name,
                problem,
            ));
        }
        Ok(Self {
            listen,
            admin: admin_address(source, listen)?,
            static_dir,
            rest_root,
            cors_origins: source.list(&key::CORS_ORIGINS)?.unwrap_or_default(),
            trace_header: source.parsed(&key::TRACE_HEADER, header_name)?,
            api_docs: source.flag(&key::API_DOCS, true)?,
            timing: source.flag(&key::TIMING, false)?,
            body_limit: source
                .number(&key::BODY_LIMIT, 1024..=1 << 30)?
                .unwrap_or(10 << 20),
            // Eight kilobytes is the least the HTTP/1 reader can work with.
            header_limit: source
                .number(&key::HEADER_LIMIT, 8192..=1 << 20)?
                .unwrap_or(32 << 10),
            header_timeout: source.millis(&key::HEADER_TIMEOUT, 10..=DAY_MS, 10_000)?,
            request_timeout: source.millis(&key::REQUEST_TIMEOUT, 10..=DAY_MS, 60_000)?,
            max_inflight: source.number(&key::MAX_INFLIGHT, 1..=1_000_000)?.unwrap_or(1024),
            drain_timeout: source.millis(
                &key::DRAIN_TIMEOUT,
                0..=DAY_MS,
                if postgrest { 1_000 } else { 10_000 },
            )?,
        })
    }
}

fn listen_address(source: &Source, postgrest: bool) -> Result<SocketAddr, ConfigError> {
    if let Some(listen) = source.parsed(&key::LISTEN, address)? {
        return Ok(listen);
    }
    let port = source.number(&key::SERVER_PORT, 0..=u16::MAX)?;
    let (default_host, default_port) = if postgrest {
        ("!4", 3000)
    } else {
        ("127.0.0.1", 8000)
    };
    host_address(
        source,
        &[&key::SERVER_HOST],
        default_host,
        port.unwrap_or(default_port),
    )
}

fn admin_address(source: &Source, listen: SocketAddr) -> Result<Option<SocketAddr>, ConfigError> {
    let Some(port) = source.number::<u16>(&key::ADMIN_SERVER_PORT, 0..=u16::MAX)? else {
        return Ok(None);
    };
    if port != 0 && port == listen.port() {
        let problem = "must differ from the port that is served on";
        return Err(ConfigError::new(
            key::ADMIN_SERVER_PORT.name,
            "admin-server-port",
            problem,
        ));
    }
    let keys = [&key::ADMIN_SERVER_HOST, &key::SERVER_HOST];
    host_address(source, &keys, &listen.ip().to_string(), port).map(Some)
}

fn host_address(source: &Source, keys: &[&Key], default: &str, port: u16) -> Result<SocketAddr, ConfigError> {
    for key in keys {
        if let Some(ip) = source.parsed(key, host)? {
            return Ok(SocketAddr::new(ip, port));
        }
    }
    let ip = host(default).map_err(|problem| ConfigError::new(key::SERVER_HOST.name, "default", problem))?;
    Ok(SocketAddr::new(ip, port))
}

/// PostgREST's special host words beside plain addresses.
fn host(text: &str) -> Result<std::net::IpAddr, String> {
    match text {
        "*" | "!4" | "*4" => Ok(std::net::Ipv4Addr::UNSPECIFIED.into()),
        "!6" | "*6" => Ok(std::net::Ipv6Addr::UNSPECIFIED.into()),
        "localhost" => Ok(std::net::Ipv4Addr::LOCALHOST.into()),
        other => other
            .parse()
            .map_err(|_| format!("must be an IP address, not {other:?}")),
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let example = || format!("must be address:port such as 127.0.0.1:8000, not {text:?}");
    let (ip, port) = text.rsplit_once(':').ok_or_else(example)?;
    let ip = host(ip.trim_start_matches('[').trim_end_matches(']')).map_err(|_| example())?;
    Ok(SocketAddr::new(ip, port.parse().map_err(|_| example())?))
}

fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_dir() {
        Ok(path)
    } else {
        Err(format!("{text:?} is not a folder"))
    }
}

fn header_name(text: &str) -> Result<HeaderName, String> {
    text.parse().map_err(|_| format!("{text:?} is not a header name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_nonsense() {
        assert_eq!(address("127.0.0.1:80"), Ok("127.0.0.1:80".parse().unwrap()));
        assert_eq!(address("[::1]:80"), Ok("[::1]:80".parse().unwrap()));
        assert_eq!(address("localhost:0"), Ok("127.0.0.1:0".parse().unwrap()));
        assert!(address("8000").unwrap_err().contains("127.0.0.1:8000"));
        assert!(address("127.0.0.1:http").is_err());
    }

    #[test]
    fn a_page_and_rest_at_the_root_exclude_each_other() {
        let folder = std::env::temp_dir().to_string_lossy().into_owned();
        let source = Source::from_pairs([
            ("SEAWALL_STATIC_DIR", folder.as_str()),
            ("SEAWALL_REST_ROOT", "true"),
        ]);
        assert_eq!(ServerConfig::read(&source, false).unwrap_err().key, "static-dir");
    }

    #[test]
    fn admin_on_the_same_port_is_refused() {
        let source = Source::from_pairs([("PGRST_SERVER_PORT", "3000"), ("PGRST_ADMIN_SERVER_PORT", "3000")]);
        assert_eq!(
            ServerConfig::read(&source, true).unwrap_err().key,
            "admin-server-port"
        );
    }
}
