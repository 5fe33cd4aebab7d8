//! What bodies and parameters look like, as the handlers read them.

use serde_json::{Value, json};

/// Every schema that has a name.
pub(super) fn all() -> Value {
    json!({
        "Error": {
            "type": "object",
            "required": ["code", "message", "details", "hint"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {},
                "hint": {"type": ["string", "null"]},
            },
        },
        "Ended": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "properties": {
                "token": {"type": "string", "description": "the token itself"},
                "session": {"type": "string", "minLength": 1, "description": "a session's id"},
                "user": {"type": "string", "minLength": 1, "description": "a user's id"},
            },
            "additionalProperties": false,
        },
        "Force": {
            "type": "object",
            "required": ["force"],
            "properties": {"force": {"enum": ["open", "closed", "disable", "reset"]}},
            "additionalProperties": false,
        },
        "Quota": {
            "type": "object",
            "required": ["limit", "window"],
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32},
                "window": {"type": "integer", "minimum": 1, "maximum": 4_294_967_295_u32, "description": "Milliseconds"},
            },
            "additionalProperties": false,
        },
        "Adjustment": {
            "type": "object",
            "properties": {
                "general": {"$ref": "#/components/schemas/Quota"},
                "expensive": {"$ref": "#/components/schemas/Quota"},
            },
            "additionalProperties": false,
        },
        "Invalidation": invalidation(),
        "Batch": batch(),
    })
}

fn invalidation() -> Value {
    let texts = json!({"type": "array", "items": {"type": "string"}});
    json!({
        "type": "object",
        "properties": {
            "tables": texts, "tags": texts, "keys": texts, "patterns": texts, "users": texts,
            "everything": {"type": "boolean"},
        },
        "additionalProperties": false,
    })
}

fn batch() -> Value {
    let count = json!({"type": "integer", "minimum": 0, "maximum": 1_000_000});
    // One that does not exist is left out.
    let place = json!({"type": "integer", "minimum": 0});
    let counts = json!({"type": "object", "additionalProperties": count});
    let latencies = json!({
        "type": "object",
        "required": ["buckets"],
        "properties": {"buckets": {"type": "array", "items": {
            "type": "array", "prefixItems": [place, count], "minItems": 2, "maxItems": 2,
        }}},
    });
    let endpoint = json!({
        "type": "object",
        "required": ["service", "class", "endpoint", "succeeded", "calls", "latency", "queue"],
        "properties": {
            "service": {"type": "string"}, "class": {"type": "string"}, "endpoint": {"type": "string"},
            "succeeded": count, "calls": count, "retries": count,
            "failures": counts, "joined": counts, "cache": counts,
            "latency": latencies, "queue": latencies,
        },
    });
    json!({
        "type": "object",
        "required": ["version", "page", "sequence"],
        "properties": {
            "version": {"const": 1},
            "page": {"type": "string", "minLength": 1, "maxLength": 128, "description": "At most 128 bytes"},
            "sequence": {"type": "integer", "minimum": 0, "maximum": u64::MAX},
            "dropped": count,
            "endpoints": {"type": "array", "description": "At most 256", "items": endpoint},
            "transitions": {"type": "array", "description": "At most 256", "items": {
                "type": "object",
                "required": ["to", "count"],
                "properties": {"to": {"type": "string"}, "count": count},
            }},
        },
    })
}

/// A parameter in the path.
pub(super) fn of_path(path: &str, name: &str) -> Value {
    match name {
        "id" => json!({"type": "string", "format": "uuid"}),
        "key" => json!({"type": "string", "pattern": "^[0-9a-f]{32}$"}),
        _ if path.contains("breakers") => {
            json!({"enum": crate::breakers::Dependency::ALL.map(|one| one.name())})
        }
        _ => json!({"type": "string"}),
    }
}

/// A parameter after the path.
pub(super) fn of_query(name: &str) -> Value {
    match name {
        "from" | "to" => json!({"type": "string", "format": "date-time"}),
        "before" => json!({"type": "string", "format": "uuid"}),
        "status" => json!({"type": "integer", "minimum": 0, "maximum": 65_535}),
        "limit" => json!({"type": "integer", "minimum": 0, "maximum": 4_294_967_295_u32}),
        _ => json!({"type": "string"}),
    }
}
