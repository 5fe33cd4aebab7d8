//! Relations and functions as paths.

use serde_json::{Map, Value, json};

use super::{parameter::row_filter_name, summarize, types};
use crate::schema::{Param, Routine, Table, Volatility};

pub(super) fn all(tables: &[&Table], routines: &[&Routine]) -> Value {
    let mut paths = Map::new();
    paths.insert("/".to_owned(), root());
    for table in tables {
        paths.insert(format!("/{}", table.name.name), relation(table));
    }
    for routine in routines {
        paths.insert(format!("/rpc/{}", routine.name.name), function(routine));
    }
    Value::Object(paths)
}

fn root() -> Value {
    json!({ "get": {
        "tags": ["Introspection"],
        "summary": "OpenAPI description (this document)",
        "produces": ["application/openapi+json", "application/json"],
        "responses": { "200": { "description": "OK" } },
    } })
}

fn relation(table: &Table) -> Value {
    let name = &table.name.name;
    let filters: Vec<_> = table
        .columns
        .iter()
        .map(|column| row_filter_name(table, column))
        .collect();
    let body = format!("body.{name}");
    let reading = [
        "select",
        "order",
        "range",
        "rangeUnit",
        "offset",
        "limit",
        "preferCount",
    ];
    let found = json!({
        "200": {
            "description": "OK",
            "schema": { "type": "array", "items": { "$ref": format!("#/definitions/{name}") } },
        },
        "206": { "description": "Partial Content" },
    });
    let mut path = Map::new();
    let mut answer = |method: &str, parameters: Vec<&str>, responses: Value| {
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([name]));
        summarize(&mut operation, table.description.as_deref());
        operation.insert("parameters".to_owned(), references(&parameters));
        operation.insert("responses".to_owned(), responses);
        path.insert(method.to_owned(), Value::Object(operation));
    };
    let with_filters = |also: &[&'static str]| -> Vec<&str> {
        filters
            .iter()
            .map(String::as_str)
            .chain(also.iter().copied())
            .collect()
    };
    answer("get", with_filters(&reading), found);
    if table.insertable || table.updatable || table.deletable {
        let no_content = json!({ "204": { "description": "No Content" } });
        let created = json!({ "201": { "description": "Created" } });
        answer("post", vec![&body, "select", "preferPost"], created);
        let mut patching = with_filters(&[]);
        patching.extend([body.as_str(), "preferReturn"]);
        answer("patch", patching, no_content.clone());
        answer("delete", with_filters(&["preferReturn"]), no_content);
    }
    Value::Object(path)
}

fn references(names: &[&str]) -> Value {
    names
        .iter()
        .map(|name| json!({ "$ref": format!("#/parameters/{name}") }))
        .collect()
}

fn function(routine: &Routine) -> Value {
    let operation = |parameters: Value| {
        let mut operation = Map::new();
        operation.insert("tags".to_owned(), json!([format!("(rpc) {}", routine.name.name)]));
        summarize(&mut operation, routine.description.as_deref());
        operation.insert(
            "produces".to_owned(),
            json!([
                "application/json",
                "application/vnd.pgrst.object+json;nulls=stripped",
                "application/vnd.pgrst.object+json",
            ]),
        );
        operation.insert("parameters".to_owned(), parameters);
        operation.insert("responses".to_owned(), json!({ "200": { "description": "OK" } }));
        Value::Object(operation)
    };
    let mut path = Map::new();
    if routine.volatility != Volatility::Volatile {
        let parameters = routine
            .params
            .iter()
            .map(|param| query_argument(routine, param))
            .collect();
        path.insert("get".to_owned(), operation(parameters));
    }
    path.insert("post".to_owned(), operation(body_arguments(routine)));
    Value::Object(path)
}

/// The type of an argument, as it is called in the function's own schema.
fn local_type<'a>(routine: &Routine, param: &'a Param) -> &'a str {
    let own = format!("{}.", routine.name.schema);
    param
        .declared_type
        .strip_prefix(&own)
        .unwrap_or(&param.declared_type)
}

fn query_argument(routine: &Routine, param: &Param) -> Value {
    let pg_type = local_type(routine, param);
    let mut argument = json!({ "name": param.name, "in": "query", "required": param.required });
    let Value::Object(object) = &mut argument else {
        return argument;
    };
    if param.variadic {
        let element = types::element(pg_type);
        object.insert("type".to_owned(), json!(types::word(pg_type).unwrap_or("string")));
        object.insert("collectionFormat".to_owned(), json!("multi"));
        let mut items = Map::new();
        items.insert("format".to_owned(), json!(types::format(element)));
        if let Some(word) = types::word(element) {
            items.insert("type".to_owned(), json!(word));
        }
        object.insert("items".to_owned(), Value::Object(items));
    } else {
        // a query string writes arrays and JSON as text
        let word = types::word(pg_type).filter(|word| *word != "array");
        object.insert("type".to_owned(), json!(word.unwrap_or("string")));
        object.insert("format".to_owned(), json!(types::format(pg_type)));
    }
    argument
}

fn body_arguments(routine: &Routine) -> Value {
    let properties: Map<String, Value> = routine
        .params
        .iter()
        .map(|param| {
            let property = types::property(local_type(routine, param));
            (param.name.clone(), Value::Object(property))
        })
        .collect();
    let required: Vec<_> = routine
        .params
        .iter()
        .filter(|param| param.required)
        .map(|param| &param.name)
        .collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    if let Some(description) = &routine.description {
        schema.insert("description".to_owned(), json!(description));
    }
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    json!([
        { "name": "args", "in": "body", "required": true, "schema": schema },
        { "$ref": "#/parameters/preferParams" },
    ])
}
