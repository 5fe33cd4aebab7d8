//! The query string as a whole.

use std::collections::BTreeSet;

use super::{
    filter::{Filter, LogicTree},
    order::OrderTerm,
    range::RowRange,
    select::SelectItem,
};

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
