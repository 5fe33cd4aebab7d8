//! Writes, with what they give back.

use crate::ident::{Qualified, quote};
use crate::plan::mutate::{Body, Returning};
use crate::plan::{Condition, MutatePlan, Write};
use crate::request::{Mutation, Resolution};

use super::body::{self, BODY, MissingKey};
use super::field::column;
use super::filter;
use super::fragment::Fragment;
use super::read::all;

/// How many rows were added rather than merged, as the last transaction-local count says.
pub(super) const INSERTED: &str = "nullif(current_setting('pgrst.inserted', true), '')::int8";

/// The write of a plan.
pub(super) fn query(plan: &MutatePlan) -> Fragment {
    match &plan.write {
        Write::Insert {
            body,
            conflict,
            conditions,
        } => insert(plan, body, conflict.as_ref(), conditions).join(returning(plan)),
        Write::Update { body, .. } if body.columns.is_empty() => nothing(plan),
        Write::Update { body, conditions } => update(plan, body, conditions).join(returning(plan)),
        Write::Delete { conditions } => Fragment::from("DELETE FROM ")
            .push(&plan.table.sql())
            .join(where_all(&plan.table, conditions))
            .join(returning(plan)),
    }
}

fn insert(
    plan: &MutatePlan,
    body: &Body,
    conflict: Option<&(Resolution, Vec<String>)>,
    conditions: &[Condition],
) -> Fragment {
    let names: Vec<String> = body.columns.iter().map(|column| quote(&column.name)).collect();
    let values: Vec<String> = names.iter().map(|name| format!("{BODY}.{name}")).collect();
    let merges = matches!(conflict, Some((Resolution::MergeDuplicates, _)));
    let mut out = Fragment::from("INSERT INTO ").push(&plan.table.sql());
    if !names.is_empty() {
        out = out.push(&format!("({})", names.join(", ")));
    }
    out = out.push(" SELECT ").push(&values.join(", "));
    out = out.join(rows(body));
    let of_body = Qualified::bare(BODY);
    let own = conditions
        .iter()
        .map(|one| filter::condition(&of_body, one, &filter::joined));
    let tally = (merges || plan.mutation == Mutation::SingleUpsert).then(|| tally("+", "0"));
    out = out.join(all(tally.into_iter().chain(own)));
    match conflict {
        Some((resolution, columns)) => out.join(on_conflict(*resolution, columns, &names)),
        None => out,
    }
}

fn on_conflict(resolution: Resolution, columns: &[String], written: &[String]) -> Fragment {
    let columns: Vec<String> = columns.iter().map(|name| quote(name)).collect();
    let out = Fragment::from(format!(" ON CONFLICT({})", columns.join(", ")));
    match resolution {
        Resolution::MergeDuplicates if !written.is_empty() => {
            let sets: Vec<String> = written
                .iter()
                .map(|name| format!("{name} = EXCLUDED.{name}"))
                .collect();
            out.push(" DO UPDATE SET ")
                .push(&sets.join(", "))
                .push(" WHERE ")
                .join(tally("-", "-1"))
        }
        Resolution::MergeDuplicates | Resolution::IgnoreDuplicates => out.push(" DO NOTHING"),
    }
}

/// Counts in a transaction-local setting, as a condition that always holds: one up for each row put forward, one
/// down for each that was merged.
fn tally(sign: &str, never: &str) -> Fragment {
    Fragment::from(format!(
        "set_config('pgrst.inserted', (coalesce({INSERTED}, 0) {sign} 1)::text, true) <> '{never}'"
    ))
}

fn update(plan: &MutatePlan, body: &Body, conditions: &[Condition]) -> Fragment {
    let sets: Vec<String> = body
        .columns
        .iter()
        .map(|column| {
            let name = quote(&column.name);
            format!("{name} = {BODY}.{name}")
        })
        .collect();
    Fragment::from("UPDATE ")
        .push(&plan.table.sql())
        .push(" SET ")
        .push(&sets.join(", "))
        .join(rows(body))
        .join(where_all(&plan.table, conditions))
}

/// An update without columns is no statement of SQL: no rows, but the columns that are read of them.
fn nothing(plan: &MutatePlan) -> Fragment {
    Fragment::from("SELECT ")
        .push(&given_back(plan).unwrap_or_else(|| "NULL".to_owned()))
        .push(" FROM ")
        .push(&plan.table.sql())
        .push(" WHERE false")
}

fn rows(body: &Body) -> Fragment {
    let missing = if body.defaults {
        MissingKey::Default
    } else {
        MissingKey::Null
    };
    Fragment::from(" FROM ").join(body::rows_of(body.json.as_deref(), &body.columns, missing, false))
}

fn where_all(table: &Qualified, conditions: &[Condition]) -> Fragment {
    all(conditions
        .iter()
        .map(|one| filter::condition(table, one, &filter::joined)))
}

fn returning(plan: &MutatePlan) -> Fragment {
    Fragment::from(" RETURNING ").push(&given_back(plan).unwrap_or_else(|| "1".to_owned()))
}

fn given_back(plan: &MutatePlan) -> Option<String> {
    let names: Vec<&str> = match &plan.returning {
        Returning::Nothing => return None,
        Returning::All(computed) => std::iter::once("*")
            .chain(computed.iter().map(String::as_str))
            .collect(),
        Returning::Columns(names) if names.is_empty() => return None,
        Returning::Columns(names) => names.iter().map(String::as_str).collect(),
    };
    Some(
        names
            .iter()
            .map(|name| column(&plan.table, name))
            .collect::<Vec<_>>()
            .join(", "),
    )
}
