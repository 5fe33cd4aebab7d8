//! The same description as OpenAPI 3.1: made from Swagger's, so that the two never tell different things.
//!
//! What moves: bodies out of the parameters, types of parameters into a `schema`, media types to where they apply,
//! and everything shared into `components`.

use serde_json::{Map, Value, json};

/// Keywords of Swagger's parameters that belong to the parameter itself; all others are its schema's.
const OF_PARAMETER: [&str; 4] = ["name", "in", "description", "required"];

/// Rewrites a Swagger 2.0 document.
pub(super) fn of_swagger(mut swagger: Map<String, Value>) -> Value {
    let mut take = |name: &str| swagger.remove(name).unwrap_or_default();
    let url = server_url(&take("schemes"), &take("host"), &take("basePath"));
    let media_types = strings(&take("produces"));
    let (bodies, parameters): (Vec<_>, Vec<_>) =
        entries(take("parameters")).partition(|(_, value)| is_body(value));
    let schemas = take("definitions");
    let security_schemes = take("securityDefinitions");
    let paths: Map<String, Value> = entries(take("paths"))
        .map(|(path, methods)| {
            let methods = entries(methods)
                .map(|(method, operation)| (method, self::operation(operation, &media_types)));
            (path, Value::Object(methods.collect()))
        })
        .collect();

    let parameters: Map<String, Value> = parameters
        .into_iter()
        .map(|(name, value)| (name, parameter(value)))
        .collect();
    let bodies: Map<String, Value> = bodies
        .into_iter()
        .map(|(name, value)| (name, body(value)))
        .collect();
    let mut components = json!({ "schemas": schemas, "parameters": parameters, "requestBodies": bodies });
    if let (Value::Object(components), Value::Object(_)) = (&mut components, &security_schemes) {
        components.insert("securitySchemes".to_owned(), security_schemes);
    }
    let mut document = Map::new();
    document.insert("openapi".to_owned(), json!("3.1.0"));
    for name in ["info", "externalDocs", "security"] {
        if let Some(value) = swagger.remove(name) {
            document.insert(name.to_owned(), value);
        }
    }
    document.insert("servers".to_owned(), json!([{ "url": url }]));
    document.insert("paths".to_owned(), Value::Object(paths));
    document.insert("components".to_owned(), components);
    let mut document = Value::Object(document);
    point_to_components(&mut document);
    document
}

fn server_url(schemes: &Value, host: &Value, path: &Value) -> String {
    let scheme = strings(schemes)
        .into_iter()
        .next()
        .unwrap_or_else(|| "http".to_owned());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{scheme}://{}{}", text(host), text(path).trim_end_matches('/'))
}

fn operation(operation: Value, media_types: &[String]) -> Value {
    let Value::Object(mut operation) = operation else {
        return operation;
    };
    let produced = operation
        .remove("produces")
        .map_or_else(|| media_types.to_vec(), |own| strings(&own));
    if let Some(Value::Array(all)) = operation.remove("parameters") {
        let (bodies, parameters): (Vec<_>, Vec<_>) = all.into_iter().partition(is_body);
        operation.insert(
            "parameters".to_owned(),
            parameters.into_iter().map(parameter).collect(),
        );
        if let Some(first) = bodies.into_iter().next() {
            operation.insert("requestBody".to_owned(), body(first));
        }
    }
    if let Some(responses) = operation.remove("responses") {
        let responses = entries(responses).map(|(status, answer)| (status, response(answer, &produced)));
        operation.insert("responses".to_owned(), Value::Object(responses.collect()));
    }
    Value::Object(operation)
}

/// A body, by its place or by the name of a shared one.
fn is_body(parameter: &Value) -> bool {
    parameter.get("in").is_some_and(|place| place == "body")
        || parameter
            .get("$ref")
            .and_then(Value::as_str)
            .is_some_and(|to| to.starts_with("#/parameters/body."))
}

fn parameter(parameter: Value) -> Value {
    let Value::Object(all) = parameter else {
        return parameter;
    };
    if all.contains_key("$ref") {
        return Value::Object(all);
    }
    let mut own = Map::new();
    let mut schema = Map::new();
    for (name, value) in all {
        if name == "collectionFormat" {
            own.insert("explode".to_owned(), json!(value == "multi"));
        } else if OF_PARAMETER.contains(&name.as_str()) {
            own.insert(name, value);
        } else {
            schema.insert(name, value);
        }
    }
    own.insert("schema".to_owned(), Value::Object(schema));
    Value::Object(own)
}

