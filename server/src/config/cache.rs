//! The response cache: what is kept, for how long, for whom, and what the catalogue does not show.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use super::key::{self, Key};
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;
const MOST_BYTES: u64 = 1 << 40;

/// The response cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheConfig {
    /// Whether answers are kept where no rule says otherwise.
    pub everywhere: bool,
    /// What holds where a rule says nothing.
    pub lifetimes: CacheLifetimes,
    /// Rules by table, view or `rpc/function`.
    pub rules: BTreeMap<String, CacheRule>,
    /// Tables that a view or function reads, where the catalogue does not show it.
    pub reads: BTreeMap<String, Vec<String>>,
    /// Tables that a write to a table or a call of a function changes, where the catalogue does not show it.
    pub writes: BTreeMap<String, Vec<String>>,
    /// Claims that no policy reads, so that they need not tell callers apart.
    pub ignored_claims: Vec<String>,
    /// Most bytes kept in memory.
    pub memory_bytes: u64,
    /// The largest answer that is kept.
    pub largest_bytes: u64,
    /// Whether answers are kept although a pre-request function would have judged each request.
    pub skip_pre_request: bool,
}

/// How long an answer is good for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLifetimes {
    /// Given without asking the database.
    pub fresh: Duration,
    /// So long after that, given at once while the database is asked.
    pub stale: Duration,
    /// Kept so long from the beginning, for want of another answer.
    pub kept: Duration,
}

/// What holds for one table, view or function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CacheRule {
    /// Whether its answers are kept.
    pub enabled: Option<bool>,
    /// Whether everybody of a role may be given the same answer.
    pub public: bool,
    fresh: Option<Duration>,
    stale: Option<Duration>,
    kept: Option<Duration>,
}

impl CacheConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let span = |key: &Key, default_ms| source.millis(key, 0..=30 * DAY_MS, default_ms);
        Ok(Self {
            everywhere: source.flag(&key::CACHE, false)?,
            lifetimes: CacheLifetimes {
                fresh: span(&key::CACHE_TTL, 60_000)?,
                stale: span(&key::CACHE_STALE_TTL, 240_000)?,
                kept: span(&key::CACHE_KEEP_TTL, 3_600_000)?,
            },
            rules: rules(source)?,
            reads: relations(source, &key::CACHE_READS)?,
            writes: relations(source, &key::CACHE_WRITES)?,
            ignored_claims: source.list(&key::CACHE_IGNORE_CLAIMS)?.unwrap_or_default(),
            memory_bytes: source
                .number(&key::CACHE_MEMORY, 0..=MOST_BYTES)?
                .unwrap_or(64 << 20),
            largest_bytes: source
                .number(&key::CACHE_MAX_ANSWER, 1..=1 << 28)?
                .unwrap_or(1 << 20),
            skip_pre_request: source.flag(&key::CACHE_SKIP_PRE_REQUEST, false)?,
        })
    }

    /// Whether anything is kept at all.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.everywhere || self.rules.values().any(|rule| rule.enabled == Some(true))
    }

    /// How long answers of a resource live; nothing where they are not kept.
    #[must_use]
    pub fn of(&self, resource: &str) -> Option<CacheLifetimes> {
        let rule = self.rules.get(resource);
        let enabled = rule.and_then(|rule| rule.enabled).unwrap_or(self.everywhere);
        let own = |pick: fn(&CacheRule) -> Option<Duration>, common| rule.and_then(pick).unwrap_or(common);
        enabled.then(|| CacheLifetimes {
            fresh: own(|rule| rule.fresh, self.lifetimes.fresh),
            stale: own(|rule| rule.stale, self.lifetimes.stale),
            kept: own(|rule| rule.kept, self.lifetimes.kept),
        })
    }

    /// Whether a resource was declared the same for everybody of a role.
    #[must_use]
    pub fn is_public(&self, resource: &str) -> bool {
        self.rules.get(resource).is_some_and(|rule| rule.public)
    }
}

