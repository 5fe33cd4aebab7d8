//! The one question put to the database's catalogue.
//!
//! Eight parts, each a file beside this one, are asked as a single statement: one round trip, one snapshot, one
//! JSON document in one text column. Run it in a transaction after [`PROLOGUE`], so that every type and function
//! is spelled with its schema.

use crate::ident;

/// To be run before [`statement`], in the same transaction: empties the search path.
pub const PROLOGUE: &str = "set local search_path to ''";

/// The parts, by the key of the document they fill.
pub const PARTS: [(&str, &str); 9] = [
    ("tables", include_str!("introspection/tables.sql")),
    ("constraints", include_str!("introspection/constraints.sql")),
    ("views", include_str!("introspection/views.sql")),
    ("computed", include_str!("introspection/computed.sql")),
    ("routines", include_str!("introspection/routines.sql")),
    (
        "representations",
        include_str!("introspection/representations.sql"),
    ),
    ("media_handlers", include_str!("introspection/media_handlers.sql")),
    ("roles", include_str!("introspection/roles.sql")),
    ("settings", include_str!("introspection/settings.sql")),
];

/// The whole question: one row, one text column, the JSON of a [`super::catalogue::Catalogue`].
#[must_use]
pub fn statement() -> String {
    let parts: Vec<String> = PARTS
        .iter()
        .map(|(key, sql)| format!("{}, (\n{sql})", ident::literal(key)))
        .collect();
    format!("select json_build_object({})::text", parts.join(",\n"))
}

/// The two binds of [`statement`], as text: exposed schemas and extra search path.
#[must_use]
pub fn binds(exposed: &[String], extra_search_path: &[String]) -> [String; 2] {
    [exposed, extra_search_path].map(|names| ident::array_literal(names.iter().map(String::as_str)))
}
