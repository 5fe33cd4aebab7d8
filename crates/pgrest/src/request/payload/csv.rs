//! CSV bodies, turned into the JSON array they stand for.

use serde_json::{Map, Value};

use super::{Payload, invalid};
use crate::error::RequestError;

/// Reads lines under a header line; `NULL` is null, anything else is text.
pub(super) fn read(body: &[u8]) -> Result<Payload, RequestError> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(body);
    let header: Vec<String> = reader
        .headers()
        .map_err(malformed)?
        .iter()
        .map(ToOwned::to_owned)
        .collect();
    if header.is_empty() {
        return Err(invalid("Empty or invalid csv"));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        rows.push(row(&header, &record.map_err(malformed)?)?);
    }
    Ok(Payload::Json {
        keys: match rows.is_empty() {
            true => std::collections::BTreeSet::new(),
            false => header.into_iter().collect(),
        },
        text: Value::Array(rows).to_string(),
    })
}

fn row(header: &[String], record: &csv::StringRecord) -> Result<Value, RequestError> {
    if record.len() < header.len() {
        return Err(invalid("All lines must have same number of fields"));
    }
    let object: Map<String, Value> = header
        .iter()
        .zip(record)
        .map(|(name, field)| (name.clone(), value(field)))
        .collect();
    Ok(Value::Object(object))
}

fn value(field: &str) -> Value {
    match field {
        "NULL" => Value::Null,
        _ => Value::String(field.to_owned()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn malformed(error: csv::Error) -> RequestError {
    invalid(format!("Empty or invalid csv: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> Result<String, RequestError> {
        read(body.as_bytes()).map(|payload| payload.text().unwrap_or_default().to_owned())
    }

    #[test]
    fn lines_become_objects() {
        let expected = r#"[{"a":"1","b":"hi"},{"a":"2","b":null}]"#;
        assert_eq!(text("a,b\n1,hi\n2,NULL\n").unwrap(), expected);
        assert_eq!(text("a,b\r\n1,hi\r\n\r\n2,NULL").unwrap(), expected);
    }

    #[test]
    fn quotes_hold_separators_and_lines() {
        assert_eq!(text("a\n\"x,\"\"y\"\"\nz\"").unwrap(), r#"[{"a":"x,\"y\"\nz"}]"#);
    }

    #[test]
    fn short_lines_are_refused() {
        let refusal = invalid("All lines must have same number of fields");
        assert_eq!(text("a,b\nfoo,bar\nbaz"), Err(refusal));
    }

    #[test]
    fn a_header_alone_is_no_rows() {
        assert_eq!(text("a,b\n").unwrap(), "[]");
    }

    #[test]
    fn nothing_and_bad_utf8_are_refused() {
        assert!(read(b"").is_err());
        assert!(read(b"a\n\xff\n").is_err());
    }
}
