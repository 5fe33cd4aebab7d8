//! What exists for development only, and is off unless asked for.

use std::collections::HashSet;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::key;
use super::{ConfigError, Source};

/// A user of the development auth service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevUser {
    /// The `sub` of the user's tokens.
    pub id: Uuid,
    /// What the user signs in with.
    pub email: String,
    /// The password, in plain text: these are not people.
    pub password: SecretString,
    /// What an administrator says of the user: a part of the token, and nothing the user can change.
    #[serde(default)]
    pub app_metadata: Map<String, Value>,
}

/// Development services.
#[derive(Debug, Clone)]
pub struct DevConfig {
    /// Users who may sign in; empty switches the auth service off.
    pub users: Vec<DevUser>,
    /// How long an access token lives.
    pub token_lifetime: Duration,
    /// Whether the server can be made to fail.
    pub faults: bool,
}

impl DevConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            users: source.parsed(&key::DEV_AUTH_USERS, users)?.unwrap_or_default(),
            token_lifetime: source.seconds(&key::DEV_TOKEN_LIFETIME, 1..=31_536_000, 3600)?,
            faults: source.flag(&key::DEV_FAULTS, false)?,
        })
    }
}

/// The parser's own message could repeat a password, so only the place is told.
fn users(text: &str) -> Result<Vec<DevUser>, String> {
    let users: Vec<DevUser> = serde_json::from_str(text).map_err(|error| {
        let form = r#"[{"id": uuid, "email": text, "password": text, "app_metadata": object or nothing}]"#;
        format!(
            "must be {form}; see line {} column {}",
            error.line(),
            error.column()
        )
    })?;
    let mut emails = HashSet::new();
    match users
        .iter()
        .find(|user| !emails.insert(user.email.to_lowercase()))
    {
        Some(twice) => Err(format!("has {} twice", twice.email)),
        None => Ok(users),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_checked_without_repeating_passwords() {
        let one =
            r#"[{"id":"11111111-1111-4111-8111-111111111111","email":"a@example.test","password":"p"}]"#;
        assert_eq!(users(one).unwrap().len(), 1);
        let admin = one.replace(r#""p""#, r#""p","app_metadata":{"role":"admin"}"#);
        assert_eq!(users(&admin).unwrap()[0].app_metadata["role"], "admin");
        let error = users(r#"[{"id":"1","email":"a@example.test","password":"hush-hush"}]"#).unwrap_err();
        assert!(!error.contains("hush-hush"), "{error}");
    }

    #[test]
    fn one_address_is_one_user() {
        let twice = r#"[{"id":"11111111-1111-4111-8111-111111111111","email":"a@example.test","password":"p"},
                        {"id":"22222222-2222-4222-8222-222222222222","email":"A@example.test","password":"p"}]"#;
        assert!(users(twice).unwrap_err().contains("twice"));
    }
}
