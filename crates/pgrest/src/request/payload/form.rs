//! Form bodies.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Payload, invalid};
use crate::{error::RequestError, request::query};

/// A row: an object of texts, of repeated names the last.
pub(super) fn as_object(body: &[u8]) -> Result<Payload, RequestError> {
    let object: Map<String, Value> = pairs(body)?
        .into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect();
    Ok(Payload::Json {
        keys: object.keys().cloned().collect(),
        text: Value::Object(object).to_string(),
    })
}

/// A function's arguments, repeats kept.
pub(super) fn as_arguments(body: &[u8]) -> Result<Payload, RequestError> {
    let pairs = pairs(body)?;
    let keys: BTreeSet<String> = pairs.iter().map(|(name, _)| name.clone()).collect();
    Ok(Payload::Form { pairs, keys })
}

fn pairs(body: &[u8]) -> Result<Vec<(String, String)>, RequestError> {
    let decoded = std::str::from_utf8(body).ok().and_then(query::pairs);
    let pairs = decoded.ok_or_else(|| invalid("Empty or invalid form"))?;
    Ok(pairs
        .into_iter()
        .map(|(name, value)| (name, value.unwrap_or_default()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_repeated_names_a_row_takes_the_last_and_a_call_all() {
        let body = b"a=1&b=x+y%26&a=2&c";
        let Payload::Json { text, .. } = as_object(body).unwrap() else {
            panic!("a row is JSON");
        };
        assert_eq!(text, r#"{"a":"2","b":"x y&","c":""}"#);
        let Payload::Form { pairs, .. } = as_arguments(body).unwrap() else {
            panic!("arguments are pairs");
        };
        assert_eq!(pairs.len(), 4);
    }

    #[test]
    fn bad_utf8_and_zero_characters_are_refused() {
        assert!(as_object(b"a=%ff").is_err());
        assert!(as_arguments(b"a=%00").is_err());
        assert!(as_arguments(b"\xff").is_err());
    }
}
