//! Tables, views and what bypasses row-level security by its kind.

use crate::lint::catalogue::{Catalogue, Kind, Relation, TABLES};
use crate::lint::finding::{Object, Remark, list, sql, sql_list};

/// A relation as findings name it.
pub(super) fn object(relation: &Relation) -> Object {
    let kind = match relation.kind {
        Kind::Table | Kind::Partitioned => "table",
        Kind::View => "view",
        Kind::Materialised => "materialised view",
        Kind::Foreign => "foreign table",
    };
    Object::new(kind, &relation.schema, &relation.name)
}

fn name(relation: &Relation) -> String {
    sql(&relation.schema, &relation.name)
}

pub(super) fn rls_disabled(catalogue: &Catalogue) -> Vec<Remark> {
    let open = catalogue.reachable(TABLES).filter(|table| !table.rls);
    open.map(|table| {
        let table_sql = name(table);
        Remark::new(
            object(table),
            format!("row-level security is off, and {} may reach its rows", list(&catalogue.touching(table))),
            format!(
                "alter table {table_sql} enable row level security;\nalter table {table_sql} force row level security;"
            ),
        )
    })
    .collect()
}

pub(super) fn policies_without_rls(catalogue: &Catalogue) -> Vec<Remark> {
    let tables = catalogue
        .relations
        .iter()
        .filter(|relation| TABLES.contains(&relation.kind) && !relation.rls);
    let inert = tables.filter_map(|table| {
        let policies: Vec<&str> = catalogue
            .policies_of(table)
            .map(|policy| policy.name.as_str())
            .collect();
        if policies.is_empty() {
            return None;
        }
        Some(Remark::new(
            object(table),
            format!(
                "row-level security is off, so its policies do nothing: {}",
                list(&policies)
            ),
            format!("alter table {} enable row level security;", name(table)),
        ))
    });
    inert.collect()
}

pub(super) fn foreign_table_exposed(catalogue: &Catalogue) -> Vec<Remark> {
    let exposed = catalogue.reachable(&[Kind::Foreign]);
    exposed
        .map(|table| {
            let roles = catalogue.touching(table);
            Remark::new(
                object(table),
                format!("{} may reach every row of it", list(&roles)),
                format!("revoke all on {} from {};", name(table), sql_list(&roles)),
            )
        })
        .collect()
}

pub(super) fn rls_not_forced(catalogue: &Catalogue) -> Vec<Remark> {
    let unforced = catalogue.relations.iter().filter(|table| {
        TABLES.contains(&table.kind) && catalogue.exposes(&table.schema) && table.rls && !table.forced
    });
    let reached = unforced.filter_map(|table| {
        let way = way_to_owner(catalogue, &table.owner)?;
        Some(Remark::new(
            object(table),
            format!(
                "it belongs to {}, whom its policies do not bind, and {way}",
                table.owner
            ),
            format!("alter table {} force row level security;", name(table)),
        ))
    });
    reached.collect()
}

/// How a request may come to act as an owner, if it may.
fn way_to_owner(catalogue: &Catalogue, owner: &str) -> Option<String> {
    if catalogue.login.name == owner {
        return Some("the server logs in as that role".to_owned());
    }
    if catalogue.is_bound(owner) {
        return Some("a request may take that role".to_owned());
    }
    let definer = catalogue.routines.iter().find(|routine| {
        routine.definer && routine.owner == owner && super::routines::is_callable(catalogue, routine)
    })?;
    Some(format!("{}.{} runs as that role", definer.schema, definer.name))
}

pub(super) fn rls_without_policies(catalogue: &Catalogue) -> Vec<Remark> {
    let guarded = catalogue.reachable(TABLES).filter(|table| table.rls);
    guarded
        .filter(|table| !catalogue.policies_of(table).any(|policy| policy.permissive))
        .map(|table| {
            let roles = catalogue.touching(table);
            Remark::new(
                object(table),
                format!("{} may reach it, and no policy lets a row pass", list(&roles)),
                format!("revoke all on {} from {};", name(table), sql_list(&roles)),
            )
        })
        .collect()
}

pub(super) fn view_bypasses_rls(catalogue: &Catalogue) -> Vec<Remark> {
    let views = catalogue.reachable(&[Kind::View]);
    views
        .filter(|view| !view.invoker && !view.reads.is_empty())
        .map(|view| {
            let read: Vec<String> = view
                .reads
                .iter()
                .map(|read| format!("{}.{}", read.schema, read.name))
                .collect();
            Remark::new(
                object(view),
                format!(
                    "{} may read through it, as {}, past the policies of {}",
                    list(&catalogue.touching(view)),
                    view.owner,
                    list(&read)
                ),
                format!("alter view {} set (security_invoker = true);", name(view)),
            )
        })
        .collect()
}

pub(super) fn materialised_view_exposed(catalogue: &Catalogue) -> Vec<Remark> {
    let views = catalogue.reachable(&[Kind::Materialised]);
    views
        .map(|view| {
            let roles = catalogue.touching(view);
            Remark::new(
                object(view),
                format!("{} may read all of it", list(&roles)),
                format!("revoke all on {} from {};", name(view), sql_list(&roles)),
            )
        })
        .collect()
}
