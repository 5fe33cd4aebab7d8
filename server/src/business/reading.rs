//! From rows to series: what may be shown, and why the rest may not. No clock, no database.
//!
//! Prometheus keeps every combination of labels it ever saw, and whoever may look at a dashboard sees them. So a label
//! is short, plain text that names no person, and there are never more than was configured.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::audit::sanitise::Sanitiser;
use crate::config::{BusinessKind, BusinessMetric};

/// The column that is the value.
const VALUE: &str = "value";

/// A longer row, as JSON, is left out.
pub(super) const LONGEST_ROW: usize = 4096;
const LONGEST_LABEL: usize = 128;
const MOST_LABELS: usize = 16;

/// The labels of one series, by name.
pub(super) type Labels = BTreeMap<String, String>;

/// What a query said.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) series: BTreeMap<Labels, f64>,
    pub(super) dropped: Dropped,
}

/// How many rows were left out, by reason.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dropped {
    limit: u64,
    label: u64,
    personal: u64,
    value: u64,
    duplicate: u64,
    size: u64,
}

impl Dropped {
    pub(super) const REASONS: [&'static str; 6] =
        ["limit", "label", "personal", "value", "duplicate", "size"];

    pub(super) fn each(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = [
            self.limit,
            self.label,
            self.personal,
            self.value,
            self.duplicate,
            self.size,
        ];
        Self::REASONS.into_iter().zip(counts)
    }
}

/// Why a row is left out.
enum Unfit {
    Label,
    Personal,
    Value,
}

/// Reads rows, each as JSON; `total` is how many there were before the limit.
///
/// # Errors
/// When the columns cannot be those of a metric; says why.
pub(super) fn read(
    metric: &BusinessMetric,
    rows: impl Iterator<Item = Option<String>>,
    total: u64,
) -> Result<Reading, String> {
    let sanitiser = Sanitiser::new(&[], true);
    let mut reading = Reading::default();
    let mut seen = 0;
    for row in rows.take(metric.rows) {
        seen += 1;
        let text = row.unwrap_or_default();
        let members: Map<String, Value> = match serde_json::from_str(&text) {
            Ok(members) if text.len() <= LONGEST_ROW => members,
            Ok(_) | Err(_) => {
                reading.dropped.size += 1;
                continue;
            }
        };
        check_columns(&members)?;
        match series(metric, members, &sanitiser) {
            Ok((labels, _)) if reading.series.contains_key(&labels) => reading.dropped.duplicate += 1,
            Ok((labels, value)) => {
                reading.series.insert(labels, value);
            }
            Err(Unfit::Label) => reading.dropped.label += 1,
            Err(Unfit::Personal) => reading.dropped.personal += 1,
            Err(Unfit::Value) => reading.dropped.value += 1,
        }
    }
    reading.dropped.limit = total.saturating_sub(seen);
    Ok(reading)
}

/// Columns are the same in every row, so one that is wrong is the query's fault.
fn check_columns(members: &Map<String, Value>) -> Result<(), String> {
    if !members.contains_key(VALUE) {
        return Err("the query has no column named value".to_owned());
    }
    if members.len() > MOST_LABELS + 1 {
        return Err(format!("the query has more than {MOST_LABELS} labels"));
    }
    match members.keys().find(|name| *name != VALUE && !is_label_name(name)) {
        Some(name) => Err(format!("the column {name:?} cannot be a label's name")),
        None => Ok(()),
    }
}

/// Names that begin with two underscores are Prometheus' own, and `le` and `quantile` those of other kinds.
fn is_label_name(name: &str) -> bool {
    let starts = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_');
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    starts
        && name.len() <= LONGEST_LABEL
        && name.chars().all(is_plain)
        && !name.starts_with("__")
        && !matches!(name, "le" | "quantile")
}

fn series(
    metric: &BusinessMetric,
    mut members: Map<String, Value>,
    sanitiser: &Sanitiser,
) -> Result<(Labels, f64), Unfit> {
    let value = members.remove(VALUE).unwrap_or_default();
    let value = number(&value, metric.kind).ok_or(Unfit::Value)?;
    let mut labels = Labels::new();
    for (name, value) in members {
        let text = match value {
            // An empty label is none.
            Value::Null => continue,
            Value::String(text) => text,
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            Value::Array(_) | Value::Object(_) => return Err(Unfit::Label),
        };
        if text.len() > LONGEST_LABEL || text.chars().any(char::is_control) {
            return Err(Unfit::Label);
        }
        if text.is_empty() {
            continue;
        }
        let told = Map::from_iter([(name.clone(), Value::String(text.clone()))]);
        if sanitiser.json(Value::Object(told.clone())) != Value::Object(told) || is_identifier(&text) {
            return Err(Unfit::Personal);
        }
        labels.insert(name, text);
    }
    Ok((labels, value))
}

/// An identifier of somebody or something makes series without end.
fn is_identifier(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn number(value: &Value, kind: BusinessKind) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::Bool(word) => f64::from(u8::from(*word)),
        Value::Null | Value::String(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let is_fit = number.is_finite() && (kind == BusinessKind::Gauge || number >= 0.0);
    is_fit.then_some(number)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn metric(kind: BusinessKind, rows: usize) -> BusinessMetric {
        BusinessMetric {
            name: "seawall_business_x".to_owned(),
            help: "X.".to_owned(),
            kind,
            query: String::new(),
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(5),
            rows,
        }
    }

    fn told(rows: &[&str]) -> Result<Reading, String> {
        let texts = rows.iter().map(|row| Some((*row).to_owned()));
        read(
            &metric(BusinessKind::Gauge, 100),
            texts,
            u64::try_from(rows.len()).unwrap(),
        )
    }

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn columns_but_the_value_are_labels() {
        let reading = told(&[
            r#"{"country":"NO","paid":true,"year":2026,"value":12.5}"#,
            r#"{"country":null,"paid":false,"year":2026,"value":3}"#,
        ])
        .unwrap();
        let norway = labels(&[("country", "NO"), ("paid", "true"), ("year", "2026")]);
        let nowhere = labels(&[("paid", "false"), ("year", "2026")]);
        assert_eq!(reading.series, BTreeMap::from([(norway, 12.5), (nowhere, 3.0)]));
        assert_eq!(reading.dropped, Dropped::default());
    }

    #[test]
    fn what_names_somebody_is_left_out_and_counted() {
        let reading = told(&[
            r#"{"who":"ada@example.com","value":1}"#,
            r#"{"who":"6f1b7c1e-0000-4000-8000-000000000000","value":1}"#,
            r#"{"who":"4111 1111 1111 1111","value":1}"#,
            r#"{"email":"x","value":1}"#,
            r#"{"who":"the harbour","value":1}"#,
        ])
        .unwrap();
        assert_eq!((reading.series.len(), reading.dropped.personal), (1, 4));
    }

    #[test]
    fn what_is_no_label_or_no_value_is_left_out_and_counted() {
        let long = format!(r#"{{"x":"{}","value":1}}"#, "a".repeat(129));
        let huge = format!(r#"{{"x":"{}","value":1}}"#, "a".repeat(LONGEST_ROW));
        let reading = told(&[
            &long,
            &huge,
            r#"{"x":"a\nb","value":1}"#,
            r#"{"x":{"y":1},"value":1}"#,
            r#"{"x":"a","value":null}"#,
            r#"{"x":"a","value":"NaN"}"#,
            r#"{"x":"a","value":1}"#,
            r#"{"x":"a","value":2}"#,
        ])
        .unwrap();
        let expected = Dropped {
            label: 3,
            value: 2,
            duplicate: 1,
            size: 1,
            ..Dropped::default()
        };
        assert_eq!(reading.dropped, expected);
        assert_eq!(reading.series, BTreeMap::from([(labels(&[("x", "a")]), 1.0)]));
    }

    #[test]
    fn what_is_over_the_limit_is_counted() {
        let rows = (0..3).map(|number| Some(format!(r#"{{"x":"{number}","value":1}}"#)));
        let reading = read(&metric(BusinessKind::Gauge, 3), rows, 50).unwrap();
        assert_eq!((reading.series.len(), reading.dropped.limit), (3, 47));
    }

    #[test]
    fn a_counter_is_never_negative() {
        let row = || std::iter::once(Some(r#"{"value":-1}"#.to_owned()));
        let counted = read(&metric(BusinessKind::Counter, 1), row(), 1).unwrap();
        assert_eq!((counted.series.len(), counted.dropped.value), (0, 1));
        assert_eq!(
            read(&metric(BusinessKind::Gauge, 1), row(), 1)
                .unwrap()
                .series
                .len(),
            1
        );
    }

    #[test]
    fn columns_that_fit_no_metric_are_the_querys_fault() {
        assert!(told(&[r#"{"count":1}"#]).unwrap_err().contains("named value"));
        for name in ["__name__", "le", "a-b", "?column?", "1st"] {
            let row = format!(r#"{{"{name}":"x","value":1}}"#);
            assert!(told(&[&row]).unwrap_err().contains(name), "{name}");
        }
        let many: String = (0..17).map(|number| format!(r#""l{number}":1,"#)).collect();
        assert!(told(&[&format!("{{{many}\"value\":1}}")]).is_err());
    }

    proptest! {
        #[test]
        fn every_row_is_shown_or_counted(
            rows in prop::collection::vec(("[a-z@.\\n]{0,8}", prop::option::of(-2_i32..3)), 0..40),
            most in 1_usize..20,
        ) {
            let texts: Vec<Option<String>> = rows
                .iter()
                .map(|(label, value)| Some(serde_json::json!({"x": label, "value": value}).to_string()))
                .collect();
            let total = u64::try_from(texts.len()).unwrap();
            let reading =
                read(&metric(BusinessKind::Counter, most), texts.into_iter().take(most), total).unwrap();
            let dropped: u64 = reading.dropped.each().map(|(_, count)| count).sum();
            prop_assert!(reading.series.len() <= most);
            prop_assert_eq!(u64::try_from(reading.series.len()).unwrap() + dropped, total);
        }
    }
}
