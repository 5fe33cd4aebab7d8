//! Verifying a compact JWS.
//!
//! The order matters: shape, algorithm, key, signature, and only then claims. No
//! claim is looked at before the signature was checked, in constant time, by a key
//! that may verify that very algorithm. Compression, encryption and critical
//! extensions are not understood and so refused.

use std::str::FromStr as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, crypto};
use seawall_pgrest::error::AuthError;
use seawall_pgrest::error::auth::{ClaimsFault, DecodeFault};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Identity;
use super::claims::validate;
use super::keys::{TokenKey, TokenKeys};
use crate::config::JwtConfig;

/// A token longer than this is no token: nothing honest needs it.
const MOST_BYTES: usize = 64 << 10;

#[derive(Deserialize)]
struct Header {
    alg: Option<String>,
    kid: Option<String>,
    crit: Option<Value>,
}

/// A token in its parts, of which nothing is believed yet.
pub(crate) struct Unverified<'token> {
    algorithm: Algorithm,
    id: Option<String>,
    signed: &'token str,
    claims: &'token str,
    signature: &'token str,
}

/// Turns the token of a request, or its absence, into an identity by the configured keys.
///
/// # Errors
/// With the reason for refusing it.
pub fn identify(
    config: &JwtConfig,
    anon: Option<&str>,
    token: Option<&str>,
    now_s: u64,
) -> Result<Identity, AuthError> {
    let Some(token) = token else {
        return anonymous(config, anon);
    };
    let keys = config.keys.as_ref().ok_or(AuthError::NoSecret)?;
    let claims = verify(keys, token)?;
    validate(&claims, config, now_s)?;
    Identity::of(claims, &config.role_claim, anon, true)
}

/// Who asks without a token.
///
/// # Errors
/// When nobody may.
pub(crate) fn anonymous(config: &JwtConfig, anon: Option<&str>) -> Result<Identity, AuthError> {
    Identity::of(Map::new(), &config.role_claim, anon, false)
}

/// Checks the signature and returns the claims, whatever they say.
///
/// # Errors
/// With the reason for refusing the token.
pub fn verify(keys: &TokenKeys, token: &str) -> Result<Map<String, Value>, AuthError> {
    let unverified = Unverified::parse(token)?;
    if unverified.is_signed_by(keys) {
        unverified.claims()
    } else {
        Err(no_key())
    }
}

impl<'token> Unverified<'token> {
    /// Takes a token apart.
    ///
    /// # Errors
    /// When it has not the shape of a signed token, or says that it needs what is not understood.
    pub(crate) fn parse(token: &'token str) -> Result<Self, AuthError> {
        if token.is_empty() {
            return Err(AuthError::Decode(DecodeFault::Empty));
        }
        let parts: Vec<&str> = token.split('.').take(8).collect();
        let [header, claims, signature] = parts.as_slice() else {
            return Err(AuthError::Decode(DecodeFault::Parts(token.split('.').count())));
        };
        if token.len() > MOST_BYTES {
            return Err(AuthError::Decode(DecodeFault::Crypto));
        }
        let header: Header = parse(header).ok_or(AuthError::Decode(DecodeFault::Crypto))?;
        let name = header.alg.unwrap_or_default();
        let algorithm = Algorithm::from_str(&name).map_err(|_| bad_algorithm(&name))?;
        if header.crit.is_some() {
            return Err(bad_algorithm("crit"));
        }
        Ok(Self {
            algorithm,
            id: header.kid,
            signed: token.rsplit_once('.').map_or(token, |(signed, _)| signed),
            claims,
            signature,
        })
    }

    /// Whether one of the keys that may verify this algorithm does so.
    pub(crate) fn is_signed_by(&self, keys: &TokenKeys) -> bool {
        let verifies = |key: &TokenKey| {
            crypto::verify(
                self.signature,
                self.signed.as_bytes(),
                &key.decoding,
                self.algorithm,
            )
            .unwrap_or(false)
        };
        keys.candidates(self.algorithm, self.id.as_deref()).any(verifies)
    }

    /// Whether it says that it was signed with a shared secret.
    pub(crate) fn is_symmetric(&self) -> bool {
        matches!(
            self.algorithm,
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512
        )
    }

    /// Whether the token names a key that is not among these, so that reading them anew might help.
    pub(crate) fn names_unknown_key(&self, keys: &TokenKeys) -> bool {
        keys.candidates(self.algorithm, self.id.as_deref())
            .next()
            .is_none()
    }

    /// What it says: not to be believed before its signature was checked.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub(crate) fn claims(&self) -> Result<Map<String, Value>, AuthError> {
        parse(self.claims).ok_or(AuthError::Claims(ClaimsFault::Malformed))
    }
}

/// No key verified it.
pub(crate) fn no_key() -> AuthError {
    DecodeFault::Key {
        details: "None of the keys was able to decode the JWT".to_owned(),
    }
    .into()
}

fn bad_algorithm(name: &str) -> AuthError {
    let details = if name.eq_ignore_ascii_case("none") {
        "JWT is unsecured but expected 'alg' was not 'none'".to_owned()
    } else {
        "the 'alg' of the JWT is missing or unknown, or it has extensions that are not understood".to_owned()
    };
    DecodeFault::Algorithm { details }.into()
}

