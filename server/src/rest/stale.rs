//! Whether a refusal of the database says that the schema cache is behind.
//!
//! A plan names only what the cache knows. So when PostgreSQL does not know it, somebody changed the database
//! without telling: the cache is read again, and the next request is planned on what is there now.

use seawall_pgrest::error::DatabaseError;
use seawall_pgrest::plan::{Plan, ReadNode};
use seawall_pgrest::schema::SchemaCache;

/// SQLSTATEs of things that are not there.
mod state {
    pub(super) const UNDEFINED_TABLE: &str = "42P01";
    pub(super) const UNDEFINED_FUNCTION: &str = "42883";
    pub(super) const UNDEFINED_COLUMN: &str = "42703";
    pub(super) const UNDEFINED_SCHEMA: &str = "3F000";
}

/// Whether the plan rests on something that is gone.
pub(super) fn is_behind(error: &DatabaseError, plan: &Plan, schema: &SchemaCache) -> bool {
    match error.code.as_str() {
        state::UNDEFINED_TABLE | state::UNDEFINED_SCHEMA => true,
        // An operator that does not exist is the caller's mistake, a function in a plan is not.
        state::UNDEFINED_FUNCTION => error.message.starts_with("function "),
        // Filters may name any column; one that the cache knows was there.
        state::UNDEFINED_COLUMN => plan
            .tree()
            .is_some_and(|tree| names_known(tree, schema, &error.message)),
        _ => false,
    }
}

fn names_known(node: &ReadNode, schema: &SchemaCache, message: &str) -> bool {
    let known = schema.table(&node.relation).is_some_and(|table| {
        table.columns.iter().any(|column| {
            let name = column.name.as_str();
            message.contains(&format!(".{name} ")) || message.contains(&format!("\"{name}\""))
        })
    });
    known
        || node
            .embeds
            .iter()
            .any(|embed| names_known(&embed.node, schema, message))
}
