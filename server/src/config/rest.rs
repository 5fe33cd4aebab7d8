//! The REST interface, by PostgREST's names.

use seawall_pgrest::plan::Relations;

use super::key;
use super::{BoundsConfig, ConfigError, Source};

/// How a transaction ends, and whether the request may say otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TxEnd {
    /// Always commit.
    Commit,
    /// Commit unless `Prefer: tx=rollback`.
    CommitAllowOverride,
    /// Always roll back.
    Rollback,
    /// Roll back unless `Prefer: tx=commit`.
    RollbackAllowOverride,
}

/// What the root describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenApiMode {
    /// What the request's role may use.
    FollowPrivileges,
    /// Everything exposed.
    IgnorePrivileges,
    /// Nothing.
    Disabled,
}

/// What is exposed, to whom, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct RestConfig {
    /// Exposed schemas, the default first.
    pub schemas: Vec<String>,
    /// Role of requests without a token.
    pub anon_role: Option<String>,
    /// Roles a token may name; empty for all the login role may become.
    pub allowed_roles: Vec<String>,
    /// Function called before each statement, possibly qualified.
    pub pre_request: Option<String>,
    /// Function that sets in-database settings.
    pub pre_config: Option<String>,
    /// Schemas added to the search path.
    pub extra_search_path: Vec<String>,
    /// What a request may cost.
    pub bounds: BoundsConfig,
    /// How transactions end.
    pub tx_end: TxEnd,
    /// Whether execution plans may be asked for.
    pub plan_enabled: bool,
    /// Relations over which aggregate functions may be used.
    pub aggregates: Relations,
    /// Relations that are never embedded.
    pub unembeddable: Relations,
    /// Notification channel, if listened to.
    pub channel: Option<String>,
    /// Whether in-database settings are read.
    pub database_settings: bool,
    /// Function that answers at the root.
    pub root_spec: Option<String>,
    /// Function settings applied to the whole transaction.
    pub hoisted_tx_settings: Vec<String>,
    /// What the root describes.
    pub openapi_mode: OpenApiMode,
    /// Whether the root describes the Authorization header.
    pub openapi_security: bool,
    /// Address the root describes.
    pub openapi_proxy: Option<String>,
    /// Whether database errors show details and hints.
    pub verbose_errors: bool,
    /// Whether an aliased embed may be named by its table.
    pub legacy_target_names: bool,
    /// `app.settings.*`, set for every request.
    pub app_settings: Vec<(String, String)>,
}

impl RestConfig {
    pub(super) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        let channel = source
            .text(&key::DB_CHANNEL)?
            .unwrap_or_else(|| "pgrst".to_owned());
        let anon_by_default = || (!postgrest).then(|| "anon".to_owned());
        let anon_role = match source.list(&key::DB_ANON_ROLE)? {
            Some(_) => source.text(&key::DB_ANON_ROLE)?,
            None => anon_by_default(),
        };
        Ok(Self {
            schemas: schemas(source)?,
            anon_role,
            allowed_roles: source.list(&key::DB_ALLOWED_ROLES)?.unwrap_or_default(),
            pre_request: source.text(&key::DB_PRE_REQUEST)?,
            pre_config: source.text(&key::DB_PRE_CONFIG)?,
            extra_search_path: source
                .list(&key::DB_EXTRA_SEARCH_PATH)?
                .unwrap_or_else(|| vec!["public".to_owned()]),
            bounds: BoundsConfig::read(source)?,
            tx_end: source.choice(&key::DB_TX_END, TX_ENDS, TxEnd::Commit)?,
            plan_enabled: source.flag(&key::DB_PLAN_ENABLED, false)?,
            aggregates: aggregates(source)?,
            unembeddable: source
                .list(&key::DB_UNEMBEDDABLE)?
                .map_or(Relations::None, Relations::Named),
            channel: source.flag(&key::DB_CHANNEL_ENABLED, true)?.then_some(channel),
            database_settings: source.flag(&key::DB_CONFIG, true)?,
            root_spec: source.text(&key::DB_ROOT_SPEC)?,
            hoisted_tx_settings: source
                .list(&key::DB_HOISTED_TX_SETTINGS)?
                .unwrap_or_else(hoisted_by_default),
            openapi_mode: source.choice(&key::OPENAPI_MODE, OPENAPI_MODES, OpenApiMode::FollowPrivileges)?,
            openapi_security: source.flag(&key::OPENAPI_SECURITY, false)?,
            openapi_proxy: source.parsed(&key::OPENAPI_PROXY, proxy_uri)?,
            verbose_errors: source.choice(&key::CLIENT_ERROR_VERBOSITY, VERBOSITIES, true)?,
            legacy_target_names: source.flag(&key::LEGACY_TARGET_NAMES, true)?,
            app_settings: source.app_settings(),
        })
    }
}

