//! Draws relationships out of keys: the direct ones, those of views, the inverse ones, those over a junction.

use std::collections::{BTreeSet, HashMap};

use crate::ident::Qualified;

use super::catalogue::{Catalogue, ComputedRow, ConstraintKind, ConstraintRow};
use super::relationship::{Junction, Key, Link, Relationship, swap};
use super::view_keys::{KeyRole, ViewKey};

/// Every relationship that the keys imply, in no order.
pub(super) fn relationships(
    catalogue: &Catalogue,
    primary_keys: &HashMap<Qualified, Vec<String>>,
    view_keys: &[ViewKey],
) -> Vec<Relationship> {
    let mut found = direct(&catalogue.constraints);
    let of_views: Vec<_> = found
        .iter()
        .flat_map(|rel| through_views(rel, view_keys))
        .collect();
    found.extend(of_views);
    let junctions = over_junctions(&found, primary_keys);
    let inverse: Vec<_> = found.iter().filter_map(Relationship::inverse).collect();
    found.extend(junctions);
    found.extend(inverse);
    found
}

/// A relationship that somebody wrote as a function.
pub(super) fn computed(row: &ComputedRow) -> Relationship {
    Relationship {
        table: row.table.clone(),
        foreign_table: row.foreign_table.clone(),
        is_self: row.table == row.foreign_table,
        link: Link::Computed {
            function: row.function.clone(),
            to_one: row.to_one,
        },
        table_is_view: false,
        foreign_is_view: false,
    }
}

fn direct(constraints: &[ConstraintRow]) -> Vec<Relationship> {
    let unique: BTreeSet<(i64, BTreeSet<i32>)> = constraints
        .iter()
        .filter(|row| row.kind != ConstraintKind::Foreign)
        .map(|row| (row.oid, row.positions.iter().copied().collect()))
        .collect();
    constraints
        .iter()
        .filter_map(|row| {
            let foreign_table = row.foreign_table.clone()?;
            let columns = row
                .columns
                .iter()
                .cloned()
                .zip(row.foreign_columns.iter().cloned())
                .collect();
            let key = Key {
                constraint: row.name.clone(),
                columns,
            };
            let one_to_one = unique.contains(&(row.oid, row.positions.iter().copied().collect()));
            Some(Relationship {
                table: row.table.clone(),
                is_self: row.oid == row.foreign_oid,
                foreign_table,
                link: if one_to_one {
                    Link::OneToOne {
                        key,
                        is_parent: false,
                    }
                } else {
                    Link::ManyToOne(key)
                },
                table_is_view: false,
                foreign_is_view: false,
            })
        })
        .collect()
}

/// The same key seen through views: view to table, table to view, view to view.
fn through_views(rel: &Relationship, view_keys: &[ViewKey]) -> Vec<Relationship> {
    let Some(key) = rel.key() else { return Vec::new() };
    let views = |role, table: &Qualified| -> Vec<(&Qualified, Vec<String>)> {
        view_keys
            .iter()
            .filter(|view| view.role == role && view.constraint == key.constraint && view.table == *table)
            .flat_map(|view| {
                view.choices()
                    .into_iter()
                    .map(move |columns| (&view.view, columns))
            })
            .collect()
    };
    let sources = views(KeyRole::Referencing, &rel.table);
    let targets = views(KeyRole::Referenced, &rel.foreign_table);
    let own: Vec<String> = key.columns.iter().map(|(column, _)| column.clone()).collect();
    let foreign: Vec<String> = key.columns.iter().map(|(_, column)| column.clone()).collect();

    let mut found = Vec::new();
    for (view, columns) in &sources {
        found.push(rel.seen_as(view, columns, &rel.foreign_table, &foreign, (true, false)));
        for (other, other_columns) in &targets {
            found.push(rel.seen_as(view, columns, other, other_columns, (true, true)));
        }
    }
    for (view, columns) in &targets {
        found.push(rel.seen_as(&rel.table, &own, view, columns, (false, true)));
    }
    found
}

impl Relationship {
    fn seen_as(
        &self,
        table: &Qualified,
        columns: &[String],
        foreign_table: &Qualified,
        foreign_columns: &[String],
        (table_is_view, foreign_is_view): (bool, bool),
    ) -> Self {
        let rename = |key: &Key| Key {
            constraint: key.constraint.clone(),
            columns: columns
                .iter()
                .cloned()
                .zip(foreign_columns.iter().cloned())
                .collect(),
        };
        let link = match &self.link {
            Link::ManyToOne(key) => Link::ManyToOne(rename(key)),
            Link::OneToMany(key) => Link::OneToMany(rename(key)),
            Link::OneToOne { key, is_parent } => Link::OneToOne {
                key: rename(key),
                is_parent: *is_parent,
            },
            link @ (Link::ManyToMany(_) | Link::Computed { .. }) => link.clone(),
        };
        Self {
            table: table.clone(),
            foreign_table: foreign_table.clone(),
            is_self: table_is_view && foreign_is_view && table == foreign_table,
            link,
            table_is_view,
            foreign_is_view,
        }
    }
}

/// A table whose primary key holds two foreign keys joins the two tables they refer to.
fn over_junctions(
    found: &[Relationship],
    primary_keys: &HashMap<Qualified, Vec<String>>,
) -> Vec<Relationship> {
    let mut keys: HashMap<&Qualified, Vec<(&Relationship, &Key)>> = HashMap::new();
    for rel in found {
        if let Link::ManyToOne(key) = &rel.link {
            keys.entry(&rel.table).or_default().push((rel, key));
        }
    }
    let mut junctions = Vec::new();
    for (table, keys) in keys {
        let Some(primary) = primary_keys.get(table) else {
            continue;
        };
        let is_part = |key: &Key| key.columns.iter().all(|(column, _)| primary.contains(column));
        let parts: Vec<_> = keys.into_iter().filter(|(_, key)| is_part(key)).collect();
        for (source, source_key) in &parts {
            for (target, target_key) in &parts {
                if source_key.constraint != target_key.constraint {
                    junctions.push(junction(table, (source, source_key), (target, target_key)));
                }
            }
        }
    }
    junctions
}

fn junction(table: &Qualified, source: (&Relationship, &Key), target: (&Relationship, &Key)) -> Relationship {
    let (source, source_key) = source;
    let (target, target_key) = target;
    Relationship {
        table: source.foreign_table.clone(),
        foreign_table: target.foreign_table.clone(),
        is_self: source.foreign_table == target.foreign_table,
        link: Link::ManyToMany(Junction {
            table: table.clone(),
            source_constraint: source_key.constraint.clone(),
            target_constraint: target_key.constraint.clone(),
            source_columns: swap(&source_key.columns),
            target_columns: swap(&target_key.columns),
        }),
        table_is_view: source.foreign_is_view,
        foreign_is_view: target.foreign_is_view,
    }
}