/// `{"messages": {"ttl": 5000, "public": true}, "rpc/stats": {"enabled": false}}`; naming a resource enables it.
fn rules(source: &Source) -> Result<BTreeMap<String, CacheRule>, ConfigError> {
    let mut rules = source.parsed(&key::CACHE_TABLES, |text| {
        let document: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
            .map_err(|error| format!("must be an object of objects by table: {error}"))?;
        let mut rules = BTreeMap::new();
        for (name, settings) in document {
            let rule: &mut CacheRule = rules.entry(name.clone()).or_default();
            rule.enabled = Some(true);
            for (setting, value) in settings {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                put(rule, &setting, &text).map_err(|problem| format!("{name}.{setting} {problem}"))?;
            }
        }
        Ok(rules)
    })?;
    let rules = rules.get_or_insert_default();
    for (path, text) in source.below(&key::CACHE_TABLES) {
        let refused = |problem: String| {
            let name = format!("{}.{path}", key::CACHE_TABLES.name);
            ConfigError::new(&name, source.file_name(), problem)
        };
        let (name, setting) = path
            .rsplit_once('.')
            .ok_or_else(|| refused("needs a table and a setting, such as messages.ttl".to_owned()))?;
        let rule = rules.entry(name.to_owned()).or_default();
        rule.enabled = rule.enabled.or(Some(true));
        put(rule, setting, text).map_err(refused)?;
    }
    Ok(std::mem::take(rules))
}

fn put(rule: &mut CacheRule, setting: &str, text: &str) -> Result<(), String> {
    match setting {
        "enabled" => rule.enabled = Some(yes(text)?),
        "public" => rule.public = yes(text)?,
        "ttl" => rule.fresh = Some(span(text)?),
        "stale-ttl" => rule.stale = Some(span(text)?),
        "keep-ttl" => rule.kept = Some(span(text)?),
        _ => return Err("is none of enabled, public, ttl, stale-ttl, keep-ttl".to_owned()),
    }
    Ok(())
}

fn yes(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| format!("must be true or false, not {text:?}"))
}

fn span(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        .filter(|ms| *ms <= 30 * DAY_MS)
        .map(Duration::from_millis)
        .ok_or_else(|| format!("must be milliseconds from 0 to {}, not {text:?}", 30 * DAY_MS))
}

/// `{"latest": ["messages"]}`
fn relations(source: &Source, key: &Key) -> Result<BTreeMap<String, Vec<String>>, ConfigError> {
    let given = source.parsed(key, |text| {
        serde_json::from_str(text).map_err(|error| format!("must be an object of lists of tables: {error}"))
    })?;
    let mut relations: BTreeMap<String, Vec<String>> = given.unwrap_or_default();
    for (name, text) in source.below(key) {
        let tables = serde_json::from_str(text)
            .unwrap_or_else(|_| text.split(',').map(|table| table.trim().to_owned()).collect());
        relations.insert(name.to_owned(), tables);
    }
    Ok(relations)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &Source) -> CacheConfig {
        CacheConfig::read(source).unwrap()
    }

    #[test]
    fn nothing_is_kept_unless_somebody_says_so() {
        let off = of(&Source::default());
        assert!(!off.is_on() && off.of("messages").is_none());
        let on = of(&Source::from_pairs([("SEAWALL_CACHE", "true")]));
        assert_eq!(on.of("messages").unwrap().fresh, Duration::from_secs(60));
    }

    #[test]
    fn a_rule_enables_its_table_and_overrides_what_it_names() {
        let file = "cache-ttl = 7000\n[cache-tables.messages]\nttl = 1000\npublic = true\n[cache-tables.\"rpc/stats\"]\nenabled = false";
        let cache = of(&Source::default().with_toml("seawall.toml", file).unwrap());
        assert!(cache.is_on() && cache.is_public("messages"));
        let lifetimes = cache.of("messages").unwrap();
        assert_eq!(
            (lifetimes.fresh.as_millis(), lifetimes.stale.as_secs()),
            (1000, 240)
        );
        assert!(cache.of("rooms").is_none() && cache.of("rpc/stats").is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let source = Source::from_pairs([("SEAWALL_CACHE_TABLES", r#"{"messages": {"tll": 1}}"#)]);
        let error = CacheConfig::read(&source).unwrap_err().to_string();
        assert!(error.contains("messages.tll is none of"), "{error}");
    }

    #[test]
    fn what_the_catalogue_does_not_show_can_be_told() {
        let file = "[cache-writes]\n\"rpc/import\" = [\"messages\", \"rooms\"]";
        let cache = of(&Source::default().with_toml("seawall.toml", file).unwrap());
        assert_eq!(cache.writes["rpc/import"], ["messages", "rooms"]);
    }
}
