//! PostgreSQL's types in Swagger's words.

use serde_json::{Map, Value, json};

/// Swagger's word for a type; none for JSON, which may be anything.
pub(super) fn word(pg_type: &str) -> Option<&'static str> {
    match pg_type {
        "json" | "jsonb" => None,
        "boolean" => Some("boolean"),
        "smallint" | "integer" | "bigint" => Some("integer"),
        "numeric" | "real" | "double precision" => Some("number"),
        _ if pg_type.ends_with("[]") => Some("array"),
        _ => Some("string"),
    }
}

/// Swagger's format of a type: the type itself, but for integers.
pub(super) fn format(pg_type: &str) -> &str {
    match pg_type {
        "smallint" | "integer" => "int32",
        "bigint" => "int64",
        _ => pg_type,
    }
}

/// The element type of an array.
pub(super) fn element(pg_type: &str) -> &str {
    pg_type.strip_suffix("[]").unwrap_or(pg_type)
}

/// A property of a type.
pub(super) fn property(pg_type: &str) -> Map<String, Value> {
    let mut property = Map::new();
    property.insert("format".to_owned(), json!(format(pg_type)));
    if let Some(word) = word(pg_type) {
        property.insert("type".to_owned(), json!(word));
    }
    if word(pg_type) == Some("array") {
        let items = match word(element(pg_type)) {
            Some(word) => json!({ "type": word }),
            None => json!({}),
        };
        property.insert("items".to_owned(), items);
    }
    property
}

/// A column's default, where it is a plain value.
pub(super) fn default(pg_type: &str, default: &str) -> Option<Value> {
    if word(pg_type) != Some("string") {
        return serde_json::from_str(default).ok();
    }
    let cast = format!("::{pg_type}");
    let text = match default.strip_suffix(&cast) {
        Some(literal) => literal.trim_matches('\''),
        None => default,
    };
    Some(json!(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_have_items() {
        let expected = json!({ "format": "integer[]", "type": "array", "items": { "type": "integer" } });
        assert_eq!(Value::Object(property("integer[]")), expected);
        let expected = json!({ "format": "jsonb[]", "type": "array", "items": {} });
        assert_eq!(Value::Object(property("jsonb[]")), expected);
    }

    #[test]
    fn defaults_are_plain_values() {
        assert_eq!(default("text", "'it''s'::text"), Some(json!("it''s")));
        assert_eq!(default("date", "'1900-01-01'::date"), Some(json!("1900-01-01")));
        assert_eq!(default("integer", "42"), Some(json!(42)));
        assert_eq!(default("boolean", "false"), Some(json!(false)));
        assert_eq!(default("integer", "nextval('s'::regclass)"), None);
    }
}
