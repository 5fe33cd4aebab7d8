//! Which columns a write or a call must give back, so that the read tree above it finds what it needs.

use std::collections::BTreeSet;

use crate::schema::{Link, Table};

use super::field::Target;
use super::filter::Condition;
use super::read::ReadNode;

/// Columns to give back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Returning {
    /// None: only the number of rows matters.
    Nothing,
    /// Every column, and these computed ones.
    All(Vec<String>),
    /// These.
    Columns(Vec<String>),
}

/// The columns that a tree selects, joins on or sorts by, and those of the primary key.
pub(super) fn needed(tree: &ReadNode, table: Option<&Table>, primary_key: &[String]) -> Returning {
    let mut names: BTreeSet<String> = BTreeSet::new();
    let mut everything = false;
    for column in &tree.select {
        match &column.field.target {
            Target::Column(name) => {
                names.insert(name.clone());
            }
            Target::Star | Target::Row => everything = true,
        }
    }
    for embed in &tree.embeds {
        match &embed.relationship.link {
            Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. } => {
                names.extend(key.columns.iter().map(|(own, _)| own.clone()));
            }
            Link::ManyToMany(junction) => {
                names.extend(junction.source_columns.iter().map(|(own, _)| own.clone()));
            }
            // what the function looks at is its own affair
            Link::Computed { .. } => everything = true,
        }
    }
    names.extend(primary_key.iter().cloned());
    let own_order = tree.order.iter().filter(|term| term.slot.is_none());
    names.extend(own_order.filter_map(|term| term.field.column().map(str::to_owned)));
    tested(&tree.conditions, &mut names);
    if everything || (tree.select.is_empty() && tree.embeds.is_empty()) {
        let computed = |name: &String| table.is_some_and(|table| table.column(name).is_none());
        Returning::All(names.into_iter().filter(computed).collect())
    } else {
        Returning::Columns(names.into_iter().collect())
    }
}

fn tested(conditions: &[Condition], names: &mut BTreeSet<String>) {
    for condition in conditions {
        match condition {
            Condition::Group { children, .. } => tested(children, names),
            Condition::Test { field, .. } => names.extend(field.column().map(str::to_owned)),
            Condition::Embedded { .. } => {}
        }
    }
}
