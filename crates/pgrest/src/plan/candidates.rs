//! How relationships and functions are told apart in an error about too many of them.

use crate::error::plan::RelationshipCandidate;
use crate::schema::{Key, Link, Relationship, Routine};

/// One of several relationships that would do; a computed one never competes.
pub(super) fn relationship(rel: &Relationship) -> Option<RelationshipCandidate> {
    let (cardinality, relationship, by) = match &rel.link {
        Link::ManyToMany(junction) => {
            let relationship = format!(
                "{} using {}{} and {}{}",
                junction.table.name,
                junction.source_constraint,
                list(junction.source_columns.iter().map(|(_, column)| column)),
                junction.target_constraint,
                list(junction.target_columns.iter().map(|(_, column)| column)),
            );
            ("many-to-many", relationship, &junction.table.name)
        }
        Link::ManyToOne(key) => ("many-to-one", of_key(rel, key), &key.constraint),
        Link::OneToOne { key, .. } => ("one-to-one", of_key(rel, key), &key.constraint),
        Link::OneToMany(key) => ("one-to-many", of_key(rel, key), &key.constraint),
        Link::Computed { .. } => return None,
    };
    Some(RelationshipCandidate {
        cardinality,
        relationship,
        embedding: format!("{} with {}", rel.table.name, rel.foreign_table.name),
        instead: format!("{}!{by}", rel.foreign_table.name),
    })
}

/// A function with its parameters: `schema.name(parameter => type, …)`.
pub(super) fn signature(routine: &Routine) -> String {
    let params: Vec<String> = routine
        .params
        .iter()
        .map(|param| format!("{} => {}", param.name, param.declared_type))
        .collect();
    format!("{}({})", routine.name, params.join(", "))
}

fn of_key(rel: &Relationship, key: &Key) -> String {
    format!(
        "{} using {}{} and {}{}",
        key.constraint,
        rel.table.name,
        list(key.columns.iter().map(|(column, _)| column)),
        rel.foreign_table.name,
        list(key.columns.iter().map(|(_, column)| column)),
    )
}

fn list<'a>(columns: impl Iterator<Item = &'a String>) -> String {
    format!("({})", columns.map(String::as_str).collect::<Vec<_>>().join(", "))
}
