//! Keys that shine through views: which columns of a view are, all together, a key of a table behind it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ident::Qualified;

use super::catalogue::{Catalogue, ConstraintKind, ConstraintRow, ViewRow};
use super::node_tree::{TargetEntry, target_list};

/// A view that shows the columns of a wide key many times each has no sensible number of relationships.
const MOST_CHOICES: usize = 64;

/// Which side of which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyRole {
    /// The primary key.
    Primary,
    /// The columns of a foreign key.
    Referencing,
    /// The columns that a foreign key refers to.
    Referenced,
}

/// A table's key as it shows in a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ViewKey {
    /// The table behind the view.
    pub(super) table: Qualified,
    /// The view.
    pub(super) view: Qualified,
    /// The key's constraint.
    pub(super) constraint: String,
    /// Which side of it.
    pub(super) role: KeyRole,
    /// For each column of the key, the view's columns that show it: a view may show one column twice.
    pub(super) columns: Vec<Vec<String>>,
}

impl ViewKey {
    /// Every way to pick one view column per key column, as far as there are not absurdly many.
    pub(super) fn choices(&self) -> Vec<Vec<String>> {
        self.columns.iter().fold(vec![Vec::new()], |choices, names| {
            let longer = |choice: &Vec<String>, name: &String| {
                let mut longer = choice.clone();
                longer.push(name.clone());
                longer
            };
            let longer = choices
                .iter()
                .flat_map(|choice| names.iter().map(move |name| longer(choice, name)));
            longer.take(MOST_CHOICES).collect()
        })
    }

    /// One view column per key column.
    pub(super) fn first_choice(&self) -> Vec<String> {
        self.columns
            .iter()
            .filter_map(|names| names.first().cloned())
            .collect()
    }
}

/// Position in a table, by the table's object id.
type Origin = (i64, i32);

/// All keys of tables that show completely in views of the exposed schemas.
pub(super) fn view_keys(catalogue: &Catalogue, exposed: &[String]) -> Vec<ViewKey> {
    let entries: HashMap<i64, Vec<TargetEntry>> = catalogue
        .views
        .iter()
        .map(|view| (view.oid, target_list(&view.rule)))
        .collect();
    let mut sides: HashMap<i64, Vec<Side<'_>>> = HashMap::new();
    for side in catalogue.constraints.iter().flat_map(sides_of) {
        sides.entry(side.oid).or_default().push(side);
    }
    catalogue
        .views
        .iter()
        .filter(|view| exposed.contains(&view.name.schema))
        .flat_map(|view| keys_of(view, &entries, &sides))
        .collect()
}

fn keys_of(
    view: &ViewRow,
    entries: &HashMap<i64, Vec<TargetEntry>>,
    sides: &HashMap<i64, Vec<Side<'_>>>,
) -> Vec<ViewKey> {
    let mut shown: BTreeMap<Origin, Vec<String>> = BTreeMap::new();
    for entry in entries.get(&view.oid).into_iter().flatten() {
        let Some(name) = view.columns.get(&entry.position) else {
            continue;
        };
        for origin in origins((entry.table, entry.column), entries) {
            shown.entry(origin).or_default().push(name.clone());
        }
    }
    let mut tables: Vec<i64> = shown.keys().map(|(table, _)| *table).collect();
    tables.dedup();
    tables
        .iter()
        .flat_map(|table| sides.get(table).into_iter().flatten())
        .filter_map(|side| side.through(view, &shown))
        .collect()
}

/// The column itself and, as long as it belongs to a view, the column behind it.
fn origins(first: Origin, entries: &HashMap<i64, Vec<TargetEntry>>) -> Vec<Origin> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut next = Some(first);
    while let Some(origin) = next.filter(|origin| origin.0 != 0 && seen.insert(*origin)) {
        found.push(origin);
        next = entries.get(&origin.0).and_then(|list| {
            list.iter()
                .find(|entry| entry.position == origin.1)
                .map(|entry| (entry.table, entry.column))
        });
    }
    found
}

/// One side of a constraint.
struct Side<'a> {
    oid: i64,
    table: &'a Qualified,
    constraint: &'a str,
    role: KeyRole,
    positions: &'a [i32],
}

impl Side<'_> {
    fn through(&self, view: &ViewRow, shown: &BTreeMap<Origin, Vec<String>>) -> Option<ViewKey> {
        let columns: Option<Vec<_>> = self
            .positions
            .iter()
            .map(|position| shown.get(&(self.oid, *position)).cloned())
            .collect();
        Some(ViewKey {
            table: self.table.clone(),
            view: view.name.clone(),
            constraint: self.constraint.to_owned(),
            role: self.role,
            columns: columns?,
        })
    }
}

fn sides_of(row: &ConstraintRow) -> Vec<Side<'_>> {
    let own = |role| Side {
        oid: row.oid,
        table: &row.table,
        constraint: &row.name,
        role,
        positions: &row.positions,
    };
    match (row.kind, &row.foreign_table) {
        (ConstraintKind::Primary, _) => vec![own(KeyRole::Primary)],
        (ConstraintKind::Foreign, Some(table)) => vec![
            own(KeyRole::Referencing),
            Side {
                oid: row.foreign_oid,
                table,
                constraint: &row.name,
                role: KeyRole::Referenced,
                positions: &row.foreign_positions,
            },
        ],
        (ConstraintKind::Foreign, None) | (ConstraintKind::Unique, _) => Vec::new(),
    }
}
