//! What the introspection answers, row by row, before any relationship is drawn from it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::ident::Qualified;

use super::routine::{Param, Volatility};
use super::table::Column;

/// The whole answer of [`super::introspection::statement`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Catalogue {
    /// Tables and views of the exposed schemas.
    pub tables: Vec<TableRow>,
    /// Keys of every schema.
    pub constraints: Vec<ConstraintRow>,
    /// Rules behind the views.
    pub views: Vec<ViewRow>,
    /// Relationships written as functions.
    pub computed: Vec<ComputedRow>,
    /// Callable functions.
    pub routines: Vec<RoutineRow>,
    /// Casts of domains.
    pub representations: Vec<RepresentationRow>,
    /// Custom media types.
    pub media_handlers: Vec<MediaHandlerRow>,
    /// Settings of roles.
    pub roles: Vec<RoleRow>,
    /// Names of settings that any session may set.
    pub settings: Vec<String>,
}

/// A table, view, materialised view, foreign or partitioned table.
#[derive(Debug, Clone, Deserialize)]
pub struct TableRow {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Comment.
    #[serde(default)]
    pub description: Option<String>,
    /// A view or a materialised view.
    #[serde(default)]
    pub is_view: bool,
    /// Rows can be inserted.
    #[serde(default)]
    pub insertable: bool,
    /// Rows can be updated.
    #[serde(default)]
    pub updatable: bool,
    /// Rows can be deleted.
    #[serde(default)]
    pub deletable: bool,
    /// Columns in their order.
    #[serde(default)]
    pub columns: Vec<Column>,
}

/// What a constraint does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum ConstraintKind {
    /// Primary key.
    #[serde(rename = "p")]
    Primary,
    /// Unique constraint.
    #[serde(rename = "u")]
    Unique,
    /// Foreign key.
    #[serde(rename = "f")]
    Foreign,
}

/// A key.
#[derive(Debug, Clone, Deserialize)]
pub struct ConstraintRow {
    /// Name.
    pub name: String,
    /// Kind.
    pub kind: ConstraintKind,
    /// Object id of the table.
    #[serde(default)]
    pub oid: i64,
    /// The table.
    pub table: Qualified,
    /// Positions of the key's columns.
    #[serde(default)]
    pub positions: Vec<i32>,
    /// Their names.
    pub columns: Vec<String>,
    /// Object id of the table referred to.
    #[serde(default)]
    pub foreign_oid: i64,
    /// The table referred to.
    #[serde(default)]
    pub foreign_table: Option<Qualified>,
    /// Positions of the columns referred to.
    #[serde(default)]
    pub foreign_positions: Vec<i32>,
    /// Their names.
    #[serde(default)]
    pub foreign_columns: Vec<String>,
}

/// A view and the rule that makes it.
#[derive(Debug, Clone, Deserialize)]
pub struct ViewRow {
    /// Object id.
    pub oid: i64,
    /// Name.
    pub name: Qualified,
    /// Column names by position.
    #[serde(default)]
    pub columns: BTreeMap<i32, String>,
    /// The stored query, as PostgreSQL prints its node tree.
    pub rule: String,
}

/// A function from a row to rows.
#[derive(Debug, Clone, Deserialize)]
pub struct ComputedRow {
    /// The function.
    pub function: Qualified,
    /// The table whose row it takes.
    pub table: Qualified,
    /// The table whose rows it gives.
    pub foreign_table: Qualified,
    /// It gives at most one.
    pub to_one: bool,
}

/// A callable function.
#[derive(Debug, Clone, Deserialize)]
pub struct RoutineRow {
    /// Object id.
    #[serde(default)]
    pub oid: i64,
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Comment.
    #[serde(default)]
    pub description: Option<String>,
    /// Input parameters in their order.
    #[serde(default)]
    pub params: Vec<Param>,
    /// Type, or table, of the result.
    pub return_type: Qualified,
    /// It gives a set.
    #[serde(default)]
    pub returns_set: bool,
    /// It gives rows.
    #[serde(default)]
    pub returns_composite: bool,
    /// What it promises about the database.
    pub volatility: Volatility,
    /// Its last parameter takes any number of values.
    #[serde(default)]
    pub variadic: bool,
    /// `name=value` settings attached to it.
    #[serde(default)]
    pub settings: Vec<String>,
}

/// A cast between a domain and json or text.
#[derive(Debug, Clone, Deserialize)]
pub struct RepresentationRow {
    /// From this type.
    pub source: String,
    /// To this type.
    pub target: String,
    /// By this function.
    pub function: Qualified,
}

/// A custom media type for a table, a function or anything.
#[derive(Debug, Clone, Deserialize)]
pub struct MediaHandlerRow {
    /// The function to apply.
    pub function: Qualified,
    /// What it takes; nothing means any element.
    #[serde(default)]
    pub target: Option<Qualified>,
    /// Media type that asks for it.
    pub accepted: String,
    /// Media type that it makes.
    pub produced: String,
}

/// A role's settings.
#[derive(Debug, Clone, Deserialize)]
pub struct RoleRow {
    /// The role.
    pub role: String,
    /// `name=value` entries.
    #[serde(default)]
    pub settings: Vec<String>,
}
