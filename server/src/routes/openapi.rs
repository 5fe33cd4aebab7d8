//! The server's own endpoints, described in OpenAPI 3.1. The database's are described at the REST root.

use axum::Json;
use axum::extract::State;
use serde_json::{Map, Value, json};

use crate::app::App;

/// Who may call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum For {
    Everybody,
    Users,
    Administrators,
}

/// One operation: method, path, what it does, who may, and the answers besides errors.
struct Operation {
    method: &'static str,
    path: &'static str,
    does: &'static str,
    who: For,
    answers: &'static [(&'static str, &'static str)],
}

const fn operation(
    method: &'static str,
    path: &'static str,
    does: &'static str,
    who: For,
    answers: &'static [(&'static str, &'static str)],
) -> Operation {
    Operation {
        method,
        path,
        does,
        who,
        answers,
    }
}

const OK: &[(&str, &str)] = &[("200", "Done")];

const OPERATIONS: &[Operation] = &[
    operation("get", "/live", "Whether the process answers", For::Everybody, OK),
    operation(
        "get",
        "/ready",
        "Whether requests would be served",
        For::Everybody,
        &[("200", "Yes"), ("503", "Not now")],
    ),
    operation(
        "get",
        "/health",
        "How the server is, in a word",
        For::Everybody,
        OK,
    ),
    operation(
        "get",
        "/health/detailed",
        "How everything is that the server leans on",
        For::Administrators,
        OK,
    ),
    operation("get", "/metrics", "Prometheus text", For::Everybody, OK),
    operation(
        "get",
        "/policy",
        "The policy that guards in pages share",
        For::Everybody,
        &[("200", "The document"), ("304", "Unchanged")],
    ),
    operation(
        "post",
        "/ingest",
        "Takes a batch of metrics from a guard",
        For::Everybody,
        &[("204", "Counted, now or before")],
    ),
    operation("get", "/jobs/{id}", "A queued write of one's own", For::Users, OK),
    operation(
        "post",
        "/jobs/{id}/cancel",
        "Cancels it, if it has not begun",
        For::Users,
        OK,
    ),
    operation("post", "/jobs/{id}/retry", "Queues it again", For::Users, OK),
    operation(
        "get",
        "/admin/instances",
        "The instances of the cluster",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/admin/breakers",
        "All breakers on this instance",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/admin/breakers/{name}",
        "One breaker",
        For::Administrators,
        OK,
    ),
    operation(
        "post",
        "/admin/breakers/{name}",
        "Forces it open or closed, or resets it, on every instance",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/admin/limits",
        "Tiers, and who is near a limit",
        For::Administrators,
        OK,
    ),
    operation(
        "patch",
        "/admin/limits/tiers/{name}",
        "Changes a tier's quotas on every instance",
        For::Administrators,
        OK,
    ),
    operation(
        "delete",
        "/admin/limits/keys/{key}",
        "Gives a key its whole burst again",
        For::Administrators,
        &[("204", "Done")],
    ),
    operation(
        "get",
        "/admin/queue",
        "The write queue and its jobs",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/admin/audit",
        "What was recorded of requests",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/admin/events",
        "A live stream of events (server-sent events)",
        For::Administrators,
        OK,
    ),
    operation(
        "get",
        "/internal/cache-stats",
        "What the response cache did",
        For::Administrators,
        OK,
    ),
    operation(
        "post",
        "/internal/cache/invalidate",
        "Throws answers away on every instance",
        For::Administrators,
        OK,
    ),
];

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
            "schemas": {"Error": {
                "type": "object",
                "required": ["code", "message", "details", "hint"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "details": {},
                    "hint": {"type": ["string", "null"]},
                },
            }},
        },
    })
}

impl Operation {
    fn describe(&self) -> Value {
        let answers = self
            .answers
            .iter()
            .map(|(status, text)| ((*status).to_owned(), json!({"description": text})));
        let mut answers: Map<String, Value> = answers.collect();
        let error = json!({
            "description": "What is wrong, in the one shape of every error",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        });
        answers.insert("default".to_owned(), error);
        let mut described = json!({"summary": self.does, "responses": answers});
        let names = self
            .path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters: Vec<Value> = names
            .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}))
            .collect();
        if let Some(members) = described.as_object_mut() {
            if !parameters.is_empty() {
                members.insert("parameters".to_owned(), parameters.into());
            }
            if self.who != For::Everybody {
                members.insert("security".to_owned(), json!([{"bearer": []}]));
            }
            if self.who == For::Administrators {
                members.insert("tags".to_owned(), json!(["administration"]));
            }
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
}
