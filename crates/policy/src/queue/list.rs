//! The lists of `in` filters: written so that any text survives, and read back.

/// Writes `in.(…)`; what is more than letters, digits, `_` and `-` is quoted.
#[must_use]
pub fn write<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::from("in.(");
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        push(&mut text, value);
    }
    text.push(')');
    text
}

/// One element as [`write()`] writes it.
pub(crate) fn push(text: &mut String, value: &str) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if !value.is_empty() && value.bytes().all(plain) {
        text.push_str(value);
        return;
    }
    text.push('"');
    for character in value.chars() {
        if character == '"' || character == '\\' {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
}

/// Reads `in.(…)` as PostgREST does; `None` where it is no such list, or has quotes where PostgREST and others
/// might read them differently.
#[must_use]
pub fn read(text: &str) -> Option<Vec<String>> {
    let mut rest = text.as_bytes().strip_prefix(b"in.(")?.strip_suffix(b")")?.iter();
    let mut values = Vec::new();
    let mut next = rest.next();
    loop {
        let mut value = Vec::new();
        if next == Some(&b'"') {
            loop {
                match rest.next()? {
                    b'"' => break,
                    b'\\' => value.push(*rest.next()?),
                    other => value.push(*other),
                }
            }
            next = rest.next();
        } else {
            while let Some(byte) = next.filter(|byte| **byte != b',') {
                if matches!(byte, b'"' | b'(' | b')' | b'\\') {
                    return None;
                }
                value.push(*byte);
                next = rest.next();
            }
            if value.is_empty() {
                return None;
            }
        }
        values.push(String::from_utf8(value).ok()?);
        match next {
            None => return Some(values),
            Some(b',') => next = rest.next(),
            Some(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_values_stay_plain() {
        assert_eq!(write(["1", "a_b-c"]), "in.(1,a_b-c)");
    }

    #[test]
    fn everything_else_is_quoted() {
        assert_eq!(
            write(["a,b", "(c)", "\"d\"", "e\\f", "", "é", "1.5"]),
            r#"in.("a,b","(c)","\"d\"","e\\f","","é","1.5")"#
        );
    }

    #[test]
    fn what_was_written_is_read_back() {
        let values = ["a,b", "(c)", "\"d\"", "e\\f", "", "é", "1.5", "7", " x "];
        assert_eq!(read(&write(values)).unwrap(), values);
    }

    #[test]
    fn other_filters_are_no_lists() {
        for text in [
            "eq.1",
            "not.in.(1)",
            "in.(1",
            "in.()",
            "in.(a\"b)",
            "in.(\"a\"b)",
            "in.(a,)",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
