//! What Seawall itself keeps in the database: records of requests, queued writes with claims and bodies, revocations.
//!
//! No request has any business with it, whatever schemas are exposed: not over REST, and not through a function or a
//! view of the application's. So roles that bypass row-level security count here too; superusers are beyond it.

use crate::lint::catalogue::{Catalogue, Relation};
use crate::lint::finding::{Object, Remark, list, sql, sql_list};

use super::relations::object;

/// Where Seawall keeps it.
const SCHEMA: &str = "seawall";

/// What ends jobs, and lets a role end them.
const OF_THE_QUEUE: [&str; 3] = ["job_begin", "job_finish", "let_end_jobs"];

fn is_client(catalogue: &Catalogue, role: &str) -> bool {
    catalogue
        .roles
        .iter()
        .any(|known| known.name == role && !known.superuser)
}

/// Roles of requests with any privilege on a relation, or with the one that is asked for.
fn holders(catalogue: &Catalogue, relation: &Relation, wanted: Option<&str>) -> Vec<String> {
    let mut roles: Vec<String> = relation
        .privileges()
        .filter(|granted| wanted.is_none_or(|wanted| granted.privilege == wanted))
        .filter(|granted| is_client(catalogue, &granted.role))
        .map(|granted| granted.role.clone())
        .collect();
    if !relation.public.is_empty() {
        roles.push("public".to_owned());
    }
    roles.sort();
    roles.dedup();
    roles
}

pub(super) fn exposed(catalogue: &Catalogue) -> Vec<Remark> {
    let mut remarks = tables(catalogue);
    remarks.extend(views(catalogue));
    remarks.extend(functions(catalogue));
    remarks
}

fn tables(catalogue: &Catalogue) -> Vec<Remark> {
    let own = catalogue
        .relations
        .iter()
        .filter(|relation| relation.schema == SCHEMA);
    own.filter_map(|relation| {
        let roles = holders(catalogue, relation, None);
        (!roles.is_empty()).then(|| {
            Remark::new(
                object(relation),
                format!("{} may touch what Seawall keeps", list(&roles)),
                format!(
                    "revoke all on {} from {};",
                    sql(&relation.schema, &relation.name),
                    sql_list(&roles)
                ),
            )
        })
    })
    .collect()
}

/// A view that reads with its owner's rights is a way round the grants.
fn views(catalogue: &Catalogue) -> Vec<Remark> {
    let shows_ours =
        |relation: &&Relation| relation.schema != SCHEMA && !relation.invoker && reads_ours(relation);
    catalogue
        .relations
        .iter()
        .filter(shows_ours)
        .filter_map(|view| {
            let roles = holders(catalogue, view, Some("SELECT"));
            (!roles.is_empty()).then(|| {
                let name = sql(&view.schema, &view.name);
                Remark::new(
                    object(view),
                    format!("it shows {} what Seawall keeps", list(&roles)),
                    format!("revoke select on {name} from {};", sql_list(&roles)),
                )
            })
        })
        .collect()
}

fn reads_ours(relation: &Relation) -> bool {
    relation.reads.iter().any(|read| read.schema == SCHEMA)
}

fn functions(catalogue: &Catalogue) -> Vec<Remark> {
    let of_queue = catalogue
        .routines
        .iter()
        .filter(|routine| routine.schema == SCHEMA && OF_THE_QUEUE.contains(&routine.name.as_str()));
    of_queue
        .filter_map(|routine| {
            let mut callers: Vec<String> = routine
                .callers
                .iter()
                .filter(|role| is_client(catalogue, role))
                .cloned()
                .collect();
            if routine.public {
                callers.push("public".to_owned());
            }
            (!callers.is_empty()).then(|| {
                let name = sql(&routine.schema, &routine.name);
                Remark::new(
                    Object::new("function", &routine.schema, &routine.name),
                    format!("{} may end queued writes", list(&callers)),
                    format!(
                        "revoke execute on function {name}({}) from {};",
                        routine.arguments,
                        sql_list(&callers)
                    ),
                )
            })
        })
        .collect()
}
