//! The keys that verify tokens: a plain secret, a JWK or a JWK set.
//!
//! Each key knows the algorithms it may verify, and a token's header only chooses
//! among them. That is what makes algorithm confusion impossible: a public key
//! never verifies an HMAC, and `none` is no algorithm of any key.

use std::fmt;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

/// PostgREST's lower bound for a secret: shorter ones can be guessed.
const LEAST_SECRET_BYTES: usize = 32;

/// A token without an id is tried with every key, so there must not be too many.
const MOST_KEYS: usize = 64;

/// One or more keys.
#[derive(Clone)]
pub struct TokenKeys {
    keys: Vec<TokenKey>,
    plain_secret: bool,
}

/// Whether a set may hold symmetric keys: one that anybody can fetch must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    Allowed,
    LeftOut,
}

#[derive(Deserialize)]
struct LooseSet {
    keys: Vec<Value>,
}

/// A key and what it may verify.
#[derive(Clone)]
pub(crate) struct TokenKey {
    pub(crate) id: Option<String>,
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) decoding: DecodingKey,
}

impl TokenKeys {
    /// Reads a secret, a JWK or a JWK set.
    ///
    /// # Errors
    /// With a sentence that never repeats the secret.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        if let Ok(set) = serde_json::from_slice::<JwkSet>(bytes) {
            let keys = set
                .keys
                .iter()
                .map(TokenKey::from_jwk)
                .collect::<Result<_, _>>()?;
            return Ok(Self {
                keys,
                plain_secret: false,
            });
        }
        if let Ok(jwk) = serde_json::from_slice::<Jwk>(bytes) {
            return Ok(Self {
                keys: vec![TokenKey::from_jwk(&jwk)?],
                plain_secret: false,
            });
        }
        if bytes.len() < LEAST_SECRET_BYTES {
            return Err(format!(
                "must be at least {LEAST_SECRET_BYTES} bytes long, not {}",
                bytes.len()
            ));
        }
        let key = TokenKey {
            id: None,
            algorithms: vec![Algorithm::HS256],
            decoding: DecodingKey::from_secret(bytes),
        };
        Ok(Self {
            keys: vec![key],
            plain_secret: true,
        })
    }

    /// Reads a JWK set that lives elsewhere: what is not understood in it is left out.
    ///
    /// # Errors
    /// When nothing is left, so that a broken set never takes the place of a good one.
    pub(crate) fn parse_set(bytes: &[u8], secrets: Secrets) -> Result<Self, &'static str> {
        let set: LooseSet = serde_json::from_slice(bytes).map_err(|_| "is no JWK set")?;
        let usable = set.keys.into_iter().take(MOST_KEYS).filter_map(|value| {
            let jwk: Jwk = serde_json::from_value(value).ok()?;
            let is_secret = matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
            TokenKey::from_jwk(&jwk)
                .ok()
                .filter(|_| !is_secret || secrets == Secrets::Allowed)
        });
        let keys: Vec<TokenKey> = usable.collect();
        if keys.is_empty() {
            return Err("has no key that can verify a token");
        }
        Ok(Self {
            keys,
            plain_secret: false,
        })
    }

    /// Whether the only key is a plain secret, so that tokens can be minted with it.
    #[must_use]
    pub fn is_plain_secret(&self) -> bool {
        self.plain_secret
    }

    /// The keys that may verify a token with this header.
    pub(crate) fn candidates<'keys>(
        &'keys self,
        algorithm: Algorithm,
        id: Option<&'keys str>,
    ) -> impl Iterator<Item = &'keys TokenKey> {
        self.keys.iter().filter(move |key| {
            let id_fits = match (&key.id, id) {
                (Some(ours), Some(theirs)) => ours == theirs,
                (Some(_) | None, Some(_) | None) => true,
            };
            id_fits && key.algorithms.contains(&algorithm)
        })
    }
}

