//! What a server itself brings to its answers, as a number that differs when it does.
//!
//! It is part of every key: two deployments on one Redis do not meet, a server under other settings does not give
//! away what it would not have answered, and after a change of the schema, of a policy or of a grant what was kept
//! before is not found any more.

use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::key::{Key, sha256};
use crate::config::Config;

/// What all instances of a deployment have in common, whichever way each reaches the database: its name and a secret.
pub(super) fn cluster(config: &Config) -> Key {
    let shared = config
        .cluster
        .cluster_secret
        .as_ref()
        .or(config.jwt.secret.as_ref())
        .or(config.database.uri.as_ref());
    let driver = config.database.driver_config().ok();
    let name = driver
        .as_ref()
        .and_then(|driver| driver.get_dbname())
        .unwrap_or_default();
    sha256(&[
        b"seawall cache",
        name.as_bytes(),
        shared.map_or(&b""[..], |shared| shared.expose_secret().as_bytes()),
    ])
}

/// What settings bring to answers.
pub(super) fn settings(config: &Config) -> Key {
    sha256(&[
        env!("CARGO_PKG_VERSION").as_bytes(),
        format!("{:?}", config.rest).as_bytes(),
        format!("{:?}", config.cache).as_bytes(),
        if config.postgrest { b"p" } else { b"s" },
    ])
}

/// What the catalogue's texts say, whatever the order in which they say it.
pub(crate) fn fingerprint(texts: &[&str]) -> Key {
    let parts: Vec<Key> = texts
        .iter()
        .map(|text| match serde_json::from_str::<Value>(text) {
            Ok(value) => digest(&value),
            Err(_) => sha256(&[text.as_bytes()]),
        })
        .collect();
    let parts: Vec<&[u8]> = parts.iter().map(Key::as_slice).collect();
    sha256(&parts)
}

fn digest(value: &Value) -> Key {
    let mut parts: Vec<Key> = match value {
        Value::Array(items) => items.iter().map(digest).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| sha256(&[name.as_bytes(), &digest(value)]))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return sha256(&[value.to_string().as_bytes()]);
        }
    };
    parts.sort_unstable();
    let kind: &[u8] = if value.is_array() { b"array" } else { b"object" };
    let parts: Vec<&[u8]> = std::iter::once(kind)
        .chain(parts.iter().map(Key::as_slice))
        .collect();
    sha256(&parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_does_not_matter_and_content_does() {
        let of = |text| fingerprint(&[text]);
        assert_eq!(of(r#"{"a": [1, 2], "b": "x"}"#), of(r#"{"b": "x", "a": [2, 1]}"#));
        assert_ne!(of(r#"{"a": [1, 2]}"#), of(r#"{"a": [1, 3]}"#));
        assert_ne!(of(r#"{"a": [1]}"#), of(r#"{"a": {"0": 1}}"#));
    }
}
