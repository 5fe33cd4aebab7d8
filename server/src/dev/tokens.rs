//! Access tokens of the development auth service: Supabase Auth's claims, HS256.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::config::DevUser;

/// The claims of an access token.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The user.
    pub sub: Uuid,
    /// Always `authenticated`.
    pub aud: String,
    /// The database role the token asks for.
    pub role: String,
    /// The user's address.
    pub email: String,
    /// The sign-in it belongs to.
    pub session_id: Uuid,
    /// Issued at, in seconds.
    pub iat: u64,
    /// Good until, in seconds.
    pub exp: u64,
    /// Metadata the user cannot change.
    pub app_metadata: Value,
    /// Metadata the user can change.
    pub user_metadata: Value,
    /// Assurance level: one factor.
    pub aal: String,
    /// Whether the user has no account.
    pub is_anonymous: bool,
}

/// Signs and verifies access tokens.
pub struct AccessTokens {
    sign: EncodingKey,
    verify: DecodingKey,
    lifetime_s: u64,
}

impl AccessTokens {
    /// Uses the secret that the server itself verifies tokens with.
    #[must_use]
    pub fn new(secret: &[u8], lifetime_s: u64) -> Self {
        Self { sign: EncodingKey::from_secret(secret), verify: DecodingKey::from_secret(secret), lifetime_s }
    }

    /// How long a token lives, in seconds.
    #[must_use]
    pub fn lifetime_s(&self) -> u64 {
        self.lifetime_s
    }

    /// Signs a token for a session.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub fn mint(&self, user: &DevUser, session: Uuid, now_s: u64) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = AccessClaims {
            sub: user.id,
            aud: "authenticated".to_owned(),
            role: "authenticated".to_owned(),
            email: user.email.clone(),
            session_id: session,
            iat: now_s,
            exp: now_s.saturating_add(self.lifetime_s),
            app_metadata: json!({ "provider": "email", "providers": ["email"] }),
            user_metadata: json!({}),
            aal: "aal1".to_owned(),
            is_anonymous: false,
        };
        encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
    }

    /// The claims of a token that is ours and still good.
    ///
    /// # Errors
    /// When the token is malformed, not ours or out of time.
    pub fn verify(&self, token: &str, now_s: u64) -> Result<AccessClaims, jsonwebtoken::errors::Error> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["authenticated"]);
        // The clock is an argument, so expiry is judged below.
        rules.validate_exp = false;
        let claims = decode::<AccessClaims>(token, &self.verify, &rules)?.claims;
        if claims.exp <= now_s {
            return Err(jsonwebtoken::errors::ErrorKind::ExpiredSignature.into());
        }
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    const SECRET: &[u8] = b"a-secret-that-only-tests-have-32-bytes";

    fn minted(now_s: u64) -> String {
        let user = DevUser {
            id: Uuid::from_u128(1),
            email: "owner@example.test".to_owned(),
            password: SecretString::from("x"),
        };
        AccessTokens::new(SECRET, 60).mint(&user, Uuid::from_u128(9), now_s).unwrap()
    }

    #[test]
    fn a_token_is_good_until_its_expiry_and_not_at_it() {
        let tokens = AccessTokens::new(SECRET, 60);
        let token = minted(1_000);
        assert_eq!(tokens.verify(&token, 1_059).unwrap().session_id, Uuid::from_u128(9));
        assert!(tokens.verify(&token, 1_060).is_err());
    }

    #[test]
    fn a_token_of_another_secret_is_refused() {
        assert!(AccessTokens::new(b"another-secret-another-secret-32", 60).verify(&minted(0), 1).is_err());
    }
}