impl TokenKey {
    fn from_jwk(jwk: &Jwk) -> Result<Self, String> {
        if matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption)) {
            return Err("has a key that is for encryption".to_owned());
        }
        let fitting = algorithms_of(&jwk.algorithm)?;
        let algorithms = match jwk.common.key_algorithm {
            None => fitting,
            Some(named) => {
                let named: Algorithm = named
                    .to_string()
                    .parse()
                    .map_err(|_| format!("has a key for {named}, which signs nothing"))?;
                if !fitting.contains(&named) {
                    return Err("has a key whose alg does not fit its type".to_owned());
                }
                vec![named]
            }
        };
        let decoding = DecodingKey::from_jwk(jwk).map_err(|_| "has a key that cannot be read".to_owned())?;
        Ok(Self {
            id: jwk.common.key_id.clone(),
            algorithms,
            decoding,
        })
    }
}

fn algorithms_of(parameters: &AlgorithmParameters) -> Result<Vec<Algorithm>, String> {
    Ok(match parameters {
        AlgorithmParameters::OctetKey(_) => vec![Algorithm::HS256, Algorithm::HS384, Algorithm::HS512],
        AlgorithmParameters::RSA(_) => vec![
            Algorithm::RS256,
            Algorithm::RS384,
            Algorithm::RS512,
            Algorithm::PS256,
            Algorithm::PS384,
            Algorithm::PS512,
        ],
        AlgorithmParameters::EllipticCurve(curve) => match curve.curve {
            EllipticCurve::P256 => vec![Algorithm::ES256],
            EllipticCurve::P384 => vec![Algorithm::ES384],
            EllipticCurve::P521 | EllipticCurve::Ed25519 | _ => {
                return Err("has a key on a curve that is not supported".to_owned());
            }
        },
        AlgorithmParameters::OctetKeyPair(_) => vec![Algorithm::EdDSA],
        AlgorithmParameters::Other(_) | _ => return Err("has a key of an unknown type".to_owned()),
    })
}

impl fmt::Debug for TokenKeys {
    /// How many, never what.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "TokenKeys({})", self.keys.len())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECRET: &str = "cmVhbGx5cmVhbGx5cmVhbGx5cmVhbGx5dmVyeXNhZmU";

    #[test]
    fn what_is_not_understood_in_a_set_is_left_out() {
        let set = json!({"keys": [
            {"kty": "oct", "k": SECRET, "kid": "a", "alg": "HS256"},
            {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
            {"kty": "future", "kid": "b"},
            {"kty": "RSA"},
            7,
        ]});
        let keys = TokenKeys::parse_set(set.to_string().as_bytes(), Secrets::Allowed).unwrap();
        assert_eq!(keys.keys.len(), 1);
        assert!(TokenKeys::parse_set(set.to_string().as_bytes(), Secrets::LeftOut).is_err());
    }

    #[test]
    fn a_broken_or_empty_set_is_no_set() {
        for text in [
            "",
            "{}",
            "[]",
            "{\"keys\": []}",
            "{\"keys\": {}}",
            "<html>",
            "{\"keys\": [{}]}",
        ] {
            assert!(
                TokenKeys::parse_set(text.as_bytes(), Secrets::Allowed).is_err(),
                "{text}"
            );
        }
    }

    #[test]
    fn an_id_chooses_among_keys_and_is_nothing_else() {
        let set = json!({"keys": [{"kty": "oct", "k": SECRET, "kid": "a", "alg": "HS256"}]});
        let keys = TokenKeys::parse_set(set.to_string().as_bytes(), Secrets::Allowed).unwrap();
        let fits = |id| keys.candidates(Algorithm::HS256, id).count();
        assert_eq!((fits(Some("a")), fits(None)), (1, 1));
        for id in ["b", "", "../../dev/null", "/etc/passwd", "' or 1=1 --", "a\0"] {
            assert_eq!(fits(Some(id)), 0, "{id}");
        }
        assert_eq!(keys.candidates(Algorithm::HS512, Some("a")).count(), 0);
    }
}
