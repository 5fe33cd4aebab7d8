//! Which tables are kept in monthly parts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::key;
use super::{ConfigError, Source};
use crate::partitions::{Rule, Rules};

const AHEAD: u32 = 3;

/// Reads the rules: `[partitions."public.events"]` with `ahead` and `retention`, in months.
pub(super) fn read(source: &Source) -> Result<Rules, ConfigError> {
    let mut rules = source.parsed(&key::PARTITIONS, tables)?.unwrap_or_default();
    for (path, text) in source.below(&key::PARTITIONS) {
        put_path(&mut rules, path, text).map_err(|problem| {
            ConfigError::new(
                &format!("{}.{path}", key::PARTITIONS.name),
                source.file_name(),
                problem,
            )
        })?;
    }
    Ok(rules)
}

/// `{"public.events": {"ahead": 3, "retention": 12}}`
fn tables(text: &str) -> Result<Rules, String> {
    let document: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
        .map_err(|error| format!("must be an object of objects by table: {error}"))?;
    let mut rules = Rules::new();
    for (table, settings) in document {
        rules.insert(table.clone(), NEW);
        for (name, value) in settings {
            put(&mut rules, &table, &name, &value.to_string())
                .map_err(|problem| format!("{table}.{name} {problem}"))?;
        }
    }
    Ok(rules)
}

const NEW: Rule = Rule {
    months_ahead: AHEAD,
    retention_months: None,
};

/// A table's name has dots in it, a setting's has none.
fn put_path(rules: &mut Rules, path: &str, text: &str) -> Result<(), String> {
    let (table, name) = path
        .rsplit_once('.')
        .ok_or("needs a table and a setting, such as public.events.retention")?;
    put(rules, table, name, text)
}

fn put(rules: &mut Rules, table: &str, name: &str, text: &str) -> Result<(), String> {
    let months = |least: u32, most: u32| {
        let months = text.parse().ok().filter(|months| (least..=most).contains(months));
        months.ok_or_else(|| format!("must be months from {least} to {most}, not {text}"))
    };
    let rule = rules.entry(table.to_owned()).or_insert(NEW);
    match name {
        "ahead" => rule.months_ahead = months(0, 120)?,
        "retention" => rule.retention_months = Some(months(1, 1200)?),
        _ => return Err("is none of ahead, retention".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_from_the_file_or_as_json() {
        let file = "[partitions.\"public.events\"]\nahead = 2\nretention = 12";
        let source = Source::default().with_toml("seawall.toml", file).unwrap();
        let expected = Rule {
            months_ahead: 2,
            retention_months: Some(12),
        };
        assert_eq!(
            read(&source).unwrap(),
            Rules::from([("public.events".to_owned(), expected)])
        );
        let source = Source::from_pairs([("SEAWALL_PARTITIONS", r#"{"public.events": {}}"#)]);
        assert_eq!(read(&source).unwrap()["public.events"], NEW);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| {
            read(&Source::from_pairs([("SEAWALL_PARTITIONS", text)]))
                .unwrap_err()
                .to_string()
        };
        assert!(error(r#"{"e": {"retention": 0}}"#).contains("e.retention must be months from 1 to 1200"));
        assert!(error(r#"{"e": {"keep": 1}}"#).contains("e.keep is none of ahead, retention"));
    }
}