const TX_ENDS: &[(&str, TxEnd)] = &[
    ("commit", TxEnd::Commit),
    ("commit-allow-override", TxEnd::CommitAllowOverride),
    ("rollback", TxEnd::Rollback),
    ("rollback-allow-override", TxEnd::RollbackAllowOverride),
];

const OPENAPI_MODES: &[(&str, OpenApiMode)] = &[
    ("follow-privileges", OpenApiMode::FollowPrivileges),
    ("ignore-privileges", OpenApiMode::IgnorePrivileges),
    ("disabled", OpenApiMode::Disabled),
];

const VERBOSITIES: &[(&str, bool)] = &[("verbose", true), ("minimal", false)];

fn aggregates(source: &Source) -> Result<Relations, ConfigError> {
    let enabled = source.flag(&key::DB_AGGREGATES_ENABLED, false)?;
    let tables = source.list(&key::DB_AGGREGATES_TABLES)?.unwrap_or_default();
    Ok(match (enabled, tables.is_empty()) {
        (false, _) => Relations::None,
        (true, true) => Relations::All,
        (true, false) => Relations::Named(tables),
    })
}

fn schemas(source: &Source) -> Result<Vec<String>, ConfigError> {
    let schemas = source.list(&key::DB_SCHEMAS)?.unwrap_or_default();
    if let Some(name) = schemas
        .iter()
        .find(|name| matches!(name.as_str(), "pg_catalog" | "information_schema"))
    {
        let problem = format!("does not allow schema: '{name}'");
        return Err(ConfigError::new(key::DB_SCHEMAS.name, "db-schemas", problem));
    }
    Ok(if schemas.is_empty() {
        vec!["public".to_owned()]
    } else {
        schemas
    })
}

fn hoisted_by_default() -> Vec<String> {
    [
        "statement_timeout",
        "plan_filter.statement_cost_limit",
        "default_transaction_isolation",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn proxy_uri(text: &str) -> Result<String, String> {
    let malformed = || format!("must be an address such as https://example.com:8443/base, not {text:?}");
    let uri: http::Uri = text.parse().map_err(|_| malformed())?;
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(_)) => Ok(text.to_owned()),
        (Some(_) | None, Some(_) | None) => Err(malformed()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<RestConfig, ConfigError> {
        RestConfig::read(&Source::from_pairs(pairs.iter().copied()), true)
    }

    #[test]
    fn system_schemas_are_refused() {
        let error = read(&[("PGRST_DB_SCHEMAS", "api, pg_catalog")]).unwrap_err();
        assert_eq!(error.key, "db-schemas");
    }

    #[test]
    fn an_empty_search_path_stays_empty() {
        assert!(
            read(&[("PGRST_DB_EXTRA_SEARCH_PATH", "")])
                .unwrap()
                .extra_search_path
                .is_empty()
        );
        assert_eq!(read(&[]).unwrap().extra_search_path, ["public"]);
    }

    #[test]
    fn an_unknown_tx_end_lists_the_choices() {
        let error = read(&[("PGRST_DB_TX_END", "never")]).unwrap_err();
        assert!(error.problem.contains("rollback-allow-override"), "{error}");
    }

    #[test]
    fn anonymous_access_can_be_switched_off() {
        let source = Source::from_pairs([("SEAWALL_DB_ANON_ROLE", "")]);
        assert_eq!(RestConfig::read(&source, false).unwrap().anon_role, None);
        assert_eq!(
            RestConfig::read(&Source::default(), false)
                .unwrap()
                .anon_role
                .as_deref(),
            Some("anon")
        );
    }
}
