//! Which relationship an embed means, and how its rows are joined.

use crate::error::PlanError;
use crate::ident::Qualified;
use crate::request::SelectEmbed;
use crate::schema::{Junction, Key, Link, Relationship, SchemaCache};

use super::candidates;
use super::read::JoinCondition;
use super::suggest;

const MIN_SCORE: f64 = 0.33;

/// Finds the one relationship from `origin` that an embed means.
pub(super) fn relationship<'a>(
    cache: &'a SchemaCache,
    origin: &Qualified,
    embed: &SelectEmbed,
) -> Result<&'a Relationship, PlanError> {
    let all = cache.relationships(origin).unwrap_or_default();
    let found: Vec<&Relationship> = all
        .iter()
        .filter(|rel| lives_in(rel, &origin.schema))
        .filter(|rel| is_meant(rel, &embed.relation, embed.hint.as_deref()))
        .collect();
    match found.as_slice() {
        [] => Err(PlanError::NoRelationship {
            parent: origin.name.clone(),
            child: embed.relation.clone(),
            embed_hint: embed.hint.clone(),
            schema: origin.schema.clone(),
            suggestion: suggestion(cache, origin, &embed.relation).map(Box::new),
        }),
        [only] => Ok(only),
        several => Err(PlanError::AmbiguousRelationship {
            parent: origin.name.clone(),
            child: embed.relation.clone(),
            candidates: several
                .iter()
                .filter_map(|rel| candidates::relationship(rel))
                .collect(),
        }),
    }
}

fn lives_in(rel: &Relationship, schema: &str) -> bool {
    match &rel.link {
        Link::Computed { function, .. } => function.schema == schema,
        Link::OneToMany(_) | Link::ManyToOne(_) | Link::OneToOne { .. } | Link::ManyToMany(_) => {
            rel.foreign_table.schema == schema
        }
    }
}

/// A target is a table, a constraint or a column; a hint is a constraint, a column of either side or a junction.
/// Both directions of a key that refers to its own table look alike, so there only the table's name with or
/// without a hint means the many, and only the column's name means the one.
fn is_meant(rel: &Relationship, target: &str, hint: Option<&str>) -> bool {
    let by_table = rel.foreign_table.name == target;
    match (&rel.link, hint) {
        (Link::Computed { function, .. }, _) => function.name == target,
        (link, None) if rel.is_self => {
            (by_table && matches!(link, Link::OneToMany(_)))
                || matches!(link, Link::ManyToOne(key) if has_single(key, own_column, target))
        }
        (Link::OneToMany(key), Some(hint)) if rel.is_self => {
            by_table && has_single(key, foreign_column, hint)
        }
        (_, Some(_)) if rel.is_self => false,
        (_, None) => {
            let by_key = |key: &Key| key.constraint == target || has_single(key, own_column, target);
            by_table || (!rel.foreign_is_view && rel.key().is_some_and(by_key))
        }
        (Link::ManyToMany(junction), Some(hint)) => by_table && junction.table.name == hint,
        (Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. }, Some(hint)) => {
            by_table
                && (key.constraint == hint
                    || has_single(key, own_column, hint)
                    || has_single(key, foreign_column, hint))
        }
    }
}

type Pair = (String, String);

fn has_single(key: &Key, side: fn(&Pair) -> &str, name: &str) -> bool {
    matches!(key.columns.as_slice(), [only] if side(only) == name)
}

fn own_column(pair: &Pair) -> &str {
    &pair.0
}

fn foreign_column(pair: &Pair) -> &str {
    &pair.1
}

/// A parent without any relationship is probably misspelled; else the target is, unless it is there and only the
/// hint is wrong.
fn suggestion(cache: &SchemaCache, origin: &Qualified, target: &str) -> Option<(String, String)> {
    let say = |name: &str, instead: &str| (name.to_owned(), instead.to_owned());
    if let Some(related) = cache.relationships(origin) {
        let names = related.iter().map(|rel| rel.foreign_table.name.as_str());
        let (score, name) = suggest::nearest(names, target, MIN_SCORE)?;
        return (score < 1.0).then(|| say(name, target));
    }
    let parents = cache
        .related_tables()
        .filter(|table| table.schema == origin.schema);
    let (_, name) = suggest::nearest(parents.map(|table| table.name.as_str()), &origin.name, MIN_SCORE)?;
    Some(say(name, &origin.name))
}

/// Equalities that tie embedded rows to their parent's; `parent` and `own` are the names of both in SQL.
pub(super) fn joins(
    rel: &Relationship,
    parent: &Qualified,
    own: &Qualified,
    junction_alias: Option<&str>,
) -> Vec<JoinCondition> {
    match &rel.link {
        Link::OneToMany(key) | Link::ManyToOne(key) | Link::OneToOne { key, .. } => {
            equalities(&key.columns, parent, own)
        }
        Link::ManyToMany(junction) => over(junction, parent, own, junction_alias),
        Link::Computed { .. } => Vec::new(),
    }
}

fn over(
    junction: &Junction,
    parent: &Qualified,
    own: &Qualified,
    junction_alias: Option<&str>,
) -> Vec<JoinCondition> {
    let between = junction_alias.map_or_else(|| junction.table.clone(), Qualified::bare);
    let mut conditions = equalities(&junction.target_columns, own, &between);
    conditions.extend(equalities(&junction.source_columns, parent, &between));
    conditions
}

fn equalities(columns: &[Pair], left: &Qualified, right: &Qualified) -> Vec<JoinCondition> {
    let equality = |(own, other): &Pair| JoinCondition {
        left: (right.clone(), other.clone()),
        right: (left.clone(), own.clone()),
    };
    columns.iter().map(equality).collect()
}
