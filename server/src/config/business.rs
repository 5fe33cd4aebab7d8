//! Metrics of the business: questions in SQL whose answers `/metrics` shows.
//!
//! The questions are the operator's, so they are trusted to mean well and bounded as if they did not: what they run as
//! must be said, how long they take and how many series they make is capped, and names follow Prometheus' rules.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Map, Value};

use super::key;
use super::{ConfigError, Source};

/// How every such metric begins.
pub(crate) const PREFIX: &str = "seawall_business_";

const MOST_METRICS: usize = 100;
const MOST_SERIES: usize = 10_000;
const LONGEST_NAME: usize = 100;
const INTERVAL_S: RangeInclusive<u32> = 1..=86_400;
const TIMEOUT_MS: RangeInclusive<u32> = 10..=60_000;
const ROWS: RangeInclusive<u32> = 1..=1_000;

/// Ends of names that Prometheus keeps for parts of histograms, summaries and other kinds.
const RESERVED_ENDS: [&str; 5] = ["_bucket", "_count", "_sum", "_created", "_info"];

/// What a value means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BusinessKind {
    /// It goes up and down.
    Gauge,
    /// It only grows.
    Counter,
}

/// One metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusinessMetric {
    /// Its whole name.
    pub name: String,
    /// What it says, for people.
    pub help: String,
    /// What its values mean.
    pub kind: BusinessKind,
    /// A query with a column `value`; every other column is a label.
    pub query: String,
    /// How often it is asked.
    pub interval: Duration,
    /// How long the query may take.
    pub timeout: Duration,
    /// Most series.
    pub rows: usize,
}

/// The metrics, and who asks for them.
#[derive(Debug, Clone)]
pub struct BusinessConfig {
    /// By name; none where there are none.
    pub metrics: Vec<BusinessMetric>,
    /// The role the queries run as; none for the login role of `uri`.
    pub role: Option<String>,
    /// A connection string of their own; none for that of requests.
    pub uri: Option<SecretString>,
}

impl BusinessKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
        }
    }
}

/// A metric whose settings are still coming in.
#[derive(Default)]
struct Draft {
    help: Option<String>,
    kind: Option<BusinessKind>,
    query: Option<String>,
    interval_s: Option<u32>,
    timeout_ms: Option<u32>,
    rows: Option<u32>,
}

impl BusinessConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        let mut drafts = source
            .parsed(&key::BUSINESS_METRICS, documents)?
            .unwrap_or_default();
        let refused = |path: &str, problem: String| {
            let path = format!("{}{path}", key::BUSINESS_METRICS.name);
            ConfigError::new(&path, source.file_name(), problem)
        };
        for (path, text) in source.below(&key::BUSINESS_METRICS) {
            let wrong = |problem: String| refused(&format!(".{path}"), problem);
            let (name, setting) = path
                .rsplit_once('.')
                .ok_or_else(|| wrong("needs a metric and a setting, such as orders.query".to_owned()))?;
            drafts
                .entry(name.to_owned())
                .or_default()
                .put(setting, text)
                .map_err(wrong)?;
        }
        let metrics: Result<Vec<BusinessMetric>, ConfigError> = drafts
            .into_iter()
            .map(|(name, draft)| {
                draft
                    .finish(&name)
                    .map_err(|problem| refused(&format!(".{name}"), problem))
            })
            .collect();
        let config = Self {
            metrics: metrics?,
            role: source.text(&key::BUSINESS_METRICS_ROLE)?,
            uri: source.parsed(
                &key::BUSINESS_METRICS_DATABASE_URL,
                super::database::connection_string,
            )?,
        };
        config.check(source).map_err(|problem| refused("", problem))?;
        Ok(config)
    }

    /// What one metric alone cannot tell.
    fn check(&self, source: &Source) -> Result<(), String> {
        let series: usize = self.metrics.iter().map(|metric| metric.rows).sum();
        if self.metrics.len() > MOST_METRICS || series > MOST_SERIES {
            return Err(format!(
                "must be at most {MOST_METRICS} metrics with {MOST_SERIES} rows together, not {} with {series}",
                self.metrics.len()
            ));
        }
        if self.metrics.is_empty() {
            return Ok(());
        }
        if self.role.is_none() && self.uri.is_none() {
            return Err(format!(
                "needs {} (a role that may read what the queries read, and no more), or {}",
                key::BUSINESS_METRICS_ROLE.name,
                key::BUSINESS_METRICS_DATABASE_URL.name
            ));
        }
        let has_database = matches!(source.find(&key::DB_URI), Ok(Some(_)));
        if self.uri.is_none() && !has_database {
            return Err(format!(
                "needs {}, since REST is passed on",
                key::BUSINESS_METRICS_DATABASE_URL.name
            ));
        }
        Ok(())
    }
}

