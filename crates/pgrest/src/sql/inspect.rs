//! What of a schema a role may see: asked in its own session, so that privileges answer.
//!
//! The body of the row is JSON: `{"description": …, "tables": [name, …], "routines": [object id, …]}`.

use crate::plan::InspectPlan;

use super::fragment::{Fragment, Statement};

/// Asks for the schema's comment, the tables that the role has any privilege on, and the functions it may call.
pub(super) fn statement(plan: &InspectPlan) -> Statement {
    Fragment::from(
        "SELECT NULL::int8 AS total, 1::int8 AS page_total, \
         nullif(current_setting('response.headers', true), '') AS response_headers, \
         nullif(current_setting('response.status', true), '') AS response_status, NULL::int8 AS inserted, NULL::text AS location, \
         json_build_object(\
         'description', pg_catalog.obj_description(n.oid, 'pg_namespace'), \
         'tables', (SELECT coalesce(json_agg(c.relname), '[]') FROM pg_catalog.pg_class c \
         WHERE c.relnamespace = n.oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition \
         AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') \
         OR pg_catalog.has_table_privilege(c.oid, \
         'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') \
         OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT, INSERT, UPDATE, REFERENCES'))), \
         'routines', (SELECT coalesce(json_agg(p.oid::bigint), '[]') FROM pg_catalog.pg_proc p \
         WHERE p.pronamespace = n.oid AND p.prokind = 'f' \
         AND pg_catalog.has_function_privilege(p.oid, 'execute'))) AS body \
         FROM pg_catalog.pg_namespace n WHERE n.nspname = ",
    )
    .value(plan.schema.as_str())
    .into_statement()
}
