//! The query string as a whole.

mod decode;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    filter::{Filter, LogicTree},
    grammar::{self, SyntaxError},
    order::OrderTerm,
    range::RowRange,
    select::SelectItem,
};
use crate::error::RequestError;

pub use decode::pairs;

/// The embeds one walks through from the root; empty at the root itself.
pub type EmbedPath = Vec<String>;

/// Something said about one level of the select tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scoped<T> {
    /// The level.
    pub path: EmbedPath,
    /// What was said.
    pub item: T,
}

/// Everything a query string says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// `select`; [`SelectItem::Star`] alone when unsaid. An empty `select=` is an empty list.
    pub select: Vec<SelectItem>,
    /// Filters of every level, in the order sent.
    pub filters: Vec<Scoped<Filter>>,
    /// `and`/`or` trees of every level, in the order sent.
    pub logic: Vec<Scoped<LogicTree>>,
    /// `order` of each level that has one.
    pub order: Vec<Scoped<Vec<OrderTerm>>>,
    /// `limit`/`offset` of embedded levels; the root's is [`ApiRequest::range`](super::ApiRequest).
    pub ranges: Vec<Scoped<RowRange>>,
    /// `columns`, where sent.
    pub columns: Option<BTreeSet<String>>,
    /// `on_conflict`, where sent.
    pub on_conflict: Option<Vec<String>>,
    /// GET/HEAD calls only: parameters that are no filters, hence arguments. Repeats are kept, for variadics.
    pub params: Vec<(String, String)>,
    /// Names of all filter parameters as sent, arguments included.
    pub filter_keys: BTreeSet<String>,
    /// The query string decoded, sorted by key and encoded again, for `Content-Location`.
    pub canonical: String,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            select: vec![SelectItem::Star],
            filters: Vec::new(),
            logic: Vec::new(),
            order: Vec::new(),
            ranges: Vec::new(),
            columns: None,
            on_conflict: None,
            params: Vec::new(),
            filter_keys: BTreeSet::new(),
            canonical: String::new(),
        }
    }
}

/// A query string, and the range of its root apart: a `Range` header may narrow that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) query: Query,
    pub(super) root_range: RowRange,
}

/// Parses a query string. In a safe call, what is no filter is an argument.
pub(super) fn parse(raw: &str, arguments: Arguments) -> Result<Parsed, RequestError> {
    let pairs = pairs(raw).ok_or_else(undecodable)?;
    let mut reading = Reading::new(arguments);
    for (key, value) in &pairs {
        if let Some(value) = value {
            reading.parameter(key, value)?;
        }
    }
    let mut parsed = reading.finish();
    parsed.query.canonical = decode::canonical(pairs);
    Ok(parsed)
}

/// What a parameter that is no filter means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arguments {
    /// It is an error.
    Refused,
    /// It is a function's argument.
    Taken,
}

struct Reading {
    query: Query,
    arguments: Arguments,
    seen_select: bool,
    limits: BTreeMap<EmbedPath, Option<i64>>,
    offsets: BTreeMap<EmbedPath, Option<i64>>,
}

impl Reading {
    fn new(arguments: Arguments) -> Self {
        Self {
            query: Query::default(),
            arguments,
            seen_select: false,
            limits: BTreeMap::new(),
            offsets: BTreeMap::new(),
        }
    }

    /// Of a parameter that can be given once, the first counts; of limits and offsets, the last.
    fn parameter(&mut self, key: &str, value: &str) -> Result<(), RequestError> {
        match key {
            "select" => self.select(value),
            "columns" => self.columns(value),
            "on_conflict" => self.on_conflict(value),
            _ => self.scoped_parameter(key, value),
        }
    }

    fn scoped_parameter(&mut self, key: &str, value: &str) -> Result<(), RequestError> {
        match key.rsplit('.').next() {
            Some("order") => self.order(key, value),
            Some("limit") => {
                self.limits.insert(grammar::tree_path(key)?.0, integer(value));
                Ok(())
            }
            Some("offset") => {
                self.offsets.insert(grammar::tree_path(key)?.0, integer(value));
                Ok(())
            }
            Some("and" | "or") => self.logic(key, value),
            Some(_) | None => self.filter(key, value),
        }
    }

    fn select(&mut self, value: &str) -> Result<(), RequestError> {
        if !self.seen_select {
            self.seen_select = true;
            self.query.select = grammar::select(value)?;
        }
        Ok(())
    }

    fn columns(&mut self, value: &str) -> Result<(), RequestError> {
        if self.query.columns.is_none() {
            self.query.columns = Some(grammar::columns(value)?.into_iter().collect());
        }
        Ok(())
    }

    fn on_conflict(&mut self, value: &str) -> Result<(), RequestError> {
        if self.query.on_conflict.is_none() {
            self.query.on_conflict = Some(grammar::on_conflict(value)?);
        }
        Ok(())
    }

    fn order(&mut self, key: &str, value: &str) -> Result<(), RequestError> {
        let (path, _) = grammar::tree_path(key)?;
        let item = grammar::order(value)?;
        self.query.order.push(Scoped { path, item });
        Ok(())
    }

    fn logic(&mut self, key: &str, value: &str) -> Result<(), RequestError> {
        let (path, item) = grammar::logic(key, value)?;
        self.query.logic.push(Scoped { path, item });
        Ok(())
    }

    fn filter(&mut self, key: &str, value: &str) -> Result<(), RequestError> {
        let (path, field) = grammar::tree_path(key)?;
        self.query.filter_keys.insert(key.to_owned());
        let operation = match self.arguments {
            Arguments::Refused => Some(grammar::operation(value)?),
            Arguments::Taken => grammar::operation_or_argument(value)?,
        };
        match operation {
            Some(operation) => {
                let item = grammar::filter(field, operation);
                self.query.filters.push(Scoped { path, item });
            }
            None => self.query.params.push((field.name, value.to_owned())),
        }
        Ok(())
    }

    fn finish(mut self) -> Parsed {
        let mut ranges: BTreeMap<EmbedPath, RowRange> = BTreeMap::new();
        for (path, limit) in self.limits {
            ranges.entry(path).or_default().limit = limit;
        }
        for (path, offset) in self.offsets {
            ranges.entry(path).or_default().offset = offset.unwrap_or(0);
        }
        let root_range = ranges.remove([].as_slice()).unwrap_or_default();
        self.query.ranges = ranges
            .into_iter()
            .map(|(path, item)| Scoped { path, item })
            .collect();
        Parsed {
            query: self.query,
            root_range,
        }
    }
}

/// An integer, saturated to 64 bits; `None` for anything else, which then does not restrict.
fn integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let saturated = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(saturated))
}

impl From<SyntaxError> for RequestError {
    fn from(error: SyntaxError) -> Self {
        Self::QueryParameter {
            message: error.message,
            details: error.details,
        }
    }
}

fn undecodable() -> RequestError {
    RequestError::QueryParameter {
        message: "failed to decode the query string".to_owned(),
        details: "the query string must be percent-encoded UTF-8 without zero bytes".to_owned(),
    }
}
