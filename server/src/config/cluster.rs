//! What several instances share: Redis, the database of Seawall's own tables, and the right to administer.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::key;
use super::{ClaimPath, ConfigError, Source};

/// What instances share, and who may administer them.
#[derive(Debug, Clone)]
pub struct ClusterConfig {
    /// Address of Redis; none where there is none.
    pub redis_url: Option<SecretString>,
    /// How long a request waits for Redis.
    pub redis_timeout: Duration,
    /// Connection string of the role that owns what Seawall stores.
    pub store_uri: Option<SecretString>,
    /// What messages between instances are signed with.
    pub cluster_secret: Option<SecretString>,
    /// Where in the claims it says that somebody may administer.
    pub admin_claim: ClaimPath,
    /// What it says there.
    pub admin_value: String,
}

impl ClusterConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let store = source.parsed(&key::STORE_DATABASE_URL, super::database::connection_string)?;
        Ok(Self {
            redis_url: source.parsed(&key::REDIS_URL, redis_url)?,
            redis_timeout: source.millis(&key::REDIS_TIMEOUT, 1..=10_000, 50)?,
            store_uri: match store {
                Some(store) => Some(store),
                None => super::database::owner_uri(source)?,
            },
            cluster_secret: source.parsed(&key::CLUSTER_SECRET, cluster_secret)?,
            admin_claim: source
                .parsed(&key::ADMIN_CLAIM_KEY, ClaimPath::parse)?
                .unwrap_or_default(),
            admin_value: source
                .text(&key::ADMIN_CLAIM_VALUE)?
                .unwrap_or_else(|| "service_role".to_owned()),
        })
    }
}

/// Checks the address without repeating it: it may hold a password.
fn redis_url(text: &str) -> Result<SecretString, String> {
    match redis::Client::open(text) {
        Ok(_) => Ok(SecretString::from(text.to_owned())),
        Err(_) => Err("is not an address such as redis://host:6379/0".to_owned()),
    }
}

fn cluster_secret(text: &str) -> Result<SecretString, String> {
    let secret = SecretString::from(text.to_owned());
    if secret.expose_secret().len() < 16 {
        return Err("must have at least 16 characters".to_owned());
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_checked_and_never_repeated() {
        let source = Source::from_pairs([("SEAWALL_REDIS_URL", "rediss:/hush-hush@")]);
        let error = ClusterConfig::read(&source).unwrap_err();
        assert_eq!(error.key, "redis-url");
        assert!(!error.to_string().contains("hush-hush"));
    }

    #[test]
    fn what_seawall_stores_is_the_owners_where_nothing_else_is_said() {
        let source = Source::from_pairs([("SEAWALL_OWNER_DATABASE_URL", "postgres://owner@127.0.0.1/x")]);
        assert!(ClusterConfig::read(&source).unwrap().store_uri.is_some());
        assert!(
            ClusterConfig::read(&Source::default())
                .unwrap()
                .store_uri
                .is_none()
        );
    }
}
