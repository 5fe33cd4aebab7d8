//! Identity beyond a signature: key sets, the auth service, what is remembered, organisations.

use std::path::PathBuf;
use std::time::Duration;

use http::{HeaderName, Uri};
use secrecy::SecretString;

use super::key;
use super::{ClaimPath, ConfigError, Source};
use crate::auth::organisation::Rule;

const DAY_S: u64 = 86_400;

/// More verified tokens than this are not remembered, whatever is configured.
const MOST_CACHED: usize = 10_000_000;

/// How identities are verified and for how long they are believed.
#[derive(Debug, Clone)]
pub struct AuthConfig {
    /// A JWK set that lives elsewhere.
    pub jwks: Option<JwksConfig>,
    /// The auth service that is asked about each token.
    pub remote: Option<RemoteConfig>,
    /// Who is asked whether a user is still there; none where nobody is.
    pub users: Option<UsersConfig>,
    /// Verified tokens remembered; zero verifies every time.
    pub cached_tokens: usize,
    /// How long a verified token is believed.
    pub token_ttl: Duration,
    /// How long a session's end is remembered.
    pub revocation_lifetime: Duration,
    /// How many ends are remembered.
    pub most_revocations: usize,
    /// Who may name which organisation.
    pub organisation: OrganisationConfig,
}

/// Where the key set is, and how fresh it must be.
#[derive(Debug, Clone)]
pub struct JwksConfig {
    /// Where it is read from.
    pub place: JwksPlace,
    /// How long it is used before it is read again.
    pub refresh: Duration,
    /// How long it may go unread before that is an alarm.
    pub stale_after: Duration,
}

/// A file or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JwksPlace {
    /// A file of this machine.
    File(PathBuf),
    /// Fetched by HTTP.
    Address(Uri),
}

/// The auth service.
#[derive(Debug, Clone)]
pub struct RemoteConfig {
    /// The address of its user.
    pub address: Uri,
    /// The `apikey` it wants.
    pub key: Option<SecretString>,
    /// How long it has to answer.
    pub timeout: Duration,
    /// How long after its time a cached validation is honoured while the service is down; none refuses.
    pub grace: Option<Duration>,
}

/// The auth service's users.
#[derive(Debug, Clone)]
pub struct UsersConfig {
    /// The address of all of them; one is below it.
    pub address: Uri,
    /// The service key.
    pub key: SecretString,
    /// How long the service has to answer.
    pub timeout: Duration,
}

/// Whose organisation a request may name, and where requests name one.
#[derive(Debug, Clone)]
pub struct OrganisationConfig {
    /// Where the caller's organisations are in the claims.
    pub claim: ClaimPath,
    /// The read that tells them, instead of the claims.
    pub membership: Option<String>,
    /// How long the answer is believed.
    pub membership_ttl: Duration,
    /// The header that names the request's organisation.
    pub header: Option<HeaderName>,
    /// Where else requests name one.
    pub rules: Vec<Rule>,
    /// Roles to which none of this applies.
    pub exempt_roles: Vec<String>,
}

impl AuthConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let lifetime = source.seconds(&key::REVOCATION_LIFETIME, 60..=366 * DAY_S, 7 * DAY_S)?;
        Ok(Self {
            jwks: jwks(source)?,
            users: users(source)?,
            remote: remote(source)?,
            cached_tokens: source
                .number::<u64>(&key::JWT_CACHE, 0..=u64::MAX)?
                .map_or(10_000, |count| {
                    usize::try_from(count).unwrap_or(MOST_CACHED).min(MOST_CACHED)
                }),
            token_ttl: source.seconds(&key::TOKEN_CACHE_TTL, 0..=DAY_S, 300)?,
            revocation_lifetime: lifetime,
            most_revocations: source
                .number(&key::REVOCATIONS_MAX, 1_000..=10_000_000)?
                .unwrap_or(100_000),
            organisation: organisation(source)?,
        })
    }
}

impl OrganisationConfig {
    /// Whether requests can name an organisation at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.header.is_some() || !self.rules.is_empty() || self.membership.is_some()
    }
}

