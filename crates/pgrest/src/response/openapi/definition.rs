//! Tables as definitions.

use serde_json::{Map, Value, json};

use super::types;
use crate::schema::{Column, Key, Link, Relationship, SchemaCache, Table};

pub(super) fn all(cache: &SchemaCache, tables: &[&Table]) -> Value {
    tables
        .iter()
        .map(|table| (table.name.name.clone(), definition(cache, table)))
        .collect()
}

fn definition(cache: &SchemaCache, table: &Table) -> Value {
    let properties: Map<String, Value> = table
        .columns
        .iter()
        .map(|column| (column.name.clone(), property(cache, table, column)))
        .collect();
    let required: Vec<_> = table
        .columns
        .iter()
        .filter(|column| !column.nullable)
        .map(|column| &column.name)
        .collect();
    let mut definition = Map::new();
    definition.insert("type".to_owned(), json!("object"));
    if let Some(description) = &table.description {
        definition.insert("description".to_owned(), json!(description));
    }
    if !required.is_empty() {
        definition.insert("required".to_owned(), json!(required));
    }
    definition.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(definition)
}

fn property(cache: &SchemaCache, table: &Table, column: &Column) -> Value {
    let mut property = types::property(&column.base_type);
    let mut say = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            property.insert(name.to_owned(), value);
        }
    };
    let default = column.default.as_ref();
    say(
        "default",
        default.and_then(|text| types::default(&column.base_type, text)),
    );
    say(
        "description",
        description(cache, table, column).map(Value::String),
    );
    say(
        "enum",
        (!column.enum_values.is_empty()).then(|| json!(column.enum_values)),
    );
    say("maxLength", column.max_length.map(|length| json!(length)));
    Value::Object(property)
}

/// The column's comment, and a note on the keys it is part of, which tools look for.
fn description(cache: &SchemaCache, table: &Table, column: &Column) -> Option<String> {
    let primary = table.primary_key.contains(&column.name);
    let foreign = foreign_key(cache, table, column);
    if !primary && foreign.is_none() {
        return column.description.clone();
    }
    let mut text = String::new();
    if let Some(comment) = &column.description {
        text.push_str(comment);
        text.push_str("\n\n");
    }
    text.push_str("Note:");
    if primary {
        text.push_str("\nThis is a Primary Key.<pk/>");
    }
    if let Some((table, column)) = foreign {
        text.push_str(&format!(
            "\nThis is a Foreign Key to `{table}.{column}`.<fk table='{table}' column='{column}'/>"
        ));
    }
    Some(text)
}

/// Where a foreign key of this column alone leads; to a table rather than to a view.
fn foreign_key<'a>(cache: &'a SchemaCache, table: &Table, column: &Column) -> Option<(&'a str, &'a str)> {
    let relationships = cache.relationships(&table.name)?;
    let mut candidates: Vec<_> = relationships
        .iter()
        .filter_map(|relationship| Some((relationship, single_column(relationship, column)?)))
        .collect();
    candidates.sort_by_key(|(relationship, _)| relationship.foreign_is_view);
    let (relationship, foreign_column) = candidates.into_iter().next()?;
    Some((&relationship.foreign_table.name, foreign_column))
}

fn single_column<'a>(relationship: &'a Relationship, column: &Column) -> Option<&'a str> {
    match own_key(&relationship.link)?.columns.as_slice() {
        [(own, foreign)] if *own == column.name => Some(foreign),
        _ => None,
    }
}

fn own_key(link: &Link) -> Option<&Key> {
    match link {
        Link::ManyToOne(key) => Some(key),
        Link::OneToOne {
            key,
            is_parent: false,
        } => Some(key),
        Link::OneToOne { is_parent: true, .. }
        | Link::OneToMany(_)
        | Link::ManyToMany(_)
        | Link::Computed { .. } => None,
    }
}
