//! The server's own endpoints, described in OpenAPI 3.1. The database's are described at the REST root.

mod operations;
mod schemas;

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::app::App;
use operations::{Answer, For, OPERATIONS, Operation};

pub(super) async fn read(State(app): State<App>) -> Json<Value> {
    Json(document(app.config.postgrest))
}

fn document(postgrest: bool) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for operation in OPERATIONS {
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(operation.method.to_owned(), operation.describe());
        }
    }
    let root = if postgrest { "/" } else { "/rest/v1/" };
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Seawall",
            "version": env!("CARGO_PKG_VERSION"),
            "description": format!("The server's own endpoints. What the database exposes is described at {root}."),
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            "schemas": schemas::all(),
        },
    })
}

impl Operation {
    fn describe(&self) -> Value {
        let answers = self
            .answers
            .iter()
            .map(|answer| (answer.status.to_owned(), answer.describe()));
        let mut answers: Map<String, Value> = answers.collect();
        let error = json!({
            "description": "What is wrong, in the one shape of every error",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        });
        answers.insert("default".to_owned(), error);
        let mut described = json!({"summary": self.does, "responses": answers});
        let Some(members) = described.as_object_mut() else {
            return described;
        };
        let parameters = self.parameters();
        if !parameters.is_empty() {
            members.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(body) = self.body {
            let schema = json!({"$ref": format!("#/components/schemas/{body}")});
            let content = json!({"application/json": {"schema": schema}});
            members.insert(
                "requestBody".to_owned(),
                json!({"required": true, "content": content}),
            );
        }
        if self.who != For::Everybody {
            members.insert("security".to_owned(), json!([{"bearer": []}]));
        }
        if self.who == For::Administrators {
            members.insert("tags".to_owned(), json!(["administration"]));
        }
        described
    }

    /// Those in the path, whose form their name tells, and those after it.
    fn parameters(&self) -> Vec<Value> {
        let names = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let in_path = names.map(|name| {
            json!({"name": name, "in": "path", "required": true, "schema": schemas::of_path(self.path, name)})
        });
        let in_query = self
            .query
            .iter()
            .map(|name| json!({"name": name, "in": "query", "schema": schemas::of_query(name)}));
        in_path.chain(in_query).collect()
    }
}

impl Answer {
    fn describe(&self) -> Value {
        let mut described = json!({"description": self.says});
        if let (Some(media), Some(members)) = (self.media, described.as_object_mut()) {
            let schema = if media == "application/json" {
                json!({"type": "object"})
            } else {
                json!({"type": "string"})
            };
            members.insert("content".to_owned(), json!({media: {"schema": schema}}));
        }
        described
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_token_says_so() {
        let document = document(false);
        let of = |path: &str, method: &str| document["paths"][path][method].clone();
        assert!(of("/live", "get").get("security").is_none());
        assert!(of("/admin/queue", "get").get("security").is_some());
        assert_eq!(of("/jobs/{id}", "get")["parameters"][0]["name"], "id");
    }

    #[test]
    fn every_body_that_is_asked_for_is_described() {
        let schemas = schemas::all();
        for operation in OPERATIONS {
            assert!(
                operation.body.is_none_or(|body| schemas.get(body).is_some()),
                "{}",
                operation.path
            );
        }
    }
}
