//! The server's configuration, read once and validated whole.
//!
//! A [`Source`] holds text in layers; [`Config::load`] turns it into values that
//! cannot be wrong, or into one error that names the key, where it was written and
//! what is the matter. Nothing else in the crate reads the environment.

mod audit;
mod auth;
mod bounds;
pub(crate) mod business;
mod cache;
mod check;
mod cluster;
mod connections;
mod database;
mod dev;
mod expensive;
mod jwt;
pub mod key;
mod limits;
mod log;
mod partitions;
mod proxy;
mod queue;
mod read;
mod rest;
mod server;
mod shed;
mod source;
mod tiers;
mod traces;
mod uploads;
mod websocket;

pub use crate::client_address::ForwardedHeader;
pub use audit::{Addresses, AuditConfig};
pub use auth::{AuthConfig, JwksConfig, JwksPlace, OrganisationConfig, RemoteConfig, UsersConfig};
pub use bounds::BoundsConfig;
pub use business::{BusinessConfig, BusinessKind, BusinessMetric};
pub use cache::{CacheConfig, CacheLifetimes, CacheRule};
pub use check::{CheckConfig, Mode};
pub use cluster::ClusterConfig;
pub use connections::{ConnectionsConfig, TlsConfig};
pub use database::DatabaseConfig;
pub use dev::{DevConfig, DevUser};
pub use expensive::Expensive;
pub use jwt::{ClaimPath, JwtConfig};
pub use limits::{LimitsConfig, Network};
pub use log::{LogConfig, LogFormat};
pub use proxy::{ProxyConfig, UpstreamHttp, UpstreamUrl};
pub use queue::QueueConfig;
pub use rest::{OpenApiMode, RestConfig, TxEnd};
pub use server::ServerConfig;
pub use shed::ShedConfig;
pub use source::Source;
pub use tiers::{Tier, Tiers};
pub use traces::TracesConfig;
pub use uploads::{ClamdAddress, TypeRules, UploadConfig};
pub use websocket::WebSocketConfig;

use std::fmt;

use seawall_policy::policy::spelling;
use secrecy::SecretString;

use crate::partitions::Rules;

/// A configuration that cannot be used, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// The key, as written in a file.
    pub key: String,
    /// The variable or file the value came from.
    pub origin: String,
    /// What is the matter with it.
    pub problem: String,
}

impl ConfigError {
    pub(crate) fn new(key: &str, origin: &str, problem: impl Into<String>) -> Self {
        Self {
            key: key.to_owned(),
            origin: origin.to_owned(),
            problem: problem.into(),
        }
    }

    fn missing(key: &key::Key) -> Self {
        let names = key.environment_names().join(", ");
        Self::new(key.name, names.as_str(), "is required and not set")
    }

    fn unreadable(path: &str, error: &std::io::Error) -> Self {
        Self::new("config", path, format!("cannot be read: {error}"))
    }

