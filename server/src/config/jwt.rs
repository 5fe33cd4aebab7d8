//! Verification of tokens.

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::key;
use super::{ConfigError, Source};
use crate::auth::keys::TokenKeys;

/// How tokens are verified.
#[derive(Debug, Clone)]
pub struct JwtConfig {
    /// Keys that verify; none refuses every token.
    pub keys: Option<TokenKeys>,
    /// The plain secret, where it is one: what `seawall token` and the development service sign with.
    pub secret: Option<SecretString>,
    /// The audience tokens must have.
    pub audience: Option<String>,
    /// The issuer tokens must have.
    pub issuer: Option<String>,
    /// Claims every token must have.
    pub required_claims: Vec<String>,
    /// A name for all of this: what was verified under another is verified again.
    pub(crate) version: u64,
    /// Where the role is.
    pub role_claim: ClaimPath,
    /// Whether a role that bypasses row-level security may come from a browser.
    pub bypassrls_from_browser: bool,
}

impl JwtConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let base64 = source.flag(&key::JWT_SECRET_IS_BASE64, false)?;
        let secret = source.parsed(&key::JWT_SECRET, |text| decode(text, base64))?;
        let keys = source.parsed(&key::JWT_SECRET, |text| TokenKeys::parse(&decode(text, base64)?))?;
        Ok(Self {
            secret: secret
                .filter(|_| keys.as_ref().is_some_and(TokenKeys::is_plain_secret))
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .map(SecretString::from),
            keys,
            audience: source.parsed(&key::JWT_AUD, audience)?,
            issuer: source.text(&key::JWT_ISSUER)?,
            required_claims: source.list(&key::JWT_REQUIRED_CLAIMS)?.unwrap_or_default(),
            version: version(source)?,
            role_claim: source
                .parsed(&key::JWT_ROLE_CLAIM_KEY, ClaimPath::parse)?
                .unwrap_or_default(),
            bypassrls_from_browser: source.flag(&key::BYPASSRLS_FROM_BROWSER, source.speaks_postgrest())?,
        })
    }
}

/// The first bytes of a digest over everything that decides whether a token is believed.
fn version(source: &Source) -> Result<u64, ConfigError> {
    let mut digest = Context::new(&SHA256);
    for key in [
        key::JWT_SECRET,
        key::JWT_SECRET_IS_BASE64,
        key::JWT_AUD,
        key::JWT_ISSUER,
        key::JWT_REQUIRED_CLAIMS,
        key::JWT_ROLE_CLAIM_KEY,
        key::DB_ANON_ROLE,
    ] {
        let value = source.text(&key)?.unwrap_or_default();
        digest.update(&value.len().to_le_bytes());
        digest.update(value.as_bytes());
    }
    let digest = digest.finish();
    let first = digest.as_ref().first_chunk().copied().unwrap_or_default();
    Ok(u64::from_le_bytes(first))
}

#[cfg(test)]
impl JwtConfig {
    /// The configuration of tests elsewhere in the crate.
    pub(crate) fn for_tests(source: &Source) -> Self {
        Self::read(source).unwrap()
    }
}

fn decode(text: &str, base64: bool) -> Result<Vec<u8>, String> {
    if !base64 {
        return Ok(text.as_bytes().to_vec());
    }
    // URL-safe letters and PostgREST's "." for padding are understood too.
    let standard = text.trim().replace('-', "+").replace('_', "/").replace('.', "=");
    let decoded = STANDARD
        .decode(&standard)
        .or_else(|_| STANDARD_NO_PAD.decode(&standard));
    decoded.map_err(|_| "is not base64".to_owned())
}