fn body(mut parameter: Value) -> Value {
    if parameter.get("$ref").is_some() {
        return parameter;
    }
    let schema = parameter.get_mut("schema").map(Value::take).unwrap_or_default();
    json!({
        "required": parameter.get("required").cloned().unwrap_or(json!(false)),
        "content": { "application/json": { "schema": schema } },
    })
}

fn response(mut response: Value, media_types: &[String]) -> Value {
    let Some(schema) = response
        .as_object_mut()
        .and_then(|response| response.remove("schema"))
    else {
        return response;
    };
    let content: Map<String, Value> = media_types
        .iter()
        .map(|media| {
            (
                media.clone(),
                if media == "text/csv" {
                    json!({})
                } else {
                    json!({ "schema": schema })
                },
            )
        })
        .collect();
    if let Value::Object(response) = &mut response {
        response.insert("content".to_owned(), Value::Object(content));
    }
    response
}

/// `#/definitions/t` is now `#/components/schemas/t`, and so on.
fn point_to_components(value: &mut Value) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(to)) = object.get_mut("$ref") {
                *to = moved(to);
            }
            object.values_mut().for_each(point_to_components);
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_components),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn moved(to: &str) -> String {
    if let Some(name) = to.strip_prefix("#/definitions/") {
        format!("#/components/schemas/{name}")
    } else if to.starts_with("#/parameters/body.") {
        to.replacen("#/parameters/", "#/components/requestBodies/", 1)
    } else {
        to.replacen("#/parameters/", "#/components/parameters/", 1)
    }
}

fn entries(value: Value) -> impl Iterator<Item = (String, Value)> {
    let object = match value {
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    };
    object.into_iter()
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().into_iter().flatten();
    items
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted() -> Value {
        let swagger = json!({
            "swagger": "2.0", "info": { "title": "t", "version": "1" },
            "host": "a.test:443", "basePath": "/rest/v1", "schemes": ["https"],
            "produces": ["application/json", "text/csv"],
            "definitions": { "films": { "type": "object" } },
            "parameters": {
                "body.films": { "name": "films", "in": "body", "required": false, "schema": { "$ref": "#/definitions/films" } },
                "limit": { "name": "limit", "in": "query", "required": false, "type": "string" },
            },
            "paths": { "/films": {
                "get": {
                    "parameters": [{ "$ref": "#/parameters/limit" }],
                    "responses": { "200": { "description": "OK", "schema": { "$ref": "#/definitions/films" } } },
                },
                "post": { "parameters": [{ "$ref": "#/parameters/body.films" }], "responses": { "201": { "description": "Created" } } },
            } },
        });
        let Value::Object(swagger) = swagger else {
            return swagger;
        };
        of_swagger(swagger)
    }

    #[test]
    fn bodies_leave_the_parameters_and_types_go_into_schemas() {
        let document = converted();
        assert_eq!(document["servers"][0]["url"], "https://a.test:443/rest/v1");
        let components = &document["components"];
        assert_eq!(components["parameters"]["limit"]["schema"]["type"], "string");
        assert_eq!(components["parameters"].as_object().unwrap().len(), 1);
        let body = &components["requestBodies"]["body.films"]["content"]["application/json"]["schema"];
        assert_eq!(body["$ref"], "#/components/schemas/films");
        let post = &document["paths"]["/films"]["post"];
        assert_eq!(
            post["requestBody"]["$ref"],
            "#/components/requestBodies/body.films"
        );
    }

    #[test]
    fn answers_say_in_which_media_types_they_come() {
        let document = converted();
        let content = &document["paths"]["/films"]["get"]["responses"]["200"]["content"];
        assert_eq!(
            content["application/json"]["schema"]["$ref"],
            "#/components/schemas/films"
        );
        assert_eq!(content["text/csv"], json!({}));
    }

    #[test]
    fn no_word_of_swagger_is_left() {
        let text = converted().to_string();
        for word in [
            "#/definitions/",
            "#/parameters/",
            "\"swagger\"",
            "\"host\"",
            "\"produces\"",
            "\"in\":\"body\"",
        ] {
            assert!(!text.contains(word), "{word}");
        }
    }
}
