//! JSON bodies: only their outline is read, in one pass and without building a tree.
//!
//! Values are skipped without recursion, so depth costs nothing here.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Payload, invalid};
use crate::error::RequestError;

/// Takes a body whose keys do not matter; PostgreSQL will say if it is no JSON.
pub(super) fn unread(body: &[u8]) -> Result<Payload, RequestError> {
    text(body).map(Payload::RawJson)
}

/// Reads a body's outline. A scalar stands for no rows at all.
pub(super) fn read(body: &[u8]) -> Result<Payload, RequestError> {
    let text = text(body)?;
    match serde_json::from_str(&text).map_err(|_| malformed())? {
        Outline::Uniform(keys) => Ok(Payload::Json { text, keys }),
        Outline::Ragged => Err(invalid("All object keys must match")),
        Outline::Nothing => Ok(Payload::Json {
            text: "[]".to_owned(),
            keys: BTreeSet::new(),
        }),
    }
}

fn text(body: &[u8]) -> Result<String, RequestError> {
    std::str::from_utf8(body)
        .map(ToOwned::to_owned)
        .map_err(|_| malformed())
}

fn malformed() -> RequestError {
    invalid("Empty or invalid json")
}

/// What a body is, seen from outside.
enum Outline {
    /// An object, or objects with the same keys.
    Uniform(BTreeSet<String>),
    /// An array that holds something else.
    Ragged,
    /// A scalar, or an empty array.
    Nothing,
}

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Outline, A::Error> {
        keys(map).map(Outline::Uniform)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Outline, A::Error> {
        let mut first: Option<BTreeSet<String>> = None;
        let mut ragged = false;
        while let Some(row) = rows.next_element::<Row>()? {
            match (row, &first) {
                (Row::Object(keys), None) => first = Some(keys),
                (Row::Object(keys), Some(first)) => ragged |= keys != *first,
                (Row::Other, _) => ragged = true,
            }
        }
        Ok(match first {
            _ if ragged => Outline::Ragged,
            Some(keys) => Outline::Uniform(keys),
            None => Outline::Nothing,
        })
    }

    fn visit_unit<E>(self) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }

    fn visit_str<E>(self, _: &str) -> Result<Outline, E> {
        Ok(Outline::Nothing)
    }
}

/// One element of an array.
enum Row {
    Object(BTreeSet<String>),
    Other,
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Row;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row, A::Error> {
        keys(map).map(Row::Object)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Row, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Row::Other)
    }

    fn visit_unit<E>(self) -> Result<Row, E> {
        Ok(Row::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Row, E> {
        Ok(Row::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Row, E> {
        Ok(Row::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Row, E> {
        Ok(Row::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Row, E> {
        Ok(Row::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Row, E> {
        Ok(Row::Other)
    }
}

fn keys<'de, A: MapAccess<'de>>(mut map: A) -> Result<BTreeSet<String>, A::Error> {
    let mut keys = BTreeSet::new();
    while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
        keys.insert(key);
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outline(text: &str) -> Result<Vec<String>, RequestError> {
        let Payload::Json { keys, .. } = read(text.as_bytes())? else {
            panic!("what was looked at is JSON");
        };
        Ok(keys.into_iter().collect())
    }

    #[test]
    fn keys_are_those_of_the_object_or_of_every_object() {
        assert_eq!(outline(r#"{"b":[1,{"c":2}],"a":null}"#).unwrap(), ["a", "b"]);
        assert_eq!(outline(r#"[{"a":1,"b":2},{"b":3,"a":4}]"#).unwrap(), ["a", "b"]);
        assert_eq!(outline(r#"[{},{}]"#).unwrap(), Vec::<String>::new());
    }

    #[test]
    fn arrays_of_anything_else_are_ragged() {
        for text in [
            r#"[{"a":1},{"b":1}]"#,
            r#"[{"a":1},3]"#,
            "[1]",
            "[[]]",
            "[null]",
            r#"["x"]"#,
            "[true]",
        ] {
            assert_eq!(
                outline(text),
                Err(invalid("All object keys must match")),
                "{text}"
            );
        }
    }

    #[test]
    fn scalars_and_empty_arrays_are_no_rows() {
        for text in ["[]", "1", "-1", "1.5", "\"x\"", "null", "true", " [ ] "] {
            let payload = read(text.as_bytes()).unwrap();
            assert_eq!(payload.text(), Some("[]"), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "}{ x = 2",
            "{\"a\":1",
            "[1,]",
            "{\"a\":1} x",
            "{'a':1}",
            "\u{feff}{}",
        ] {
            assert_eq!(outline(text), Err(malformed()), "{text}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}"), Err(malformed()));
    }

    #[test]
    fn the_text_reaches_the_database_as_it_was_sent() {
        let sent = " {\"n\": 12345678901234567890123.4500, \"n\": 1e999} ";
        let payload = read(sent.as_bytes()).unwrap();
        assert_eq!(payload.text(), Some(sent));
    }

    #[test]
    fn depth_overflows_no_stack() {
        let depth = 500_000;
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(outline(&deep).unwrap(), ["a"]);
        let deep = format!("[{}{}]", "[".repeat(depth), "]".repeat(depth));
        assert!(outline(&deep).is_err());
    }
}