/// `StringOrURI` of RFC 7519: with a colon it must be a URI.
fn audience(text: &str) -> Result<String, String> {
    let is_uri = text.split_once(':').is_some_and(|(scheme, rest)| {
        let mut letters = scheme.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic())
            && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
            && !rest.contains(char::is_whitespace)
    });
    if text.contains(':') && !is_uri {
        Err("must be a string or a valid URI".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A path into the claims: `.role`, `$.app_metadata.roles[0]`, `."https://example.com/role"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPath(Vec<Step>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    Index(usize),
}

impl Step {
    fn take<'value>(&self, value: &'value Value) -> Option<&'value Value> {
        match self {
            Self::Name(name) => value.get(name),
            Self::Index(index) => value.get(index),
        }
    }
}

impl Default for ClaimPath {
    fn default() -> Self {
        Self(vec![Step::Name("role".to_owned())])
    }
}

impl ClaimPath {
    /// Parses a path.
    ///
    /// # Errors
    /// With a sentence about what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest)
                .ok_or_else(|| format!("must be a path such as .app_metadata.role, not {text:?}"))?;
            steps.push(step);
            rest = after;
        }
        if steps.is_empty() {
            Err("must not be empty".to_owned())
        } else {
            Ok(Self(steps))
        }
    }

    /// A member of `app_metadata`, which a user cannot write.
    pub(super) fn in_app_metadata(member: &str) -> Self {
        Self(
            ["app_metadata", member]
                .map(|name| Step::Name(name.to_owned()))
                .into(),
        )
    }

    /// Whether the first step is a name.
    pub(super) fn begins_with(&self, name: &str) -> bool {
        matches!(self.0.first(), Some(Step::Name(first)) if first == name)
    }

    /// What the path leads to.
    #[must_use]
    pub fn find<'claims>(&self, claims: &'claims Value) -> Option<&'claims Value> {
        self.0.iter().try_fold(claims, |value, step| step.take(value))
    }

    /// What the path leads to from the claims themselves.
    #[must_use]
    pub fn find_in<'claims>(&self, claims: &'claims Map<String, Value>) -> Option<&'claims Value> {
        let (first, rest) = self.0.split_first()?;
        let Step::Name(name) = first else { return None };
        rest.iter()
            .try_fold(claims.get(name)?, |value, step| step.take(value))
    }
}

fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (inside, after) = rest.split_once(']')?;
        let quoted = inside.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let quoted = quoted.or_else(|| inside.strip_prefix('\'').and_then(|name| name.strip_suffix('\'')));
        let step = match quoted {
            Some(name) => Step::Name(name.to_owned()),
            None => Step::Index(inside.parse().ok()?),
        };
        return Some((step, after));
    }
    let rest = text.strip_prefix('.')?;
    if let Some(quoted) = rest.strip_prefix('"') {
        let (name, after) = quoted.split_once('"')?;
        return Some((Step::Name(name.to_owned()), after));
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    let (name, after) = rest.split_at_checked(end)?;
    let plain = |letter: char| letter.is_alphanumeric() || "_-$@".contains(letter);
    (!name.is_empty() && name.chars().all(plain)).then(|| (Step::Name(name.to_owned()), after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_into_claims() {
        let claims = json!({"role": "a", "app": {"roles": ["b", "c"]}, "https://x.y/role": "d"});
        let find = |path: &str| {
            let path = ClaimPath::parse(path).unwrap();
            assert_eq!(path.find(&claims), path.find_in(claims.as_object().unwrap()));
            path.find(&claims).cloned()
        };
        assert_eq!(find(".role"), Some(json!("a")));
        assert_eq!(find("$.app.roles[1]"), Some(json!("c")));
        assert_eq!(find(".\"https://x.y/role\""), Some(json!("d")));
        assert_eq!(find("$['https://x.y/role']"), Some(json!("d")));
        assert_eq!(find(".app.none"), None);
    }

    #[test]
    fn nonsense_is_not_a_path() {
        for text in ["role", ".", ".a b", ".a[", ".a[x]", "$"] {
            assert!(ClaimPath::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_without_being_repeated() {
        let error = JwtConfig::read(&Source::from_pairs([("JWT_SECRET", "hush-hush")])).unwrap_err();
        assert_eq!(error.key, "jwt-secret");
        assert!(!error.to_string().contains("hush-hush"));
    }

    #[test]
    fn an_audience_with_a_colon_must_be_a_uri() {
        assert!(audience("urn:x").is_ok() && audience("plain").is_ok());
        assert!(audience("%%:x").is_err());
    }
}
