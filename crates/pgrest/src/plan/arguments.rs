//! The values of a body as arguments of their own, where PostgreSQL reads them the same.
//!
//! A function whose arguments come out of the body inside the statement cannot be inlined, and is planned anew at
//! every call. So the values of a plain object are bound one by one, as `json_to_record` would have read them: a
//! string as the text that it stands for, null as null, anything else as it is written. What is read by other
//! rules (arrays, composites, domains), or may be refused for another reason, is left to PostgreSQL as a whole.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::schema::Param;

use super::call::Argument;

/// Levels of objects and arrays inside each other; PostgreSQL's own limit is far beyond.
const MOST_LEVELS: usize = 64;

/// The arguments of a body, by name; nothing where the body is no plain object, or a parameter no scalar.
pub(super) fn of_body(params: &[Param], json: &str) -> Option<BTreeMap<String, Argument>> {
    if params.is_empty() || !params.iter().all(|param| param.scalar && !param.variadic) || !is_plain(json) {
        return None;
    }
    // Of repeated keys the last counts, here as there.
    let values: BTreeMap<String, &RawValue> = serde_json::from_str(json).ok()?;
    params
        .iter()
        .map(|param| {
            let value = values.get(&param.name)?;
            Some((param.name.clone(), argument(param, value.get())?))
        })
        .collect()
}

fn argument(param: &Param, json: &str) -> Option<Argument> {
    match json.as_bytes().first()? {
        b'n' => Some(Argument::Null),
        b'"' => {
            let text: String = serde_json::from_str(json).ok()?;
            Some(Argument::One(if is_json(param) {
                // As PostgreSQL writes it anew, with no more escapes than it needs.
                serde_json::to_string(&text).ok()?
            } else {
                text
            }))
        }
        _ => Some(Argument::One(json.to_owned())),
    }
}

fn is_json(param: &Param) -> bool {
    matches!(param.cast_type.as_str(), "json" | "jsonb")
}

/// Whether every escape is one that any database can read, and nothing is deeply nested.
fn is_plain(json: &str) -> bool {
    let (mut levels, mut in_string) = (0_usize, false);
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => in_string = !in_string,
            b'\\' if !is_plain_escape(&mut bytes) => return false,
            b'{' | b'[' if !in_string => {
                levels += 1;
                if levels > MOST_LEVELS {
                    return false;
                }
            }
            b'}' | b']' if !in_string => levels = levels.saturating_sub(1),
            _ => {}
        }
    }
    true
}

/// A zero byte is no text, halves of surrogates stand for nothing, and other letters depend on the database's
/// encoding.
fn is_plain_escape(bytes: &mut impl Iterator<Item = u8>) -> bool {
    if bytes.next() != Some(b'u') {
        return true;
    }
    let digits: Vec<u8> = bytes.take(4).collect();
    matches!(digits.as_slice(), [b'0', b'0', b'0'..=b'7', _]) && digits != b"0000"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn param(name: &str, of: &str) -> Param {
        Param {
            name: name.to_owned(),
            declared_type: of.to_owned(),
            cast_type: of.to_owned(),
            required: true,
            variadic: false,
            scalar: !of.ends_with("[]"),
        }
    }

    fn read(of: &str, json: &str) -> Option<Argument> {
        of_body(&[param("a", of)], json)?.remove("a")
    }

    fn text(of: &str, json: &str) -> String {
        match read(of, json) {
            Some(Argument::One(text)) => text,
            other => panic!("{json}: {other:?}"),
        }
    }

    #[test]
    fn a_string_is_its_text_and_anything_else_what_is_written() {
        assert_eq!(text("text", r#"{"a":"x \"\n\\\/\u0007 ä"}"#), "x \"\n\\/\u{7} ä");
        assert_eq!(
            text("numeric", r#"{"a": 12345678901234567890123.4500 }"#),
            "12345678901234567890123.4500"
        );
        assert_eq!(text("double precision", r#"{"a":-1e999}"#), "-1e999");
        assert_eq!(text("boolean", r#"{"a":true}"#), "true");
        assert_eq!(text("text", r#"{"a":{"b" : [1, 2]}}"#), r#"{"b" : [1, 2]}"#);
    }

    #[test]
    fn json_stays_json() {
        assert_eq!(
            text("json", r#"{"a":"x\/\u0041\u001f\"\n"}"#),
            r#""x/A\u001f\"\n""#
        );
        assert_eq!(text("jsonb", r#"{"a":{"b" :1.50}}"#), r#"{"b" :1.50}"#);
        assert_eq!(read("jsonb", r#"{"a":null}"#), Some(Argument::Null));
    }

    #[test]
    fn the_last_of_repeated_keys_counts() {
        assert_eq!(text("integer", r#"{"a":1,"\u0061":2}"#), "2");
        assert_eq!(read("integer", r#"{"a":1,"a":null}"#), Some(Argument::Null));
    }

    #[test]
    fn what_postgresql_must_judge_itself_is_left_to_it() {
        let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(64), "]".repeat(64));
        for json in [
            r#"{"a":"\u0000"}"#,
            r#"{"a":1,"a":"\ud83d\ude00"}"#,
            r#"{"a":"\u00e4"}"#,
            r#"{"a":{"b":"\uDC00"}}"#,
            r#"[{"a":1}]"#,
            r#"{"b":1}"#,
            &deep,
        ] {
            assert_eq!(read("json", json), None, "{json}");
        }
        assert_eq!(read("integer[]", r#"{"a":[1]}"#), None);
        let nested = format!(r#"{{"a":{}{}}}"#, "[".repeat(63), "]".repeat(63));
        assert!(read("json", &nested).is_some());
        assert!(read("text", r#"{"a":"[[[ \\u0000 {{{"}"#).is_some());
    }
}