impl Draft {
    fn put(&mut self, setting: &str, text: &str) -> Result<(), String> {
        match setting {
            "help" => self.help = Some(text.to_owned()),
            "query" => self.query = Some(query(text)?),
            "kind" => self.kind = Some(kind(text)?),
            "interval" => self.interval_s = Some(number(text, INTERVAL_S)?),
            "timeout" => self.timeout_ms = Some(number(text, TIMEOUT_MS)?),
            "rows" => self.rows = Some(number(text, ROWS)?),
            _ => return Err("is none of help, kind, query, interval, timeout, rows".to_owned()),
        }
        Ok(())
    }

    fn finish(self, name: &str) -> Result<BusinessMetric, String> {
        let kind = self.kind.unwrap_or(BusinessKind::Gauge);
        check_name(name, kind)?;
        let help = self
            .help
            .filter(|help| !help.trim().is_empty() && help.len() <= 500);
        Ok(BusinessMetric {
            name: format!("{PREFIX}{name}"),
            help: help.ok_or("needs help: a sentence that says what it is, of at most 500 bytes")?,
            kind,
            query: self.query.ok_or("needs a query")?,
            interval: Duration::from_secs(self.interval_s.unwrap_or(60).into()),
            timeout: Duration::from_millis(self.timeout_ms.unwrap_or(5_000).into()),
            rows: usize::try_from(self.rows.unwrap_or(100)).unwrap_or_default(),
        })
    }
}

/// Prometheus' rules, with the prefix already there.
fn check_name(name: &str, kind: BusinessKind) -> Result<(), String> {
    if name.starts_with(PREFIX) {
        return Err(format!("is named without {PREFIX}, which is put before it"));
    }
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        return Err(format!(
            "must be a name of a-z, 0-9 and _, of at most {LONGEST_NAME} bytes"
        ));
    }
    match (kind, name.ends_with("_total")) {
        (BusinessKind::Counter, false) => {
            return Err("is a counter, so its name must end in _total".to_owned());
        }
        (BusinessKind::Gauge, true) => {
            return Err("ends in _total, which is for counters (kind = \"counter\")".to_owned());
        }
        (BusinessKind::Counter, true) | (BusinessKind::Gauge, false) => {}
    }
    match RESERVED_ENDS.into_iter().find(|end| name.ends_with(end)) {
        Some(end) => Err(format!(
            "must not end in {end}, which Prometheus keeps for itself"
        )),
        None => Ok(()),
    }
}

/// `{"orders_open": {"help": "…", "query": "select …"}}`
fn documents(text: &str) -> Result<BTreeMap<String, Draft>, String> {
    let document: BTreeMap<String, Map<String, Value>> = serde_json::from_str(text)
        .map_err(|error| format!("must be an object of objects by metric: {error}"))?;
    let mut drafts = BTreeMap::new();
    for (name, settings) in document {
        let mut draft = Draft::default();
        for (setting, value) in settings {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            draft
                .put(&setting, &text)
                .map_err(|problem| format!("{name}.{setting} {problem}"))?;
        }
        drafts.insert(name, draft);
    }
    Ok(drafts)
}

/// One statement that reads. What it may do is decided by its transaction; this only finds mistakes early.
fn query(text: &str) -> Result<String, String> {
    let trimmed = text.trim().trim_end_matches(';').trim_end();
    let first: String = trimmed
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    if trimmed.len() > 20_000 || trimmed.contains('\0') {
        return Err("must be a query of at most 20000 bytes".to_owned());
    }
    match first.as_str() {
        "select" | "with" | "values" | "table" => Ok(trimmed.to_owned()),
        _ => Err("must begin with select, with, values or table".to_owned()),
    }
}

fn kind(text: &str) -> Result<BusinessKind, String> {
    [BusinessKind::Gauge, BusinessKind::Counter]
        .into_iter()
        .find(|kind| kind.word() == text)
        .ok_or_else(|| format!("must be gauge or counter, not {text:?}"))
}

