//! Tables and their columns.

use serde::Deserialize;

use crate::ident::Qualified;

/// A column of a table or view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Column {
    /// Name.
    pub name: String,
    /// Comment.
    pub description: Option<String>,
    /// It may hold NULL.
    pub nullable: bool,
    /// Base type: a domain is looked through, a length of a built-in type left out.
    #[serde(rename = "type")]
    pub base_type: String,
    /// Declared type, with its length and its domain's name.
    pub nominal_type: String,
    /// Length limit of a character or bit type.
    pub max_length: Option<i32>,
    /// Default, as SQL text of the catalogue.
    pub default: Option<String>,
    /// An identity column.
    pub identity: bool,
    /// A generated column, never to be written.
    pub generated: bool,
    /// Values of an enum.
    #[serde(rename = "enum")]
    pub enum_values: Vec<String>,
}

/// A table, view, materialised view, foreign or partitioned table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Schema and name.
    pub name: Qualified,
    /// Comment.
    pub description: Option<String>,
    /// A view or a materialised view.
    pub is_view: bool,
    /// Rows can be inserted.
    pub insertable: bool,
    /// Rows can be updated.
    pub updatable: bool,
    /// Rows can be deleted.
    pub deletable: bool,
    /// Columns of the primary key, by name; a view's come from its base table.
    pub primary_key: Vec<String>,
    /// Columns in their order.
    pub columns: Vec<Column>,
}

impl Table {
    /// Finds a column.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
