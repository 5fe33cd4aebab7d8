//! Connections to PostgreSQL.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::key;
use super::{ConfigError, Source};

/// What the driver does where the connection string says nothing.
const DRIVERS_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// How to reach the database and how many connections to keep.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// Connection string of the login role; none where REST is passed on.
    pub uri: Option<SecretString>,
    /// Connection string of the role that migrates.
    pub owner_uri: Option<SecretString>,
    /// Most connections in the pool.
    pub pool_size: usize,
    /// How long a request waits for a connection.
    pub acquisition_timeout: Duration,
    /// Age at which a connection is replaced.
    pub max_lifetime: Duration,
    /// Idleness at which a connection is closed.
    pub max_idle: Duration,
    /// How long connecting may take.
    pub connect_timeout: Duration,
    /// How often an idle database is asked whether it is there.
    pub probe_interval: Duration,
    /// How long a statement may take; none leaves that to the database's own settings.
    pub statement_timeout: Option<Duration>,
    /// Bytes of a read's row above which its body is passed on as it comes; none for never.
    pub stream_above: Option<usize>,
    /// Whether statements seen twice are prepared.
    pub prepared_statements: bool,
    /// Command-line options of each session.
    pub options: Option<String>,
    /// Time zone of each session.
    pub timezone: Option<String>,
}

impl DatabaseConfig {
    pub(super) fn read(source: &Source, postgrest: bool, passed_on: bool) -> Result<Self, ConfigError> {
        let uri = source.parsed(&key::DB_URI, connection_string)?;
        if uri.is_none() && !passed_on {
            return Err(ConfigError::missing(&key::DB_URI));
        }
        let (pool_size, wait_s) = if postgrest { (10, 10) } else { (20, 5) };
        Ok(Self {
            uri,
            owner_uri: owner_uri(source)?,
            pool_size: source.number(&key::DB_POOL, 1..=10_000)?.unwrap_or(pool_size),
            acquisition_timeout: source.seconds(&key::DB_POOL_ACQUISITION_TIMEOUT, 1..=3600, wait_s)?,
            max_lifetime: source.seconds(&key::DB_POOL_MAX_LIFETIME, 1..=864_000, 1800)?,
            max_idle: source.seconds(&key::DB_POOL_MAX_IDLETIME, 1..=864_000, 30)?,
            connect_timeout: source.millis(&key::DB_CONNECT_TIMEOUT, 10..=600_000, 2_000)?,
            probe_interval: source.seconds(&key::DB_PROBE_INTERVAL, 1..=3600, 30)?,
            statement_timeout: Some(source.millis(&key::DB_STATEMENT_TIMEOUT, 0..=86_400_000, 0)?)
                .filter(|span| !span.is_zero()),
            stream_above: Some(
                source
                    .number(&key::DB_STREAM_ABOVE, 0..=1 << 30)?
                    .unwrap_or(1 << 20),
            )
            .filter(|bytes| *bytes > 0),
            prepared_statements: source.flag(&key::DB_PREPARED_STATEMENTS, true)?,
            options: source.text(&key::PGOPTIONS)?,
            timezone: source.text(&key::PGTZ)?,
        })
    }

    /// The driver's form of the connection string, with the session's options.
    ///
    /// # Errors
    /// Never in practice: the string was parsed when it was read.
    pub fn driver_config(&self) -> Result<tokio_postgres::Config, tokio_postgres::Error> {
        let mut config: tokio_postgres::Config = match &self.uri {
            Some(uri) => uri.expose_secret().parse()?,
            None => tokio_postgres::Config::new(),
        };
        let mut options: Vec<String> = config.get_options().map(str::to_owned).into_iter().collect();
        options.extend(self.options.clone());
        if let Some(timezone) = &self.timezone {
            options.push(format!(
                "-c TimeZone={}",
                timezone.replace('\\', "\\\\").replace(' ', "\\ ")
            ));
        }
        if let Some(span) = self.statement_timeout {
            options.push(format!("-c statement_timeout={}", span.as_millis()));
        }
        if !options.is_empty() {
            config.options(options.join(" "));
        }
        if config.get_application_name().is_none() {
            config.application_name(concat!("seawall/", env!("CARGO_PKG_VERSION")));
        }
        config.connect_timeout(self.connect_timeout);
        // A peer that is gone without a word is noticed within a minute, not within two hours.
        if config.get_keepalives_idle() == DRIVERS_KEEPALIVE {
            config
                .keepalives_idle(Duration::from_secs(30))
                .keepalives_interval(Duration::from_secs(10))
                .keepalives_retries(3);
        }
        Ok(config)
    }

    /// The database's address without user or password, for logs.
    #[must_use]
    pub fn address(&self) -> String {
        if self.uri.is_none() {
            return "none".to_owned();
        }
        self.driver_config()
            .map_or_else(|_| "unknown".to_owned(), |config| describe(&config))
    }
}

pub(super) fn owner_uri(source: &Source) -> Result<Option<SecretString>, ConfigError> {
    source.parsed(&key::OWNER_DATABASE_URL, connection_string)
}

fn describe(config: &tokio_postgres::Config) -> String {
    let host = config.get_hosts().first().map_or_else(
        || "localhost".to_owned(),
        |host| match host {
            tokio_postgres::config::Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
        },
    );
    let port = config.get_ports().first().copied().unwrap_or(5432);
    format!("{host}:{port}/{}", config.get_dbname().unwrap_or_default())
}

/// Checks the string without repeating it: it may hold a password.
pub(super) fn connection_string(text: &str) -> Result<SecretString, String> {
    let parsed: Result<tokio_postgres::Config, _> = text.parse();
    match parsed {
        Ok(config) if config.get_hosts().is_empty() => Err("names no host".to_owned()),
        Ok(_) => Ok(SecretString::from(text.to_owned())),
        Err(_) => Err("is not a connection string such as postgres://user@host/database".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_options_reach_the_driver() {
        let source = Source::from_pairs([
            ("PGRST_DB_URI", "postgres://u@127.0.0.1:5433/d"),
            ("PGTZ", "utc"),
            ("PGOPTIONS", "-c search_path=public,test"),
        ]);
        let database = DatabaseConfig::read(&source, true, false).unwrap();
        let driver = database.driver_config().unwrap();
        assert_eq!(
            driver.get_options(),
            Some("-c search_path=public,test -c TimeZone=utc")
        );
        assert_eq!(database.address(), "127.0.0.1:5433/d");
    }

    #[test]
    fn a_bad_connection_string_is_refused_without_being_repeated() {
        let source = Source::from_pairs([("DATABASE_URL", "postgres://u:hush-hush@[bad")]);
        let error = DatabaseConfig::read(&source, false, false).unwrap_err();
        assert_eq!(error.key, "db-uri");
        assert!(!error.to_string().contains("hush-hush"));
    }
}