fn parse<T: for<'de> Deserialize<'de>>(part: &str) -> Option<T> {
    let bytes = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&bytes).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::auth::mint::mint;
    use crate::config::Source;

    const SECRET: &str = "reallyreallyreallyreallyverysafe";
    const NOW_S: u64 = 1_000_000;

    fn config() -> JwtConfig {
        JwtConfig::for_tests(&Source::from_pairs([("JWT_SECRET", SECRET)]))
    }

    fn identify_token(token: &str) -> Result<Identity, AuthError> {
        identify(&config(), Some("anon"), Some(token), NOW_S)
    }

    fn encoded(value: &Value) -> String {
        URL_SAFE_NO_PAD.encode(value.to_string())
    }

    #[test]
    fn a_signed_token_is_believed() {
        let token = mint(SECRET, &json!({"role": "author", "sub": "u", "exp": NOW_S + 60})).unwrap();
        let identity = identify_token(&token).unwrap();
        assert_eq!((&*identity.role, identity.subject()), ("author", Some("u")));
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let token = format!(
                "{}.{}.",
                encoded(&json!({"alg": alg})),
                encoded(&json!({"role": "author"}))
            );
            assert_eq!(identify_token(&token).unwrap_err(), bad_algorithm(alg), "{alg}");
        }
        let token = format!(
            "{}.{}.",
            encoded(&json!({"alg": "HS256"})),
            encoded(&json!({"role": "author"}))
        );
        assert_eq!(identify_token(&token).unwrap_err(), no_key());
    }

    #[test]
    fn changed_claims_and_foreign_secrets_are_refused() {
        let token = mint(SECRET, &json!({"role": "anon"})).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let forged = format!(
            "{}.{}.{}",
            parts[0],
            encoded(&json!({"role": "author"})),
            parts[2]
        );
        assert_eq!(identify_token(&forged).unwrap_err(), no_key());
        let foreign = mint("another secret that is long enough", &json!({"role": "author"})).unwrap();
        assert_eq!(identify_token(&foreign).unwrap_err(), no_key());
    }

    #[test]
    fn an_algorithm_of_another_key_is_refused() {
        for alg in ["RS256", "ES256", "EdDSA", "HS512"] {
            let token = format!(
                "{}.{}.c2ln",
                encoded(&json!({"alg": alg})),
                encoded(&json!({"role": "author"}))
            );
            assert_eq!(identify_token(&token).unwrap_err(), no_key(), "{alg}");
        }
    }

    #[test]
    fn a_public_key_never_verifies_an_hmac() {
        let modulus = "0etQ2Tg187jb04MWfpuogYGV75IFrQQBxQaGH75eq_FpbkyoLcEpRUEWSbECP2eeFya2yZ9vIO5ScD-lPmovePk4Aa4SzZ8jdjhmAbNykleRPCxMg0481kz6PQhnHRUv3nF5WP479CnObJKqTVdEagVL66oxnX9VhZG9IZA7k0Th5PfKQwrKGyUeTGczpOjaPqbxlunP73j9AfnAt4XCS8epa-n3WGz1j-wfpr_ys57Aq-zBCfqP67UYzNpeI1AoXsJhD9xSDOzvJgFRvc3vm2wjAW4LEMwi48rCplamOpZToIHEPIaPzpveYQwDnB1HFTR1ove9bpKJsHmi-e2uzQ";
        let jwk = json!({"kty": "RSA", "alg": "RS256", "e": "AQAB", "n": modulus});
        let keys = TokenKeys::parse(jwk.to_string().as_bytes()).unwrap();
        let token = mint(modulus, &json!({"role": "author"})).unwrap();
        assert_eq!(verify(&keys, &token).unwrap_err(), no_key());
    }

    #[test]
    fn what_is_no_token_is_told_apart() {
        assert_eq!(
            identify_token("").unwrap_err(),
            AuthError::Decode(DecodeFault::Empty)
        );
        assert_eq!(
            identify_token("a.b").unwrap_err(),
            AuthError::Decode(DecodeFault::Parts(2))
        );
        assert_eq!(
            identify_token("a.b.c").unwrap_err(),
            AuthError::Decode(DecodeFault::Crypto)
        );
        assert_eq!(
            identify(&config(), None, None, NOW_S).unwrap_err(),
            AuthError::TokenRequired
        );
    }

    #[test]
    fn claims_are_looked_at_after_the_signature() {
        let expired = mint(SECRET, &json!({"exp": 1})).unwrap();
        assert_eq!(
            identify_token(&expired).unwrap_err(),
            AuthError::Claims(ClaimsFault::Expired)
        );
        let cut = expired.get(..expired.len() - 4).unwrap();
        assert_eq!(identify_token(cut).unwrap_err(), no_key());
    }

    #[test]
    fn critical_extensions_are_refused() {
        let header = encoded(&json!({"alg": "HS256", "crit": ["exp"]}));
        assert_eq!(
            identify_token(&format!("{header}.e30.c2ln")).unwrap_err(),
            bad_algorithm("crit")
        );
    }
}
