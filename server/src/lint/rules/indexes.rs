//! The index advisor: what is missing, what is there twice, what nobody uses.
//!
//! It says so and does nothing: only somebody who knows the traffic can tell whether an index that was not used
//! since the statistics were reset is one for the end of the year.

use seawall_pgrest::ident::quote;

use crate::lint::catalogue::{Catalogue, ForeignKey, Index, TABLES};
use crate::lint::finding::{Object, Remark, sql};

/// Below this an index is not worth a word.
const SMALL_BYTES: i64 = 1 << 20;
/// Rows from which reading a whole table is worth a word.
const LARGE_ROWS: i64 = 10_000;
/// Sequential scans from which it is not an accident.
const MANY_SCANS: i64 = 100;

fn object(index: &Index) -> Object {
    Object::new("table", &index.schema, &index.table).part("index", &index.name)
}

fn drop(index: &Index) -> String {
    format!("drop index concurrently {};", sql(&index.schema, &index.name))
}

fn together(one: &Index, other: &Index) -> bool {
    one.schema == other.schema && one.table == other.table
}

pub(super) fn foreign_key_unindexed(catalogue: &Catalogue) -> Vec<Remark> {
    let bare = catalogue
        .foreign_keys
        .iter()
        .filter(|key| !catalogue.indexes.iter().any(|index| serves(index, key)));
    bare.map(|key| {
        let columns: Vec<String> = key.columns.iter().map(|column| quote(column)).collect();
        Remark::new(
            Object::new("table", &key.schema, &key.table).part("constraint", &key.name),
            format!(
                "it points to {}, and no index begins with {}",
                key.target,
                key.columns.join(", ")
            ),
            format!(
                "create index concurrently on {} ({});",
                sql(&key.schema, &key.table),
                columns.join(", ")
            ),
        )
    })
    .collect()
}

/// Whether an index begins with the columns of a key, in whatever order.
fn serves(index: &Index, key: &ForeignKey) -> bool {
    let begin: Vec<&String> = index.columns.iter().take(key.columns.len()).collect();
    let of_table = index.schema == key.schema && index.table == key.table;
    of_table && index.valid && !index.partial && key.columns.iter().all(|column| begin.contains(&column))
}

pub(super) fn duplicate(catalogue: &Catalogue) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for (place, index) in catalogue.indexes.iter().enumerate() {
        let mut others = catalogue.indexes.iter().enumerate();
        // The one a constraint rests on stays, else the first.
        let kept = others.find(|(other_place, other)| {
            *other_place != place
                && together(index, other)
                && index.shape == other.shape
                && (other.unique || !index.unique)
                && (strength(other) > strength(index)
                    || (strength(other) == strength(index) && *other_place < place))
        });
        if let Some((_, kept)) = kept
            && !index.constraint
        {
            remarks.push(Remark::new(
                object(index),
                format!("it is the same as {}", kept.name),
                drop(index),
            ));
        }
    }
    remarks
}

fn strength(index: &Index) -> (bool, bool) {
    (index.constraint, index.unique)
}

pub(super) fn redundant(catalogue: &Catalogue) -> Vec<Remark> {
    let candidates = catalogue
        .indexes
        .iter()
        .filter(|index| !index.unique && !index.partial && index.valid && is_plain_btree(index));
    candidates
        .filter_map(|index| {
            let wider = catalogue.indexes.iter().find(|other| {
                together(index, other)
                    && is_plain_btree(other)
                    && other.valid
                    && !other.partial
                    && other.columns.len() > index.columns.len()
                    && other.columns.starts_with(&index.columns)
            })?;
            Some(Remark::new(
                object(index),
                format!("{} begins with its columns", wider.name),
                drop(index),
            ))
        })
        .collect()
}

fn is_plain_btree(index: &Index) -> bool {
    index.shape.starts_with("btree ") && !index.columns.iter().any(String::is_empty)
}

pub(super) fn unused(catalogue: &Catalogue) -> Vec<Remark> {
    let idle = catalogue.indexes.iter().filter(|index| {
        index.scans == 0
            && !index.unique
            && !index.constraint
            && !index.inherited
            && index.bytes >= SMALL_BYTES
    });
    idle.map(|index| {
        let mebibytes = index.bytes / (1 << 20);
        Remark::new(
            object(index),
            format!("no query has used its {mebibytes} MiB"),
            drop(index),
        )
    })
    .collect()
}

pub(super) fn invalid(catalogue: &Catalogue) -> Vec<Remark> {
    let broken = catalogue.indexes.iter().filter(|index| !index.valid);
    broken
        .map(|index| {
            let fix = format!("reindex index concurrently {};", sql(&index.schema, &index.name));
            Remark::new(
                object(index),
                "it is not valid: building it was interrupted or failed",
                fix,
            )
        })
        .collect()
}

pub(super) fn read_whole(catalogue: &Catalogue) -> Vec<Remark> {
    let tables = catalogue
        .relations
        .iter()
        .filter(|table| TABLES.contains(&table.kind));
    tables
        .filter(|table| table.rows >= LARGE_ROWS && table.sequential_scans >= MANY_SCANS)
        .filter_map(|table| {
            let own = catalogue
                .indexes
                .iter()
                .filter(|index| index.schema == table.schema && index.table == table.name);
            let by_index: i64 = own.map(|index| index.scans).sum();
            if by_index >= table.sequential_scans {
                return None;
            }
            Some(Remark::new(
                Object::new("table", &table.schema, &table.name),
                format!(
                    "its {} rows were read from end to end {} times, by an index {by_index} times",
                    table.rows, table.sequential_scans
                ),
                "-- find the queries with pg_stat_statements, and index what they filter by",
            ))
        })
        .collect()
}
