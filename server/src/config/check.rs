//! What the database is checked for, and what is let pass.

use serde_json::{Map, Value};

use super::key::{self, Key};
use super::{ConfigError, Source};
use crate::lint::{Configured, Severity};

/// What the server is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything may be tried.
    Development,
    /// A database that is not safe is not served.
    Production,
}

/// The check of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckConfig {
    /// What the server is used for.
    pub mode: Mode,
    /// How bad a finding must be for production to refuse.
    pub refuse: Severity,
    /// Findings that are allowed.
    pub allow: Configured,
}

impl CheckConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let modes = [
            ("development", Mode::Development),
            ("production", Mode::Production),
        ];
        let severities = Severity::ALL.map(|severity| (severity.word(), severity));
        let mut allow = source.parsed(&key::CHECK_ALLOW, allowed)?.unwrap_or_default();
        for (path, reason) in source.below(&key::CHECK_ALLOW) {
            let (rule, object) = path.split_once('.').ok_or_else(|| {
                ConfigError::new(&full(path), source.file_name(), "needs a rule and an object")
            })?;
            allow
                .entry(rule.to_owned())
                .or_default()
                .insert(object.to_owned(), reason.to_owned());
        }
        Ok(Self {
            mode: source.choice(&key::MODE, &modes, Mode::Development)?,
            refuse: source.choice(&key::CHECK_REFUSE, &severities, Severity::Critical)?,
            allow,
        })
    }
}

fn full(path: &str) -> String {
    let Key { name, .. } = key::CHECK_ALLOW;
    format!("{name}.{path}")
}

/// `{"policy-always-true-read": {"public.countries": "the same for everybody"}}`
fn allowed(text: &str) -> Result<Configured, String> {
    let rules: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| format!("must be an object of objects by rule: {error}"))?;
    rules
        .into_iter()
        .map(|(rule, objects)| {
            let objects = serde_json::from_value(objects)
                .map_err(|_| format!("{rule} must be an object with a reason for each object"))?;
            Ok((rule, objects))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allowances_come_from_the_file_or_as_json() {
        let file = "mode = \"production\"\n[check-allow.policy-always-true-read]\n\"public.countries\" = \"the same for all\"";
        let source = Source::default().with_toml("seawall.toml", file).unwrap();
        let check = CheckConfig::read(&source).unwrap();
        assert_eq!(check.mode, Mode::Production);
        assert_eq!(
            check.allow["policy-always-true-read"]["public.countries"],
            "the same for all"
        );

        let json = r#"{"rls-disabled": {"public.*": "a reason"}}"#;
        let source = Source::from_pairs([("SEAWALL_CHECK_ALLOW", json), ("SEAWALL_CHECK_REFUSE", "error")]);
        let check = CheckConfig::read(&source).unwrap();
        assert_eq!(check.allow["rls-disabled"]["public.*"], "a reason");
        assert_eq!((check.mode, check.refuse), (Mode::Development, Severity::Error));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |name: &str, value: &str| {
            CheckConfig::read(&Source::from_pairs([(name, value)]))
                .unwrap_err()
                .to_string()
        };
        assert!(error("SEAWALL_MODE", "prod").contains("development, production"));
        assert!(error("SEAWALL_CHECK_ALLOW", "[]").contains("object of objects"));
        assert!(error("SEAWALL_CHECK_ALLOW", r#"{"rls-disabled": "x"}"#).contains("rls-disabled"));
    }
}
