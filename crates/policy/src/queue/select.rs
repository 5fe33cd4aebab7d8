//! What a `select` gives: by which name a column stands in the answer, and whether rows are still rows.

use super::text;

/// The name a column has in the rows of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// It is there, by this name.
    As(String),
    /// It is not there.
    Missing,
}

/// By which name a column is shown under a `select`; `None` where the select makes of rows something else
/// (aggregates) or is written in a way not understood here.
#[must_use]
pub fn shown(select: Option<&str>, column: &str) -> Option<Shown> {
    let Some(select) = select else {
        return Some(Shown::As(column.to_owned()));
    };
    if select.trim_ascii().is_empty() || text::holds(select, b"()") {
        return None;
    }
    let items = items(select)?;
    for item in &items {
        if *item == "*" || *item == column {
            return Some(Shown::As(column.to_owned()));
        }
        let (alias, name) = text::cut(item, b':');
        if name == Some(column) && is_name(alias) {
            return Some(Shown::As(alias.to_owned()));
        }
    }
    Some(Shown::Missing)
}

/// A plain column: letters, digits, underscores.
#[must_use]
pub fn is_name(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !text.is_empty() && !text.as_bytes().first().is_some_and(u8::is_ascii_digit) && text.bytes().all(word)
}

/// The items at the top, without the spaces around them.
fn items(select: &str) -> Option<Vec<&str>> {
    let mut depth = 0_i32;
    let mut quoted = false;
    let mut items = Vec::new();
    let mut start = 0;
    for (at, byte) in select.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'(' => depth += 1,
            b')' => depth -= 1,
            b',' if depth == 0 => {
                items.push(select.get(start..at)?.trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
        if depth < 0 {
            return None;
        }
    }
    items.push(select.get(start..)?.trim_ascii());
    (depth == 0 && !quoted).then_some(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Option<Shown> {
        Some(Shown::As(name.to_owned()))
    }

    #[test]
    fn a_column_is_found_by_the_name_it_is_shown_by() {
        assert_eq!(shown(None, "id"), named("id"));
        assert_eq!(shown(Some("*"), "id"), named("id"));
        assert_eq!(shown(Some("name, id"), "id"), named("id"));
        assert_eq!(shown(Some("name,key:id"), "id"), named("key"));
        assert_eq!(shown(Some("*,author(id)"), "id"), named("id"));
    }

    #[test]
    fn a_cast_a_path_or_an_embedded_column_is_not_the_column() {
        for select in [
            "id::text",
            "a:id::text",
            "id->x",
            "author(id)",
            "name",
            "author:id(name)",
        ] {
            assert_eq!(shown(Some(select), "id"), Some(Shown::Missing), "{select}");
        }
    }

    #[test]
    fn aggregates_and_broken_lists_are_not_understood() {
        for select in ["count()", "id,amount.sum()", "", " ", "a(b", "a)b,c("] {
            assert_eq!(shown(Some(select), "id"), None, "{select}");
        }
    }
}
