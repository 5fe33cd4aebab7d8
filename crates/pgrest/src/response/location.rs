//! Where the answer, or a new row, is to be found.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What a query string's values keep: letters, digits and `-_.~`.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// What a path segment keeps besides.
const SEGMENT: &AsciiSet = &QUERY
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The address of what was read.
pub(super) fn of_read(relation: &str, canonical: &str) -> String {
    let path = utf8_percent_encode(relation, SEGMENT);
    match canonical {
        "" => format!("/{path}"),
        query => format!("/{path}?{query}"),
    }
}

/// The address of a new row, from its primary key as the statement gives it.
pub(super) fn of_new(relation: &str, key: Option<&str>) -> Option<String> {
    let columns: Vec<(String, Option<String>)> = serde_json::from_str(key?).ok()?;
    if columns.is_empty() {
        return None;
    }
    let filters: Vec<_> = columns
        .iter()
        .map(|(column, value)| {
            let column = utf8_percent_encode(column, QUERY);
            match value {
                Some(value) => format!("{column}=eq.{}", utf8_percent_encode(value, QUERY)),
                None => format!("{column}=is.null"),
            }
        })
        .collect();
    let path = utf8_percent_encode(relation, SEGMENT);
    Some(format!("/{path}?{}", filters.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_row_is_where_its_key_is() {
        let key = r#"[["id","1"],["sponsor id",null],["name","a&b=c é"]]"#;
        let expected = "/r?id=eq.1&sponsor%20id=is.null&name=eq.a%26b%3Dc%20%C3%A9";
        assert_eq!(of_new("r", Some(key)).as_deref(), Some(expected));
    }

    #[test]
    fn without_a_key_a_new_row_is_nowhere() {
        for key in [None, Some("[]"), Some("nonsense")] {
            assert_eq!(of_new("r", key), None);
        }
    }

    #[test]
    fn an_answer_is_where_it_was_asked_for() {
        assert_eq!(of_read("items", ""), "/items");
        assert_eq!(of_read("my items", "id=eq.1"), "/my%20items?id=eq.1");
    }
}