    fn unknown(key: &str, origin: &str) -> Self {
        let problem = match nearest_key(key) {
            Some(name) => format!("is not a key; the nearest is {name}"),
            None => "is not a key".to_owned(),
        };
        Self::new(key, origin, problem)
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (from {}): {}", self.key, self.origin, self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Everything the server is told.
#[derive(Debug, Clone)]
pub struct Config {
    /// Listeners, browsers, sizes and times.
    pub server: ServerConfig,
    /// Connections from clients.
    pub connections: ConnectionsConfig,
    /// Connections to PostgreSQL.
    pub database: DatabaseConfig,
    /// The REST interface.
    pub rest: RestConfig,
    /// Verification of tokens.
    pub jwt: JwtConfig,
    /// Identity beyond a signature.
    pub auth: AuthConfig,
    /// Rate limits and the policy document.
    pub limits: LimitsConfig,
    /// What instances share, and who may administer them.
    pub cluster: ClusterConfig,
    /// Traces.
    pub traces: TracesConfig,
    /// Metrics that are asked of the database.
    pub business: BusinessConfig,
    /// What the database is checked for.
    pub check: CheckConfig,
    /// The response cache.
    pub cache: CacheConfig,
    /// Services that are passed on.
    pub proxy: ProxyConfig,
    /// WebSockets that are passed on.
    pub websocket: WebSocketConfig,
    /// What uploads may be.
    pub uploads: UploadConfig,
    /// Records of requests.
    pub audit: AuditConfig,
    /// Writes that are carried out later.
    pub queue: QueueConfig,
    /// How much is done at once, and what waits.
    pub shed: ShedConfig,
    /// Tables that are kept in monthly parts.
    pub partitions: Rules,
    /// Whether the server brings Seawall's own schema up to date when it starts.
    pub migrate: bool,
    /// What exists for development only.
    pub dev: DevConfig,
    /// Logging.
    pub log: LogConfig,
    /// Whether the server was configured as a PostgREST, and so answers as one.
    pub postgrest: bool,
    source: Source,
}

impl Config {
    /// Validates a source.
    ///
    /// # Errors
    /// For the first key that is missing, unreadable or out of range.
    pub fn load(source: Source) -> Result<Self, ConfigError> {
        let postgrest = source.speaks_postgrest();
        let proxy = ProxyConfig::read(&source)?;
        let server = ServerConfig::read(&source, postgrest)?;
        let database = DatabaseConfig::read(&source, postgrest, proxy.rest.is_some())?;
        Ok(Self {
            connections: ConnectionsConfig::read(&source, postgrest)?,
            websocket: WebSocketConfig::read(&source, &server.cors_origins)?,
            uploads: UploadConfig::read(&source)?,
            proxy,
            server,
            shed: ShedConfig::read(&source, database.pool_size, postgrest)?,
            database,
            rest: RestConfig::read(&source, postgrest)?,
            jwt: JwtConfig::read(&source)?,
            auth: AuthConfig::read(&source)?,
            limits: LimitsConfig::read(&source, postgrest)?,
            cluster: ClusterConfig::read(&source)?,
            traces: TracesConfig::read(&source)?,
            business: BusinessConfig::read(&source)?,
            check: CheckConfig::read(&source)?,
            cache: CacheConfig::read(&source)?,
            audit: AuditConfig::read(&source, postgrest)?,
            queue: QueueConfig::read(&source, postgrest)?,
            partitions: partitions::read(&source)?,
            migrate: source.flag(&key::MIGRATE, false)?,
            dev: DevConfig::read(&source)?,
            log: LogConfig::read(&source)?,
            postgrest,
            source,
        })
    }

    /// The text this configuration was made of.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The same configuration under other in-database settings.
    ///
    /// # Errors
    /// When a setting in the database is out of range.
    pub fn with_database_settings(
        &self,
        pairs: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigError> {
        Self::load(self.source.clone().with_database(pairs))
    }

    /// Every key that is set, with its origin; secrets are masked.
    ///
    /// # Errors
    /// When a file that holds a value cannot be read.
    pub fn summary(&self) -> Result<Vec<String>, ConfigError> {
        let mut lines = Vec::new();
        for key in key::ALL {
            if let Some(found) = self.source.find(key)? {
                let value = if key.secret { "***" } else { found.value.as_str() };
                lines.push(format!("{} = {value}  # {}", key.name, found.origin));
            }
        }
        let file = self.source.file_name();
        lines.extend(
            self.source
                .tables()
                .map(|(name, value)| format!("{name} = {value}  # {file}")),
        );
        lines.extend(
            self.source
                .app_settings()
                .iter()
                .map(|(name, _)| format!("{name} = ***")),
        );
        Ok(lines)
    }
}

/// The connection string of the role that migrates, without the rest of the configuration.
pub(crate) fn owner_uri(source: &Source) -> Result<SecretString, ConfigError> {
    database::owner_uri(source)?.ok_or_else(|| ConfigError::missing(&key::OWNER_DATABASE_URL))
}

/// The secret that tokens are minted with, without the rest of the configuration.
pub(crate) fn token_secret(source: &Source) -> Result<Option<SecretString>, ConfigError> {
    JwtConfig::read(source).map(|jwt| jwt.secret)
}

fn nearest_key(name: &str) -> Option<&'static str> {
    spelling::nearest(name, key::ALL.iter().map(|key| key.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: [(&str, &str); 1] = [("DATABASE_URL", "postgres://u:hush-hush@127.0.0.1/x")];

    fn load(extra: &[(&str, &str)]) -> Result<Config, ConfigError> {
        Config::load(Source::from_pairs(MINIMAL.iter().chain(extra).copied()))
    }

    #[test]
    fn a_database_is_all_it_takes() {
        let config = load(&[]).unwrap();
        assert_eq!(config.server.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(config.rest.schemas, ["public"]);
        assert!(!config.postgrest && config.limits.enabled);
    }

    #[test]
    fn the_missing_database_is_named() {
        let error = Config::load(Source::default()).unwrap_err();
        assert_eq!(error.key, "db-uri");
        assert!(error.origin.contains("DATABASE_URL"));
    }

    #[test]
    fn a_value_out_of_range_names_key_origin_and_bound() {
        let error = load(&[("SEAWALL_DB_POOL", "0")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "db-pool (from SEAWALL_DB_POOL): must be from 1 to 10000, not 0"
        );
        let error = load(&[("PG_POOL_MAX", "many")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "db-pool (from PG_POOL_MAX): must be a whole number, not \"many\""
        );
    }

    #[test]
    fn environment_is_over_file_and_database_over_both() {
        let source = Source::from_pairs(MINIMAL.iter().copied().chain([("PGRST_DB_MAX_ROWS", "7")]))
            .with_toml("seawall.toml", "db-max-rows = 5\ndb-schemas = [\"api\", \"v2\"]")
            .unwrap();
        let config = Config::load(source).unwrap();
        assert_eq!(config.rest.bounds.everybody.max_rows, Some(7));
        assert_eq!(config.rest.schemas, ["api", "v2"]);
        let config = config
            .with_database_settings([("db_max_rows".to_owned(), "9".to_owned())])
            .unwrap();
        assert_eq!(config.rest.bounds.everybody.max_rows, Some(9));
    }

    #[test]
    fn an_unknown_key_suggests_the_nearest() {
        let error = Source::default()
            .with_toml("seawall.toml", "db-pol = 3")
            .unwrap_err();
        assert_eq!(error.problem, "is not a key; the nearest is db-pool");
    }

    #[test]
    fn a_misspelt_variable_is_found() {
        let source = Source::from_pairs([
            ("SEAWALL_LISTN", ""),
            ("SEAWALL_LISTEN_FILE", ""),
            ("SEAWALL_CONFIG", ""),
        ]);
        assert_eq!(source.unknown_variables(), ["SEAWALL_LISTN"]);
    }

    #[test]
    fn secrets_may_be_in_files_and_are_never_printed() {
        let path = std::env::temp_dir().join(format!("seawall-secret-{}", std::process::id()));
        std::fs::write(&path, "reallyreallyreallyreallyverysafe\n").unwrap();
        let path_text = path.to_string_lossy().into_owned();
        let config = load(&[("JWT_SECRET_FILE", &path_text)]).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(config.jwt.keys.is_some());
        let printed = format!("{config:?}");
        assert!(
            !printed.contains("reallyreally") && !printed.contains("hush-hush"),
            "{printed}"
        );
    }

    #[test]
    fn the_summary_masks_secrets() {
        let lines = load(&[("SEAWALL_DB_POOL", "3")]).unwrap().summary().unwrap();
        assert!(
            lines.contains(&"db-uri = ***  # DATABASE_URL".to_owned()),
            "{lines:?}"
        );
        assert!(
            lines.contains(&"db-pool = 3  # SEAWALL_DB_POOL".to_owned()),
            "{lines:?}"
        );
    }

    #[test]
    fn the_summary_names_where_each_value_is_from() {
        let path = std::env::temp_dir().join(format!("seawall-summary-{}", std::process::id()));
        std::fs::write(&path, "hush-hush-hush-hush-hush-hush-hush-hush").unwrap();
        let path_text = path.to_string_lossy().into_owned();
        let environment = [
            ("JWT_SECRET_FILE", path_text.as_str()),
            ("SEAWALL_TOKEN_VERIFY_KEY", "hush-hush"),
            ("TOKEN_CACHE_TTL_SECONDS", "60"),
        ];
        let file = "organisation-rules = [\"/rest/v1/* org_id\", \"/a,b/{organisation}\"]\n\
                    [policy.limits.reads]\nlimit = 7";
        let source = Source::from_pairs(MINIMAL.iter().copied().chain(environment))
            .with_toml("seawall.toml", file)
            .unwrap();
        let config = Config::load(source).unwrap();
        let lines = config.summary().unwrap();
        std::fs::remove_file(&path).unwrap();
        for line in [
            "jwt-secret = ***  # JWT_SECRET_FILE",
            "token-verify-key = ***  # SEAWALL_TOKEN_VERIFY_KEY",
            "token-cache-ttl-seconds = 60  # TOKEN_CACHE_TTL_SECONDS",
            "organisation-rules = [\"/rest/v1/* org_id\",\"/a,b/{organisation}\"]  # seawall.toml",
            "policy.limits.reads.limit = 7  # seawall.toml",
        ] {
            assert!(lines.contains(&line.to_owned()), "{line} in {lines:#?}");
        }
        assert!(!lines.concat().contains("hush-hush"), "{lines:#?}");
        assert_eq!(config.auth.organisation.rules.len(), 2);
    }

    #[test]
    fn postgrest_variables_make_it_a_postgrest() {
        let config = load(&[
            ("PGRST_SERVER_PORT", "3005"),
            ("PGRST_APP_SETTINGS_app_host", "localhost"),
        ])
        .unwrap();
        assert!(config.postgrest && config.server.rest_root && !config.limits.enabled);
        assert_eq!(config.server.listen.port(), 3005);
        assert_eq!(
            config.rest.app_settings,
            [("app.settings.app_host".to_owned(), "localhost".to_owned())]
        );
    }
}