fn jwks(source: &Source) -> Result<Option<JwksConfig>, ConfigError> {
    let Some(place) = source.parsed(&key::JWT_JWKS, place)? else {
        return Ok(None);
    };
    let refresh = source.seconds(&key::JWT_JWKS_REFRESH, 1..=DAY_S, 600)?;
    Ok(Some(JwksConfig {
        place,
        refresh,
        stale_after: source.seconds(&key::JWT_JWKS_STALE, 1..=30 * DAY_S, 3_600)?,
    }))
}

fn place(text: &str) -> Result<JwksPlace, String> {
    if text.contains("://") {
        return http_address(text).map(JwksPlace::Address);
    }
    Ok(JwksPlace::File(PathBuf::from(text)))
}

fn http_address(text: &str) -> Result<Uri, String> {
    let malformed = || "must be an address that begins with http:// or https://".to_owned();
    let uri: Uri = text.parse().map_err(|_| malformed())?;
    match (uri.scheme_str(), uri.authority()) {
        // What is in an address is logged; what is in a key is not.
        (Some("http" | "https"), Some(authority)) if authority.as_str().contains('@') => {
            Err("must not have a password in it".to_owned())
        }
        (Some("http" | "https"), Some(_)) => Ok(uri),
        (Some(_) | None, Some(_) | None) => Err(malformed()),
    }
}

fn remote(source: &Source) -> Result<Option<RemoteConfig>, ConfigError> {
    let address = source.parsed(&key::TOKEN_VERIFY_URL, http_address)?;
    let key = source.text(&key::TOKEN_VERIFY_KEY)?.map(SecretString::from);
    let timeout = source.millis(&key::TOKEN_VERIFY_TIMEOUT, 10..=60_000, 5_000)?;
    let honoured = source.choice(
        &key::TOKEN_VERIFY_WHEN_DOWN,
        &[("refuse", false), ("cached", true)],
        false,
    )?;
    let grace = source.seconds(&key::TOKEN_VERIFY_GRACE, 0..=7 * DAY_S, 3_600)?;
    Ok(address.map(|address| RemoteConfig {
        address,
        key,
        timeout,
        grace: honoured.then_some(grace),
    }))
}

/// Both or neither: half of it would ask nobody, and look as if it did.
fn users(source: &Source) -> Result<Option<UsersConfig>, ConfigError> {
    let address = source.parsed(&key::AUTH_USERS_URL, http_address)?;
    let key = source.text(&key::AUTH_USERS_KEY)?.map(SecretString::from);
    let timeout = source.millis(&key::TOKEN_VERIFY_TIMEOUT, 10..=60_000, 5_000)?;
    match (address, key) {
        (Some(address), Some(key)) => Ok(Some(UsersConfig {
            address,
            key,
            timeout,
        })),
        (None, None) => Ok(None),
        (Some(_), None) => Err(ConfigError::missing(&key::AUTH_USERS_KEY)),
        (None, Some(_)) => Err(ConfigError::missing(&key::AUTH_USERS_URL)),
    }
}

fn organisation(source: &Source) -> Result<OrganisationConfig, ConfigError> {
    let rules = source.list(&key::ORGANISATION_RULES)?.unwrap_or_default();
    let rules = rules.iter().map(|text| {
        Rule::parse(text)
            .map_err(|problem| ConfigError::new(key::ORGANISATION_RULES.name, "organisation-rules", problem))
    });
    Ok(OrganisationConfig {
        claim: organisation_claim(source)?,
        membership: source.parsed(&key::ORGANISATION_MEMBERSHIP, membership)?,
        membership_ttl: source.seconds(&key::ORGANISATION_MEMBERSHIP_TTL, 0..=3_600, 30)?,
        header: source.parsed(&key::ORGANISATION_HEADER, |text| {
            text.parse()
                .map_err(|_| format!("is not the name of a header: {text:?}"))
        })?,
        rules: rules.collect::<Result<_, _>>()?,
        exempt_roles: source
            .list(&key::ORGANISATION_EXEMPT_ROLES)?
            .unwrap_or_else(|| vec!["service_role".to_owned()]),
    })
}

