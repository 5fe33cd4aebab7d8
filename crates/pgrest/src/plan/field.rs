//! A name in a request, held against the columns of the relation it is meant for.

use crate::ident::Qualified;
use crate::request::{Field, JsonStep};
use crate::schema::{Column, SchemaCache, Table};

/// What a field reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A column, or a function of the row that is written like one.
    Column(String),
    /// Every column.
    Star,
    /// The row as one value, to be counted where it is there at all.
    Row,
}

/// A field with everything that SQL must know to read or to compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvedField {
    /// What is read.
    pub target: Target,
    /// Steps into its JSON.
    pub path: Vec<JsonStep>,
    /// Whether the value must become JSON before a step can be taken; false for what is JSON already, so that
    /// its indexes are used.
    pub to_json: bool,
    /// For full-text search: turn the value into a search vector, in this language where one is given.
    pub search: Option<Option<String>>,
    /// A function that somebody declared for the domain and that fits this use.
    pub transform: Option<Qualified>,
}

impl ResolvedField {
    /// A name that nothing is known about.
    #[must_use]
    pub fn unknown(field: &Field) -> Self {
        Self {
            target: Target::Column(field.name.clone()),
            path: field.path.clone(),
            to_json: true,
            search: None,
            transform: None,
        }
    }

    /// A column of a subquery, by its name alone.
    #[must_use]
    pub fn named(name: impl Into<String>) -> Self {
        Self::unknown(&Field::column(name))
    }

    /// Every column.
    #[must_use]
    pub const fn star() -> Self {
        Self {
            target: Target::Star,
            path: Vec::new(),
            to_json: false,
            search: None,
            transform: None,
        }
    }

    /// The column's name, where one column is meant.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        match &self.target {
            Target::Column(name) => Some(name),
            Target::Star | Target::Row => None,
        }
    }

    /// The name under which the value is known one level up.
    #[must_use]
    pub fn output_name(&self) -> &str {
        self.column().unwrap_or("*")
    }
}

/// Resolves names against one relation; a relation that the cache does not hold leaves them unknown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver<'a> {
    cache: &'a SchemaCache,
    table: Option<&'a Table>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(cache: &'a SchemaCache, relation: &Qualified) -> Self {
        Self {
            cache,
            table: cache.table(relation),
        }
    }

    pub(super) fn columns(&self) -> &'a [Column] {
        self.table
            .map(|table| table.columns.as_slice())
            .unwrap_or_default()
    }

    /// For sorting, and for everything that no domain's owner wrote a function for.
    pub(super) fn plain(&self, field: &Field) -> ResolvedField {
        let mut resolved = ResolvedField::unknown(field);
        if let Some(column) = self.column(field) {
            resolved.to_json = !matches!(column.nominal_type.as_str(), "json" | "jsonb");
        }
        resolved
    }

    /// For the answer: a domain may want to be shown in its own way.
    pub(super) fn output(&self, field: &Field) -> ResolvedField {
        let mut resolved = self.plain(field);
        resolved.transform = self
            .column(field)
            .and_then(|column| self.cache.representation(&column.nominal_type, "json"))
            .cloned();
        resolved
    }

    /// For a filter: a domain may want its text to be read in its own way.
    pub(super) fn input(&self, field: &Field) -> ResolvedField {
        let mut resolved = self.plain(field);
        resolved.transform = self
            .column(field)
            .and_then(|column| self.cache.representation("text", &column.nominal_type))
            .cloned();
        resolved
    }

    /// For full-text search: what is a search vector already is left alone.
    pub(super) fn search(&self, field: &Field, language: Option<&str>) -> ResolvedField {
        let mut resolved = self.input(field);
        let is_vector = self
            .column(field)
            .is_some_and(|column| column.base_type == "tsvector");
        resolved.search = (!is_vector).then(|| language.map(str::to_owned));
        resolved
    }

    /// Whether some column would be shown in its own way.
    pub(super) fn has_representations(&self) -> bool {
        self.columns()
            .iter()
            .any(|column| self.cache.representation(&column.nominal_type, "json").is_some())
    }

    fn column(&self, field: &Field) -> Option<&'a Column> {
        self.table.and_then(|table| table.column(&field.name))
    }
}
