//! Which roles a request may take: never more than the login role may become.
//!
//! The claim of a valid token is still only a claim. It is held against the login
//! role's memberships (and the configured list) before any SQL is made of it, so
//! `none`, the login role itself and everything unknown are refused by name.

use std::collections::HashMap;

use http::header::ORIGIN;
use http::{HeaderMap, StatusCode};
use seawall_pgrest::error::DatabaseError;
use serde::Deserialize;

use crate::auth::Identity;
use crate::config::Config;
use crate::error::ApiError;

/// The roles, asked of the catalogue by the login role itself.
pub(super) const QUESTION: &str = "
select coalesce(json_agg(json_build_object(
  'name', r.rolname,
  'bypass', r.rolsuper or r.rolbypassrls,
  'permitted', r.rolname <> current_user and pg_catalog.pg_has_role(current_user, r.oid,
    case when pg_catalog.current_setting('server_version_num')::int >= 160000 then 'SET' else 'MEMBER' end)
)), '[]')::text
from pg_catalog.pg_roles r";

/// What the login role may become, and what else there is.
#[derive(Debug, Default)]
pub(super) struct Roles {
    by_name: HashMap<String, Role>,
}

#[derive(Debug, Deserialize)]
struct Role {
    name: String,
    bypass: bool,
    permitted: bool,
}

/// Why a role was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no such role.
    Unknown,
    /// The login role may not become it, or the configuration does not list it.
    NotPermitted,
    /// It bypasses row-level security and came from a browser.
    BypassFromBrowser,
}

impl Roles {
    pub(super) fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let roles: Vec<Role> = serde_json::from_str(json)?;
        Ok(Self {
            by_name: roles.into_iter().map(|role| (role.name.clone(), role)).collect(),
        })
    }

    /// Whether a role is above row-level security.
    pub(super) fn bypasses(&self, role: &str) -> bool {
        self.by_name.get(role).is_some_and(|known| known.bypass)
    }

    /// Decides for one request. The anonymous role is the operator's choice, not the caller's.
    pub(super) fn check(
        &self,
        identity: &Identity,
        config: &Config,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        let role = &*identity.role;
        if config.rest.anon_role.as_deref() == Some(role) {
            return Ok(());
        }
        let listed = &config.rest.allowed_roles;
        if !listed.is_empty() && !listed.iter().any(|name| name == role) {
            return Err(Refusal::NotPermitted);
        }
        match self.by_name.get(role) {
            None => Err(Refusal::Unknown),
            Some(known) if !known.permitted => Err(Refusal::NotPermitted),
            Some(known)
                if known.bypass && headers.contains_key(ORIGIN) && !config.jwt.bypassrls_from_browser =>
            {
                Err(Refusal::BypassFromBrowser)
            }
            Some(_) => Ok(()),
        }
    }
}

impl Refusal {
    /// A word for `auth_failures_total`.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Unknown | Self::NotPermitted => "role",
            Self::BypassFromBrowser => "bypassrls_from_browser",
        }
    }

    /// The answer: PostgreSQL's own words and PostgREST's status where the database would have said no.
    pub(super) fn answer(&self, role: &str) -> ApiError {
        let database = |code: &str, message| {
            let error = DatabaseError {
                code: code.to_owned(),
                message,
                details: None,
                hint: None,
                authenticated: true,
            };
            ApiError::from(error.report())
        };
        match self {
            Self::Unknown => database("22023", format!("role \"{role}\" does not exist")),
            Self::NotPermitted => database("42501", format!("permission denied to set role \"{role}\"")),
            Self::BypassFromBrowser => {
                let message =
                    format!("role \"{role}\" bypasses row-level security and may not come from a browser");
                ApiError::new(StatusCode::FORBIDDEN, "SEAWALL_BYPASSRLS_FROM_BROWSER", message)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use serde_json::Map;

    use super::*;
    use crate::config::{ClaimPath, Source};

    fn check(role: &str, settings: &[(&str, &str)], headers: &HeaderMap) -> Result<(), Refusal> {
        let roles = r#"[{"name": "authenticated", "bypass": false, "permitted": true},
            {"name": "service_role", "bypass": true, "permitted": true},
            {"name": "postgres", "bypass": true, "permitted": false}]"#;
        let pairs = [("DATABASE_URL", "postgres://u@127.0.0.1/x")];
        let config = Config::load(Source::from_pairs(pairs.iter().chain(settings).copied())).unwrap();
        let claims = Map::from_iter([("role".to_owned(), role.into())]);
        let identity = Identity::of(claims, &ClaimPath::default(), None, true).unwrap();
        Roles::parse(roles).unwrap().check(&identity, &config, headers)
    }

    #[test]
    fn a_role_the_login_role_may_not_become_is_refused() {
        let nothing = HeaderMap::new();
        assert_eq!(check("authenticated", &[], &nothing), Ok(()));
        assert_eq!(check("anon", &[], &nothing), Ok(()));
        assert_eq!(check("postgres", &[], &nothing), Err(Refusal::NotPermitted));
        for role in ["none", "NONE", "", "authenticated ", "Authenticated"] {
            assert_eq!(check(role, &[], &nothing), Err(Refusal::Unknown), "{role}");
        }
    }

    #[test]
    fn a_configured_list_narrows_further() {
        let only = [("SEAWALL_DB_ALLOWED_ROLES", "authenticated")];
        assert_eq!(
            check("service_role", &only, &HeaderMap::new()),
            Err(Refusal::NotPermitted)
        );
        assert_eq!(check("authenticated", &only, &HeaderMap::new()), Ok(()));
    }

    #[test]
    fn a_role_that_bypasses_rls_stays_out_of_browsers() {
        let browser = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static("http://127.0.0.1"))]);
        assert_eq!(check("service_role", &[], &HeaderMap::new()), Ok(()));
        assert_eq!(
            check("service_role", &[], &browser),
            Err(Refusal::BypassFromBrowser)
        );
        let allowed = [("SEAWALL_ALLOW_BYPASSRLS_FROM_BROWSER", "true")];
        assert_eq!(check("service_role", &allowed, &browser), Ok(()));
    }
}