/// Where the caller's organisations are in the claims.
pub(super) fn organisation_claim(source: &Source) -> Result<ClaimPath, ConfigError> {
    let claim = source.parsed(&key::ORGANISATION_CLAIM, claim)?;
    Ok(claim.unwrap_or_else(|| ClaimPath::in_app_metadata("org_id")))
}

/// Users write their own `user_metadata`, so it says nothing about where they belong.
fn claim(text: &str) -> Result<ClaimPath, String> {
    let path = ClaimPath::parse(text)?;
    if path.begins_with("user_metadata") || path.begins_with("raw_user_meta_data") {
        return Err("must not be below what users write themselves".to_owned());
    }
    Ok(path)
}

fn membership(text: &str) -> Result<String, String> {
    let text = text.trim_start_matches('/');
    let is_read = text
        .split_once('?')
        .is_some_and(|(table, query)| !table.is_empty() && query.contains("select="));
    match is_read && text.contains("{sub}") && format!("/{text}").replace("{sub}", "x").parse::<Uri>().is_ok()
    {
        true => Ok(text.to_owned()),
        false => Err(
            "must be a read such as memberships?select=org_id&user_id=eq.{sub}, which names the caller"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<AuthConfig, ConfigError> {
        AuthConfig::read(&Source::from_pairs(pairs.iter().copied()))
    }

    #[test]
    fn nothing_new_is_on_unless_configured() {
        let config = read(&[]).unwrap();
        assert!(config.jwks.is_none() && config.remote.is_none());
        assert!(!config.organisation.is_on());
        assert_eq!(config.token_ttl, Duration::from_secs(300));
    }

    #[test]
    fn a_key_set_is_a_file_or_an_address() {
        let place = |text| read(&[("SEAWALL_JWT_JWKS", text)]).map(|config| config.jwks.unwrap().place);
        assert_eq!(
            place("/etc/keys.json"),
            Ok(JwksPlace::File("/etc/keys.json".into()))
        );
        assert!(matches!(place("https://a.test/keys"), Ok(JwksPlace::Address(_))));
        for nonsense in ["ftp://a.test/keys", "http://", "https://user:hush-hush@a.test/"] {
            let error = place(nonsense).unwrap_err();
            assert!(!error.to_string().contains("hush-hush"), "{error}");
        }
    }

    #[test]
    fn cached_validations_outlive_the_service_only_where_that_is_said() {
        let grace = |pairs: &[(&str, &str)]| {
            let url = [("SEAWALL_TOKEN_VERIFY_URL", "http://auth.test/user")];
            let pairs: Vec<_> = url.iter().chain(pairs).copied().collect();
            read(&pairs).unwrap().remote.unwrap().grace
        };
        assert_eq!(grace(&[]), None);
        assert_eq!(grace(&[("SEAWALL_TOKEN_VERIFY_GRACE", "60")]), None);
        assert_eq!(
            grace(&[("SEAWALL_TOKEN_VERIFY_WHEN_DOWN", "cached")]),
            Some(Duration::from_secs(3600))
        );
    }

    #[test]
    fn what_users_write_themselves_is_no_organisation() {
        for path in [".user_metadata.org", "$['user_metadata'].org", "$.user_metadata"] {
            assert_eq!(
                read(&[("SEAWALL_ORGANISATION_CLAIM", path)]).unwrap_err().key,
                "organisation-claim"
            );
        }
        assert!(read(&[("SEAWALL_ORGANISATION_CLAIM", ".app_metadata.user_metadata")]).is_ok());
    }

    #[test]
    fn a_membership_is_asked_about_the_caller() {
        let membership = |text| read(&[("SEAWALL_ORGANISATION_MEMBERSHIP", text)]);
        assert!(membership("memberships?select=org_id&user_id=eq.{sub}").is_ok());
        for nonsense in [
            "memberships",
            "memberships?select=org_id",
            "?select=a&b=eq.{sub}",
            "a b?select=c{sub}",
        ] {
            assert!(membership(nonsense).is_err(), "{nonsense}");
        }
    }
}
