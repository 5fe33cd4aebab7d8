//! Making tokens: for `seawall token` and the development auth service.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::Value;

/// Signs claims with a plain secret by HS256.
///
/// # Errors
/// When the claims cannot be written as JSON.
pub fn mint(secret: &str, claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
    jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret.as_bytes()),
    )
}
