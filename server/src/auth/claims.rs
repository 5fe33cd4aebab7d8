//! What a verified token says.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use seawall_pgrest::error::AuthError;
use seawall_pgrest::error::auth::ClaimsFault;
use serde_json::{Map, Value};

use crate::config::{ClaimPath, JwtConfig};

/// Seconds that clocks may differ by, as in PostgREST.
pub(crate) const SKEW_S: i64 = 30;

/// Who a request is from, as far as its token goes.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The verified claims; empty without a token.
    pub claims: Arc<Map<String, Value>>,
    /// The role asked for: the claim's, or the anonymous one.
    pub role: Arc<str>,
    /// Whether a token was presented.
    pub authenticated: bool,
    /// The organisation the request is for: always one of the caller's own.
    pub organisation: Option<Arc<str>>,
}

impl Identity {
    /// The role and subject of verified claims.
    ///
    /// # Errors
    /// When there is neither a role claim nor an anonymous role.
    pub fn of(
        claims: Map<String, Value>,
        path: &ClaimPath,
        anon: Option<&str>,
        authenticated: bool,
    ) -> Result<Self, AuthError> {
        let claims = Value::Object(claims);
        let claimed = path.find(&claims).map(plain_text);
        let role = claimed
            .or_else(|| anon.map(str::to_owned))
            .ok_or(AuthError::TokenRequired)?;
        let Value::Object(claims) = claims else {
            return Err(AuthError::Claims(ClaimsFault::Malformed));
        };
        Ok(Self {
            claims: Arc::new(claims),
            role: role.into(),
            authenticated,
            organisation: None,
        })
    }

    /// The user, where the token names one.
    #[must_use]
    pub fn subject(&self) -> Option<&str> {
        self.claims
            .get("sub")
            .and_then(Value::as_str)
            .filter(|subject| !subject.is_empty())
    }
}

fn plain_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The token of the `Authorization` header; another scheme is no token.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    // Not text is still a token, and a bad one: it must not pass as no token at all.
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let value = std::str::from_utf8(value).map_or_else(|_| String::from_utf8_lossy(value), Cow::Borrowed);
    let (scheme, token) = value.trim_start().split_once(' ').unwrap_or((&value, ""));
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim().to_owned().into())
}

/// Checks times and audience, as PostgREST does, and what is configured beyond that.
pub(crate) fn validate(claims: &Map<String, Value>, config: &JwtConfig, now_s: u64) -> Result<(), AuthError> {
    let now_s = i64::try_from(now_s).unwrap_or(i64::MAX);
    if time(claims, "exp", ClaimsFault::ExpiryNotNumber)?
        .is_some_and(|exp| now_s.saturating_sub(SKEW_S) > exp)
    {
        return Err(AuthError::Claims(ClaimsFault::Expired));
    }
    if time(claims, "nbf", ClaimsFault::NotBeforeNotNumber)?
        .is_some_and(|nbf| now_s.saturating_add(SKEW_S) < nbf)
    {
        return Err(AuthError::Claims(ClaimsFault::NotYetValid));
    }
    if time(claims, "iat", ClaimsFault::IssuedAtNotNumber)?
        .is_some_and(|iat| now_s.saturating_add(SKEW_S) < iat)
    {
        return Err(AuthError::Claims(ClaimsFault::IssuedInFuture));
    }
    let named = audiences(claims)?;
    if let Some(wanted) = config.audience.as_deref()
        && !named.is_empty()
        && !named.contains(&wanted)
    {
        return Err(AuthError::Claims(ClaimsFault::Audience));
    }
    issued_as_configured(claims, config)
}

fn issued_as_configured(claims: &Map<String, Value>, config: &JwtConfig) -> Result<(), AuthError> {
    if let Some(wanted) = config.issuer.as_deref()
        && claims.get("iss").and_then(Value::as_str) != Some(wanted)
    {
        return Err(AuthError::Claims(ClaimsFault::Issuer));
    }
    let is_there = |name: &String| claims.get(name).is_some_and(|value| !value.is_null());
    if config.required_claims.iter().all(is_there) {
        Ok(())
    } else {
        Err(AuthError::Claims(ClaimsFault::Missing))
    }
}

/// A time claim in whole seconds, where it is there and a number.
pub(crate) fn seconds(claims: &Map<String, Value>, name: &str) -> Option<u64> {
    match claims.get(name) {
        Some(Value::Number(number)) => Some(u64::try_from(whole(number)).unwrap_or(0)),
        Some(Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) | None => {
            None
        }
    }
}

fn time(claims: &Map<String, Value>, name: &str, fault: ClaimsFault) -> Result<Option<i64>, AuthError> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => Ok(Some(whole(number))),
        Some(Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_)) => Err(fault.into()),
    }
}

/// A time as whole seconds; one that fits no integer becomes zero, long past.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a fraction of a second is dropped on purpose, and the cast saturates"
)]
fn whole(number: &serde_json::Number) -> i64 {
    number
        .as_i64()
        .or_else(|| number.as_f64().map(|seconds| seconds as i64))
        .unwrap_or_default()
}

fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, AuthError> {
    match claims.get("aud") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(many)) => many
            .iter()
            .map(|one| {
                one.as_str()
                    .ok_or(AuthError::Claims(ClaimsFault::AudienceNotString))
            })
            .collect(),
        Some(Value::Bool(_) | Value::Number(_) | Value::Object(_)) => {
            Err(AuthError::Claims(ClaimsFault::AudienceNotString))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::json;

    use super::*;
    use crate::config::Source;

    fn check(claims: &Value, audience: Option<&str>) -> Result<(), AuthError> {
        let pairs = audience.map(|audience| ("SEAWALL_JWT_AUD", audience));
        check_under(claims, &pairs.into_iter().collect::<Vec<_>>())
    }

    fn check_under(claims: &Value, pairs: &[(&str, &str)]) -> Result<(), AuthError> {
        let config = JwtConfig::for_tests(&Source::from_pairs(pairs.iter().copied()));
        validate(claims.as_object().unwrap(), &config, 1_000_000)
    }

    #[test]
    fn times_have_thirty_seconds_of_grace() {
        assert_eq!(
            check(&json!({"exp": 999_970, "nbf": 1_000_030, "iat": 1_000_030}), None),
            Ok(())
        );
        assert_eq!(
            check(&json!({"exp": 999_969}), None),
            Err(AuthError::Claims(ClaimsFault::Expired))
        );
        assert_eq!(
            check(&json!({"nbf": 1_000_031}), None),
            Err(AuthError::Claims(ClaimsFault::NotYetValid))
        );
        assert_eq!(
            check(&json!({"iat": 1_000_031}), None),
            Err(AuthError::Claims(ClaimsFault::IssuedInFuture))
        );
        assert_eq!(
            check(&json!({"exp": "soon"}), None),
            Err(AuthError::Claims(ClaimsFault::ExpiryNotNumber))
        );
    }

    #[test]
    fn an_audience_must_match_where_both_name_one() {
        assert_eq!(check(&json!({"aud": ["a", "b"]}), Some("b")), Ok(()));
        assert_eq!(check(&json!({"aud": []}), Some("b")), Ok(()));
        assert_eq!(
            check(&json!({"aud": "a"}), Some("b")),
            Err(AuthError::Claims(ClaimsFault::Audience))
        );
        assert_eq!(check(&json!({"aud": "a"}), None), Ok(()));
        assert_eq!(
            check(&json!({"aud": [1]}), None),
            Err(AuthError::Claims(ClaimsFault::AudienceNotString))
        );
    }

    #[test]
    fn issuer_and_required_claims_are_checked_where_configured() {
        let issuer = [("SEAWALL_JWT_ISSUER", "https://auth.test")];
        assert_eq!(check_under(&json!({"iss": "https://auth.test"}), &issuer), Ok(()));
        for claims in [
            json!({}),
            json!({"iss": "https://auth.test.evil"}),
            json!({"iss": ["https://auth.test"]}),
        ] {
            assert_eq!(
                check_under(&claims, &issuer),
                Err(AuthError::Claims(ClaimsFault::Issuer)),
                "{claims}"
            );
        }
        let required = [("SEAWALL_JWT_REQUIRED_CLAIMS", "exp,sub")];
        assert_eq!(
            check_under(&json!({"exp": 1_000_001, "sub": "u"}), &required),
            Ok(())
        );
        for claims in [json!({"exp": 1_000_001}), json!({"sub": "u", "exp": null})] {
            assert_eq!(
                check_under(&claims, &required),
                Err(AuthError::Claims(ClaimsFault::Missing)),
                "{claims}"
            );
        }
    }

    #[test]
    fn times_that_fit_no_integer_do_not_overflow() {
        for time in [json!(i64::MAX), json!(i64::MIN), json!(1e300), json!(-1e300)] {
            let _any_verdict = check(&json!({"exp": time, "nbf": time, "iat": time}), None);
        }
        assert_eq!(seconds(json!({"exp": 1.9}).as_object().unwrap(), "exp"), Some(1));
        assert_eq!(seconds(json!({"exp": -5}).as_object().unwrap(), "exp"), Some(0));
        assert_eq!(seconds(json!({"exp": "5"}).as_object().unwrap(), "exp"), None);
    }

    #[test]
    fn only_the_bearer_scheme_is_a_token() {
        let headers =
            |value: &'static str| HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(value))]);
        assert_eq!(bearer(&headers("bearer abc")).as_deref(), Some("abc"));
        assert_eq!(bearer(&headers("Bearer ")).as_deref(), Some(""));
        assert_eq!(bearer(&headers("Bearer")).as_deref(), Some(""));
        assert_eq!(bearer(&headers("Basic abc")), None);
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn the_role_is_the_claim_or_the_anonymous_one() {
        let role = |claims: Value, anon| {
            Identity::of(
                claims.as_object().unwrap().clone(),
                &ClaimPath::default(),
                anon,
                true,
            )
            .map(|who| who.role.to_string())
        };
        assert_eq!(role(json!({"role": "a"}), Some("anon")), Ok("a".to_owned()));
        assert_eq!(role(json!({}), Some("anon")), Ok("anon".to_owned()));
        assert_eq!(role(json!({"role": 7}), None), Ok("7".to_owned()));
        assert_eq!(role(json!({}), None), Err(AuthError::TokenRequired));
    }
}
