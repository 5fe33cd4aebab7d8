//! Names of tokens, sessions and users that tell nothing about them.
//!
//! What is remembered about a token is remembered under its SHA-256, so neither memory
//! nor a table, a message or a log ever holds what somebody could present.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    /// Of a token.
    pub(crate) fn of_token(token: &str) -> Self {
        Self::of("", token)
    }

    /// Of a session's id.
    pub(crate) fn of_session(id: &str) -> Self {
        Self::of("session:", id)
    }

    /// Of a user's id.
    pub(crate) fn of_user(id: &str) -> Self {
        Self::of("user:", id)
    }

    /// A token has dots and no colon, so no two kinds meet.
    fn of(kind: &str, text: &str) -> Self {
        let whole = if kind.is_empty() {
            digest(&SHA256, text.as_bytes())
        } else {
            digest(&SHA256, [kind, text].concat().as_bytes())
        };
        Self(whole.as_ref().first_chunk().copied().unwrap_or_default())
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(de::Error::custom)?;
        Self::from_bytes(&bytes).ok_or_else(|| de::Error::custom("is no SHA-256"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_travels_as_text() {
        let digest = Digest::of_token("a.b.c");
        let text = serde_json::to_string(&digest).unwrap();
        assert!(!text.contains("a.b.c"));
        assert_eq!(serde_json::from_str::<Digest>(&text).unwrap(), digest);
        for nonsense in ["\"\"", "\"AAAA\"", "7", "\"*\""] {
            assert!(serde_json::from_str::<Digest>(nonsense).is_err());
        }
    }

    #[test]
    fn kinds_do_not_meet() {
        assert_ne!(Digest::of_session("x"), Digest::of_user("x"));
        assert_ne!(Digest::of_token("x"), Digest::of_user("x"));
    }
}
