//! Connections from clients: TLS, how many, and how long they are waited for.

use std::path::PathBuf;
use std::time::Duration;

use super::key;
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;
const YEAR_S: u64 = 31_536_000;

/// Certificate and key of the listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsConfig {
    /// File of the certificate and its chain, PEM.
    pub certificate: PathBuf,
    /// File of the private key, PEM.
    pub key: PathBuf,
}

/// What a connection may be and how long it may take over things.
#[derive(Debug, Clone)]
pub struct ConnectionsConfig {
    /// TLS on our own listener.
    pub tls: Option<TlsConfig>,
    /// Sockets that accept on the one address.
    pub accept_loops: usize,
    /// Whether other processes may serve on the address too.
    pub reuse_port: bool,
    /// Connections at once.
    pub most: usize,
    /// Connections at once from one address, or one /64 of IPv6.
    pub most_from_one: usize,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
    /// How long a request body may stall.
    pub body_timeout: Duration,
    /// How long an answer may go unread.
    pub write_timeout: Duration,
    /// Bytes a second below which a body or a reader counts as stalling.
    pub min_rate: u64,
    /// What browsers are told over TLS about coming back without it; zero for nothing.
    pub hsts_max_age_s: u64,
    /// Whether answers are compressed for those who ask.
    pub compression: bool,
}

impl ConnectionsConfig {
    pub(crate) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            tls: tls(source)?,
            accept_loops: source.number(&key::ACCEPT_LOOPS, 1..=256)?.unwrap_or(1),
            reuse_port: source.flag(&key::REUSE_PORT, false)?,
            most: source
                .number(&key::MAX_CONNECTIONS, 1..=1_000_000)?
                .unwrap_or(10_000),
            most_from_one: source
                .number(&key::MAX_CONNECTIONS_PER_ADDRESS, 1..=1_000_000)?
                .unwrap_or(if postgrest { 10_000 } else { 512 }),
            idle_timeout: source.millis(&key::KEEP_ALIVE_TIMEOUT, 10..=DAY_MS, 75_000)?,
            body_timeout: source.millis(&key::BODY_TIMEOUT, 10..=DAY_MS, 10_000)?,
            write_timeout: source.millis(&key::WRITE_TIMEOUT, 10..=DAY_MS, 30_000)?,
            min_rate: source.number(&key::MIN_RATE, 1..=1 << 30)?.unwrap_or(240),
            hsts_max_age_s: source
                .number(&key::HSTS_MAX_AGE, 0..=10 * YEAR_S)?
                .unwrap_or(YEAR_S),
            compression: source.flag(&key::COMPRESSION, !postgrest)?,
        })
    }
}

fn tls(source: &Source) -> Result<Option<TlsConfig>, ConfigError> {
    let certificate = source.parsed(&key::TLS_CERTIFICATE, file)?;
    let key = source.parsed(&key::TLS_KEY, file)?;
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some(TlsConfig { certificate, key })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::missing(&key::TLS_KEY)),
        (None, Some(_)) => Err(ConfigError::missing(&key::TLS_CERTIFICATE)),
    }
}

fn file(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("{text:?} is not a file"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let file = std::env::current_exe().unwrap().to_string_lossy().into_owned();
        let source = Source::from_pairs([("SEAWALL_TLS_CERTIFICATE", file.as_str())]);
        assert_eq!(
            ConnectionsConfig::read(&source, false).unwrap_err().key,
            "tls-key"
        );
        let source = Source::from_pairs([("SEAWALL_TLS_CERTIFICATE", "/nowhere.pem")]);
        assert_eq!(
            ConnectionsConfig::read(&source, false).unwrap_err().key,
            "tls-certificate"
        );
    }

    #[test]
    fn a_postgrest_compresses_nothing() {
        let read = |postgrest| ConnectionsConfig::read(&Source::default(), postgrest).unwrap();
        assert!(read(false).compression && !read(true).compression);
    }
}