fn number(text: &str, bounds: RangeInclusive<u32>) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|number| bounds.contains(number))
        .ok_or_else(|| {
            format!(
                "must be a whole number from {} to {}, not {text:?}",
                bounds.start(),
                bounds.end()
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATABASE: (&str, &str) = ("DATABASE_URL", "postgres://u@127.0.0.1/x");
    const ROLE: (&str, &str) = ("SEAWALL_BUSINESS_METRICS_ROLE", "reporting");

    fn read(json: &str) -> Result<BusinessConfig, ConfigError> {
        let pairs = [DATABASE, ROLE, ("SEAWALL_BUSINESS_METRICS", json)];
        BusinessConfig::read(&Source::from_pairs(pairs))
    }

    #[test]
    fn a_metric_is_a_table_of_the_file() {
        let file = "business-metrics-role = \"reporting\"\n\
                    [business-metrics.orders_open]\nhelp = \"Orders that are open, by country.\"\n\
                    query = \"select country, count(*) as value from orders group by 1;\"\n\
                    interval = 30\nrows = 50";
        let source = Source::from_pairs([DATABASE])
            .with_toml("seawall.toml", file)
            .unwrap();
        let config = BusinessConfig::read(&source).unwrap();
        let [metric] = config.metrics.as_slice() else {
            panic!("{config:?}")
        };
        assert_eq!(metric.name, "seawall_business_orders_open");
        assert_eq!(
            metric.query,
            "select country, count(*) as value from orders group by 1"
        );
        assert_eq!((metric.interval.as_secs(), metric.rows), (30, 50));
        assert_eq!((metric.kind, metric.timeout.as_secs()), (BusinessKind::Gauge, 5));
    }

    #[test]
    fn the_environment_says_the_same_as_json() {
        let config = read(
            r#"{"orders_total": {"help": "Orders.", "kind": "counter", "query": "select 1 as value", "timeout": 100}}"#,
        );
        let metric = config.unwrap().metrics.remove(0);
        assert_eq!(
            (metric.kind, metric.timeout.as_millis()),
            (BusinessKind::Counter, 100)
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        let problem = |name: &str, settings: &str| {
            let json =
                format!(r#"{{"{name}": {{"help": "Some.", "query": "select 1 as value"{settings}}}}}"#);
            read(&json).unwrap_err().to_string()
        };
        assert!(problem("Orders", "").contains("a-z"));
        assert!(problem("seawall_business_orders", "").contains("put before it"));
        assert!(problem("orders_total", "").contains("for counters"));
        assert!(problem("orders", r#", "kind": "counter""#).contains("_total"));
        assert!(problem("orders_count", "").contains("_count"));
        assert!(problem("orders", r#", "kind": "histogram""#).contains("gauge or counter"));
        assert!(problem("orders", r#", "query": "delete from orders""#).contains("begin with select"));
        assert!(problem("orders", r#", "rows": 1001"#).contains("from 1 to 1000"));
        assert!(problem("orders", r#", "interval": 0"#).contains("from 1 to 86400"));
        assert!(problem("orders", r#", "labels": "x""#).contains("none of help"));
        assert!(
            read(r#"{"x": {"query": "select 1"}}"#)
                .unwrap_err()
                .to_string()
                .contains("needs help")
        );
        assert!(
            read(r#"{"x": {"help": "x"}}"#)
                .unwrap_err()
                .to_string()
                .contains("needs a query")
        );
    }

    #[test]
    fn nothing_is_asked_under_a_role_that_nobody_chose() {
        let json = r#"{"x": {"help": "x", "query": "select 1 as value"}}"#;
        let source = Source::from_pairs([DATABASE, ("SEAWALL_BUSINESS_METRICS", json)]);
        let problem = BusinessConfig::read(&source).unwrap_err().to_string();
        assert!(problem.contains("business-metrics-role"), "{problem}");
        let passed_on = Source::from_pairs([ROLE, ("SEAWALL_BUSINESS_METRICS", json)]);
        let problem = BusinessConfig::read(&passed_on).unwrap_err().to_string();
        assert!(problem.contains("business-metrics-database-url"), "{problem}");
        assert!(
            BusinessConfig::read(&Source::default())
                .unwrap()
                .metrics
                .is_empty()
        );
    }

    #[test]
    fn all_together_are_bounded() {
        let one = |number: u32| {
            format!(r#""m{number}x": {{"help": "x", "query": "select 1 as value", "rows": 1000}}"#)
        };
        let many: Vec<String> = (0..11).map(one).collect();
        let problem = read(&format!("{{{}}}", many.join(","))).unwrap_err().to_string();
        assert!(problem.contains("10000 rows together"), "{problem}");
    }
}
