//! What one request may cost, for everybody and by role.

use std::collections::BTreeMap;

use seawall_pgrest::plan::Bounds;
use serde_json::{Map, Value};

use super::key::{self, Key};
use super::{ConfigError, Source};

/// The bounds of requests.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BoundsConfig {
    /// Where a role's own say nothing.
    pub everybody: Bounds,
    /// By role.
    pub by_role: BTreeMap<String, Bounds>,
}

impl BoundsConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let everybody = Bounds {
            max_rows: source.number(&key::DB_MAX_ROWS, 0..=i64::MAX)?,
            max_embed_depth: source.number(&key::DB_MAX_EMBED_DEPTH, 0..=usize::MAX)?,
            max_embeds: source.number(&key::DB_MAX_EMBEDS, 0..=usize::MAX)?,
            max_cost: source.parsed(&key::DB_MAX_COST, cost)?,
        };
        let mut by_role = source.parsed(&key::DB_ROLE_BOUNDS, roles)?.unwrap_or_default();
        for (path, text) in source.below(&key::DB_ROLE_BOUNDS) {
            put_path(&mut by_role, path, text)
                .map_err(|problem| ConfigError::new(&full(path), source.file_name(), problem))?;
        }
        Ok(Self { everybody, by_role })
    }

    /// What a role may ask for.
    #[must_use]
    pub fn of(&self, role: &str) -> Bounds {
        self.by_role
            .get(role)
            .map_or(self.everybody, |own| own.or(self.everybody))
    }
}

fn full(path: &str) -> String {
    let Key { name, .. } = key::DB_ROLE_BOUNDS;
    format!("{name}.{path}")
}

/// `{"anon": {"max-rows": 100}}`
fn roles(text: &str) -> Result<BTreeMap<String, Bounds>, String> {
    let document: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
        .map_err(|error| format!("must be an object of objects by role: {error}"))?;
    let mut roles = BTreeMap::new();
    for (role, settings) in document {
        for (name, value) in settings {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            put(roles.entry(role.clone()).or_default(), &name, &text)
                .map_err(|problem| format!("{role}.{name} {problem}"))?;
        }
    }
    Ok(roles)
}

/// `anon.max-rows` of the file. A role's name may have dots in it, a bound's may not.
fn put_path(roles: &mut BTreeMap<String, Bounds>, path: &str, text: &str) -> Result<(), String> {
    let (role, name) = path
        .rsplit_once('.')
        .ok_or("needs a role and a bound, such as anon.max-rows")?;
    put(roles.entry(role.to_owned()).or_default(), name, text)
}

fn put(bounds: &mut Bounds, name: &str, text: &str) -> Result<(), String> {
    let whole = || {
        text.parse::<u32>()
            .map_err(|_| format!("must be a whole number, not {text:?}"))
    };
    match name {
        "max-rows" => bounds.max_rows = Some(whole()?.into()),
        "max-embed-depth" => bounds.max_embed_depth = Some(whole()? as usize),
        "max-embeds" => bounds.max_embeds = Some(whole()? as usize),
        "max-cost" => bounds.max_cost = Some(cost(text)?),
        _ => return Err("is none of max-rows, max-embed-depth, max-embeds, max-cost".to_owned()),
    }
    Ok(())
}

fn cost(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|cost: &f64| cost.is_finite() && *cost >= 0.0)
        .ok_or_else(|| format!("must be a number of planner cost units from 0, not {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_s_bounds_come_from_the_file_or_as_json() {
        let file = "db-max-rows = 1000\n[db-role-bounds.anon]\nmax-rows = 10\nmax-cost = 2500.5";
        let source = Source::default().with_toml("seawall.toml", file).unwrap();
        let bounds = BoundsConfig::read(&source).unwrap();
        assert_eq!(bounds.of("anon").max_rows, Some(10));
        assert_eq!(bounds.of("anon").max_cost, Some(2500.5));
        assert_eq!(bounds.of("authenticated").max_rows, Some(1000));

        let source = Source::from_pairs([("SEAWALL_DB_ROLE_BOUNDS", r#"{"anon": {"max-embeds": 2}}"#)]);
        assert_eq!(
            BoundsConfig::read(&source).unwrap().of("anon").max_embeds,
            Some(2)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error = |text: &str| {
            let source = Source::from_pairs([("SEAWALL_DB_ROLE_BOUNDS", text)]);
            BoundsConfig::read(&source).unwrap_err().to_string()
        };
        assert!(error(r#"{"anon": {"max-row": 2}}"#).contains("anon.max-row is none of"));
        assert!(error(r#"{"anon": {"max-rows": -2}}"#).contains("anon.max-rows must be a whole number"));
        assert!(error(r#"{"anon": {"max-cost": "NaN"}}"#).contains("anon.max-cost must be a number"));
        assert!(error("[]").contains("object of objects"));
        let source = Source::default()
            .with_toml("seawall.toml", "[db-role-bounds.anon]\nrows = 1")
            .unwrap();
        assert_eq!(
            BoundsConfig::read(&source).unwrap_err().key,
            "db-role-bounds.anon.rows"
        );
    }
}
