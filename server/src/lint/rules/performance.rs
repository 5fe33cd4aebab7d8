//! What makes policies slow.

use std::collections::BTreeSet;

use seawall_pgrest::ident::quote;

use crate::lint::catalogue::{Catalogue, ColumnName, Command, Policy};
use crate::lint::condition::compares;
use crate::lint::finding::{Object, Remark, list, sql};
use crate::lint::tokens::{Call, Token, Tokens};

use super::policies::{alter, object};

pub(super) fn function_per_row(catalogue: &Catalogue) -> Vec<Remark> {
    let policies = catalogue.exposed_policies();
    policies
        .filter_map(|policy| {
            let call = policy
                .conditions()
                .find_map(|condition| per_row(policy, condition))?;
            let name = if call.schema.is_empty() {
                call.name
            } else {
                format!("{}.{}", call.schema, call.name)
            };
            Some(Remark::new(
                object(policy),
                format!("it calls {name} for every row"),
                format!("{} using (/* … (select {name}(…)) … */);", alter(policy)),
            ))
        })
        .collect()
}

fn per_row(policy: &Policy, condition: &str) -> Option<Call> {
    let tokens = Tokens::of(condition);
    let own = |call: &Call| {
        let mut functions = policy.functions.iter();
        functions.any(|function| function.schema == call.schema && function.name == call.name)
    };
    let mut calls = tokens.calls();
    calls.find(|call| {
        let of_request = call.name == "current_setting" || (own(call) && !takes_columns(&tokens, call));
        of_request && tokens.is_per_row(call.start)
    })
}

/// Whether a name stands among the arguments that is no call and no type.
fn takes_columns(tokens: &Tokens, call: &Call) -> bool {
    (call.open + 1..call.close).any(|index| {
        let is_name = tokens
            .at(index)
            .and_then(Token::name)
            .is_some_and(|name| !matches!(name, "true" | "false"));
        let leads_on = tokens.is(index + 1, "(") || tokens.is(index + 1, ".");
        is_name && !leads_on && !tokens.follows(index, "::")
    })
}

pub(super) fn column_unindexed(catalogue: &Catalogue) -> Vec<Remark> {
    let mut seen = BTreeSet::new();
    let mut remarks = Vec::new();
    for policy in catalogue
        .exposed_policies()
        .filter(|policy| policy.command != Command::Insert)
    {
        let compared: Vec<&ColumnName> = policy
            .columns
            .iter()
            .filter(|column| {
                policy
                    .conditions()
                    .any(|condition| compares(condition, &column.name))
            })
            .collect();
        for column in &compared {
            let place = (&column.schema, &column.table, &column.name);
            if is_indexed(catalogue, column, &compared) || !seen.insert(place) {
                continue;
            }
            let table = sql(&column.schema, &column.table);
            remarks.push(Remark::new(
                Object::new("table", &column.schema, &column.table).part("column", &column.name),
                format!("{} compares it, and no index begins with it", object(policy)),
                format!("create index concurrently on {table} ({});", quote(&column.name)),
            ));
        }
    }
    remarks
}

/// Whether an index finds rows by the column, alone or after columns that the same condition compares too.
fn is_indexed(catalogue: &Catalogue, column: &ColumnName, compared: &[&ColumnName]) -> bool {
    let is_compared = |name: &String| {
        let mut compared = compared.iter();
        compared
            .any(|other| other.schema == column.schema && other.table == column.table && other.name == *name)
    };
    let mut indexes = catalogue.indexes.iter().filter(|index| {
        index.schema == column.schema && index.table == column.table && index.valid && !index.partial
    });
    indexes.any(|index| {
        let place = index.columns.iter().position(|name| *name == column.name);
        place.is_some_and(|place| index.columns.iter().take(place).all(is_compared))
    })
}

pub(super) fn overlap(catalogue: &Catalogue) -> Vec<Remark> {
    let tables = catalogue
        .relations
        .iter()
        .filter(|table| catalogue.exposes(&table.schema));
    let mut remarks = Vec::new();
    for table in tables {
        let policies: Vec<&Policy> = catalogue
            .policies_of(table)
            .filter(|policy| policy.permissive)
            .collect();
        for (index, policy) in policies.iter().enumerate() {
            let earlier = policies.iter().take(index);
            let alike: Vec<&str> = earlier
                .filter(|other| meet(policy, other))
                .map(|other| other.name.as_str())
                .collect();
            if !alike.is_empty() {
                remarks.push(Remark::new(
                    object(policy),
                    format!("it adds to {} for the same role and command", list(&alike)),
                    "-- join their conditions with OR in one policy",
                ));
            }
        }
    }
    remarks
}

fn meet(one: &Policy, other: &Policy) -> bool {
    let command =
        one.command == other.command || one.command == Command::All || other.command == Command::All;
    let role = one.roles.iter().any(|role| {
        role == "public"
            || other
                .roles
                .iter()
                .any(|theirs| theirs == role || theirs == "public")
    });
    command && role
}
