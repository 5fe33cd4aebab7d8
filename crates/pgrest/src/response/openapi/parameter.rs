//! Parameters that operations refer to.

use serde_json::{Map, Value, json};

use crate::schema::{Column, Table};

pub(super) fn all(tables: &[&Table]) -> Value {
    let mut parameters = shared();
    for table in tables {
        parameters.insert(format!("body.{}", table.name.name), body(table));
        for column in &table.columns {
            parameters.insert(row_filter_name(table, column), row_filter(column));
        }
    }
    Value::Object(parameters)
}

/// The name of a column's filter.
pub(super) fn row_filter_name(table: &Table, column: &Column) -> String {
    format!("rowFilter.{}.{}", table.name.name, column.name)
}

fn shared() -> Map<String, Value> {
    let returns = ["return=representation", "return=minimal", "return=none"];
    let resolutions = ["resolution=ignore-duplicates", "resolution=merge-duplicates"];
    let post = [returns.as_slice(), &resolutions].concat();
    let shared = [
        ("preferParams", prefer(&[])),
        ("preferReturn", prefer(&returns)),
        ("preferCount", prefer(&["count=none"])),
        ("preferPost", prefer(&post)),
        ("select", text("select", "query", "Filtering Columns")),
        ("on_conflict", text("on_conflict", "query", "On Conflict")),
        ("order", text("order", "query", "Ordering")),
        ("range", text("Range", "header", "Limiting and Pagination")),
        ("rangeUnit", range_unit()),
        ("offset", text("offset", "query", "Limiting and Pagination")),
        ("limit", text("limit", "query", "Limiting and Pagination")),
    ];
    shared
        .into_iter()
        .map(|(name, parameter)| (name.to_owned(), parameter))
        .collect()
}

fn prefer(values: &[&str]) -> Value {
    let mut parameter = text("Prefer", "header", "Preference");
    if let Value::Object(parameter) = &mut parameter
        && !values.is_empty()
    {
        parameter.insert("enum".to_owned(), json!(values));
    }
    parameter
}

fn range_unit() -> Value {
    json!({
        "name": "Range-Unit",
        "in": "header",
        "description": "Limiting and Pagination",
        "required": false,
        "type": "string",
        "default": "items",
    })
}

fn text(name: &str, place: &str, description: &str) -> Value {
    json!({
        "name": name,
        "in": place,
        "description": description,
        "required": false,
        "type": "string",
    })
}

fn body(table: &Table) -> Value {
    let name = &table.name.name;
    json!({
        "name": name,
        "in": "body",
        "description": name,
        "required": false,
        "schema": { "$ref": format!("#/definitions/{name}") },
    })
}

fn row_filter(column: &Column) -> Value {
    let mut filter = json!({
        "name": column.name,
        "in": "query",
        "required": false,
        "type": "string",
    });
    if let (Value::Object(filter), Some(description)) = (&mut filter, &column.description) {
        filter.insert("description".to_owned(), json!(description));
    }
    filter
}
