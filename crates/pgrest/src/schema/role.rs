//! Settings attached to roles and functions, as `pg_roles.rolconfig` and `pg_proc.proconfig` hold them.

use std::collections::HashMap;

use super::catalogue::RoleRow;

/// What a role asks for in each of its transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleSettings {
    /// Isolation level, as `SET TRANSACTION` wants it; applied when the transaction begins.
    pub isolation: Option<String>,
    /// All other settings, by name.
    pub settings: Vec<(String, String)>,
}

const ISOLATION: &str = "default_transaction_isolation";

/// Settings by role, without those that an unprivileged session may not set.
pub(super) fn settings(rows: &[RoleRow], allowed: &[String]) -> HashMap<String, RoleSettings> {
    rows.iter()
        .map(|row| {
            let all = pairs(&row.settings);
            let isolation = isolation(&all);
            let settings = all
                .into_iter()
                .filter(|(name, _)| name != ISOLATION && allowed.contains(name))
                .collect();
            (row.role.clone(), RoleSettings { isolation, settings })
        })
        .collect()
}

/// Splits `name=value` entries.
pub(super) fn pairs(entries: &[String]) -> Vec<(String, String)> {
    entries
        .iter()
        .filter_map(|entry| entry.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The isolation level among some settings, if it is one that PostgreSQL has.
pub(super) fn isolation(settings: &[(String, String)]) -> Option<String> {
    let (_, value) = settings.iter().find(|(name, _)| name == ISOLATION)?;
    let value = value.to_lowercase();
    matches!(
        value.as_str(),
        "serializable" | "repeatable read" | "read committed" | "read uncommitted"
    )
    .then_some(value)
}
