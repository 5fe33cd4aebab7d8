//! What a policy's condition reads: the request, functions, other tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::lint::catalogue::{Catalogue, Policy, Routine, TABLES};
use crate::lint::condition::{Unset, believes_users, unset};
use crate::lint::finding::{Object, Remark, sql};
use crate::lint::tokens::Tokens;

use super::policies::{alter, object};
use super::routines;

pub(super) fn user_metadata(catalogue: &Catalogue) -> Vec<Remark> {
    let fix = |policy: &Policy| {
        format!(
            "{} using (/* ask app_metadata or a table instead */);",
            alter(policy)
        )
    };
    let policies = catalogue
        .exposed_policies()
        .filter(|policy| policy.conditions().any(believes_users))
        .map(|policy| Remark::new(object(policy), "its condition reads user_metadata", fix(policy)));
    let functions = called(catalogue)
        .filter(|(routine, _)| believes_users(&routine.source))
        .map(|(routine, policy)| {
            Remark::new(
                routines::object(routine),
                format!("it reads user_metadata, and {} relies on it", object(policy)),
                "-- read app_metadata, which only the server writes, or a table of memberships",
            )
        });
    policies.chain(functions).collect()
}

pub(super) fn setting_unset(catalogue: &Catalogue) -> Vec<Remark> {
    let policies = catalogue.exposed_policies().filter_map(|policy| {
        let found = policy.conditions().find_map(unset)?;
        Some(remark_unset(object(policy), found))
    });
    let functions = called(catalogue).filter_map(|(routine, _)| {
        let found = unset(&routine.source)?;
        Some(remark_unset(routines::object(routine), found))
    });
    policies.chain(functions).collect()
}

fn remark_unset(object: Object, found: Unset) -> Remark {
    let message = match found {
        Unset::Missing => "it calls current_setting without saying that the setting may be missing",
        Unset::Empty => "it casts a setting that is '' where nobody is signed in",
    };
    Remark::new(
        object,
        message,
        "-- nullif(current_setting('request.jwt.claims', true), '')::jsonb",
    )
}

pub(super) fn volatile_function(catalogue: &Catalogue) -> Vec<Remark> {
    let own = called(catalogue)
        .filter(|(routine, _)| routine.volatile)
        .map(|(routine, policy)| {
            let name = sql(&routine.schema, &routine.name);
            Remark::new(
                object(policy),
                format!("it calls {}.{}, which is volatile", routine.schema, routine.name),
                format!("alter function {name}({}) stable;", routine.arguments),
            )
        });
    let builtin = catalogue.exposed_policies().filter_map(|policy| {
        let called = policy.conditions().find_map(|condition| {
            let tokens = Tokens::of(condition);
            let mut calls = tokens.calls();
            calls.find(|call| {
                matches!(call.schema.as_str(), "" | "pg_catalog")
                    && catalogue.volatile_builtins.contains(&call.name)
            })
        })?;
        Some(Remark::new(
            object(policy),
            format!("it calls {}, which is volatile", called.name),
            "-- now() is the time of the transaction and does not change within it",
        ))
    });
    own.chain(builtin).collect()
}

/// Functions that exposed policies call, each with the first policy that does.
fn called(catalogue: &Catalogue) -> impl Iterator<Item = (&Routine, &Policy)> {
    catalogue.routines.iter().filter_map(|routine| {
        let calls = |policy: &&Policy| {
            policy
                .functions
                .iter()
                .any(|function| function.schema == routine.schema && function.name == routine.name)
        };
        Some((routine, catalogue.exposed_policies().find(calls)?))
    })
}

type Name<'a> = (&'a str, &'a str);

pub(super) fn recursive(catalogue: &Catalogue) -> Vec<Remark> {
    let reads = reads_of_readers(catalogue);
    let guarded = catalogue
        .relations
        .iter()
        .filter(|table| TABLES.contains(&table.kind) && table.rls);
    guarded
        .filter_map(|table| {
            let own = (table.schema.as_str(), table.name.as_str());
            let policy = catalogue.policies_of(table).find(|policy| {
                policy.reads() && tables_read(catalogue, policy).any(|next| next == own || reaches(&reads, next, own))
            })?;
            Some(Remark::new(
                object(policy),
                "to read its table is to read other tables whose policies read this one again",
                "-- ask a table whose own policies need no other, or a SECURITY DEFINER function in a schema that is not exposed",
            ))
        })
        .collect()
}

/// Which tables reading a table reads, by its policies.
fn reads_of_readers(catalogue: &Catalogue) -> BTreeMap<Name<'_>, BTreeSet<Name<'_>>> {
    let mut reads: BTreeMap<Name<'_>, BTreeSet<Name<'_>>> = BTreeMap::new();
    for policy in catalogue.policies.iter().filter(|policy| policy.reads()) {
        let guarded = catalogue
            .relation(&policy.schema, &policy.table)
            .is_some_and(|table| table.rls);
        if guarded {
            let own = (policy.schema.as_str(), policy.table.as_str());
            reads
                .entry(own)
                .or_default()
                .extend(tables_read(catalogue, policy));
        }
    }
    reads
}

fn tables_read<'a>(catalogue: &'a Catalogue, policy: &'a Policy) -> impl Iterator<Item = Name<'a>> {
    let tokens: Vec<Tokens> = policy.conditions().map(Tokens::of).collect();
    let tables = catalogue
        .relations
        .iter()
        .filter(|table| TABLES.contains(&table.kind));
    tables
        .filter(move |table| {
            tokens
                .iter()
                .any(|tokens| tokens.names_relation(&table.schema, &table.name))
        })
        .map(|table| (table.schema.as_str(), table.name.as_str()))
}

fn reaches<'a>(reads: &BTreeMap<Name<'a>, BTreeSet<Name<'a>>>, from: Name<'a>, to: Name<'a>) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(next) = open.pop() {
        for reached in reads.get(&next).into_iter().flatten() {
            if *reached == to {
                return true;
            }
            if seen.insert(*reached) {
                open.push(*reached);
            }
        }
    }
    false
}
