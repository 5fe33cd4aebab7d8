//! What a request is counted under: one generator for all scopes.
//!
//! A key is a hash, so memory per key is constant, nobody can choose two names that
//! share one, and Redis learns no address and no user. It is the same on every
//! instance that verifies tokens by the same secret, which salts it.

use std::net::IpAddr;

use aws_lc_rs::digest::{SHA256, digest};
use secrecy::ExposeSecret as _;
use smallvec::SmallVec;

use super::scope::Scope;
use crate::config::Config;

/// What something is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct LimitKey([u64; 2]);

/// Who is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Holder<'request> {
    /// An address, or its network.
    Network(IpAddr),
    User(&'request str),
    Organisation(&'request str),
    Everybody,
}

/// Makes keys.
#[derive(Clone)]
pub(super) struct Keys {
    salt: Vec<u8>,
}

/// Salt, names and lengths of all but the longest names.
const USUAL_BYTES: usize = 160;

impl Keys {
    pub(super) fn new(config: &Config) -> Self {
        let secret = config.jwt.secret.as_ref();
        let salt = secret.map(|secret| {
            let salt = [b"seawall limits", secret.expose_secret().as_bytes()].concat();
            digest(&SHA256, &salt).as_ref().to_vec()
        });
        Self {
            salt: salt.unwrap_or_default(),
        }
    }

    /// The key of a scope's holder, at an endpoint where the scope has endpoints.
    pub(super) fn key(&self, scope: Scope, holder: Holder<'_>, endpoint: &str) -> LimitKey {
        // Hashed in one piece: it is done for every scope of every request.
        let mut text: SmallVec<[u8; USUAL_BYTES]> = SmallVec::new();
        text.extend_from_slice(&self.salt);
        let mut part = |kind: &[u8], name: &[u8]| {
            // With its length, or two neighbours could be cut in two ways.
            text.extend_from_slice(&(kind.len() + name.len()).to_be_bytes());
            text.extend_from_slice(kind);
            text.extend_from_slice(name);
        };
        part(b"", scope.name().as_bytes());
        match holder {
            Holder::Network(IpAddr::V4(address)) => part(b"", &address.octets()),
            Holder::Network(IpAddr::V6(address)) => part(b"", &address.octets()),
            Holder::User(user) => part(b"user ", user.as_bytes()),
            Holder::Organisation(organisation) => part(b"organisation ", organisation.as_bytes()),
            Holder::Everybody => part(b"", b"everybody"),
        }
        part(b"", endpoint.as_bytes());
        let hash = digest(&SHA256, &text);
        let word = |from: usize| {
            let bytes = hash.as_ref().get(from..from + 8).unwrap_or_default();
            u64::from_be_bytes(bytes.try_into().unwrap_or_default())
        };
        LimitKey([word(0), word(8)])
    }
}

impl LimitKey {
    /// A number to choose a shard by.
    pub(super) fn spread(self) -> u64 {
        let [word, _] = self.0;
        word
    }

    /// Reads a key as [`Display`](std::fmt::Display) writes it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (high, low) = text.split_at_checked(16)?;
        let word = |digits: &str| u64::from_str_radix(digits, 16).ok();
        (low.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .then(|| Some(Self([word(high)?, word(low)?])))
            .flatten()
    }
}

impl std::fmt::Display for LimitKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [high, low] = self.0;
        write!(formatter, "{high:016x}{low:016x}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Source;

    fn keys(secret: &str) -> Keys {
        let source = Source::from_pairs([
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("JWT_SECRET", secret),
        ]);
        Keys::new(&Config::load(source).unwrap())
    }

    #[test]
    fn instances_with_one_secret_have_one_key_and_scopes_their_own() {
        let secret = "a-secret-of-the-tests-with-more-than-32-bytes";
        let (one, other) = (keys(secret), keys(secret));
        let key = |keys: &Keys, scope, user| keys.key(scope, Holder::User(user), "");
        assert_eq!(key(&one, Scope::User, "a"), key(&other, Scope::User, "a"));
        assert_ne!(key(&one, Scope::User, "a"), key(&one, Scope::User, "b"));
        assert_ne!(key(&one, Scope::User, "a"), key(&one, Scope::Expensive, "a"));
        let salted = keys("another-secret-of-the-tests-with-32-bytes");
        assert_ne!(key(&one, Scope::User, "a"), key(&salted, Scope::User, "a"));
    }

    #[test]
    fn nobody_shares_a_key_by_choosing_a_name() {
        let keys = keys("a-secret-of-the-tests-with-more-than-32-bytes");
        let split = |user, endpoint| keys.key(Scope::User, Holder::User(user), endpoint);
        assert_ne!(split("a", "b"), split("ab", ""));
        let address: IpAddr = "97.98.99.100".parse().unwrap();
        assert_ne!(
            keys.key(Scope::User, Holder::User("abcd"), ""),
            keys.key(Scope::User, Holder::Network(address), "")
        );
    }

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = keys("a-secret-of-the-tests-with-more-than-32-bytes").key(Scope::Ip, Holder::Everybody, "");
        assert_eq!(LimitKey::parse(&key.to_string()), Some(key));
        for wrong in ["", "xyz", "0123456789abcdef", "é0123456789abcdef0123456789abcdef"] {
            assert_eq!(LimitKey::parse(wrong), None);
        }
    }
}
