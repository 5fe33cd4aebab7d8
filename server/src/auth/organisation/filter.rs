//! Organisations that a query names in filters on a column, wherever in it they stand.
//!
//! Read as text, because the same rules hold before services whose requests Seawall
//! does not parse. Where the text is doubtful it names too much rather than too little.

use percent_encoding::percent_decode_str;

/// Adds every value that the query compares the column with.
pub(super) fn named(query: &str, column: &str, into: &mut Vec<String>) {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (key, value) = (form_decoded(key), form_decoded(value));
        if is_column(&key, column) {
            of_filter(&value, into);
        } else if is_logic(&key) {
            of_logic(&value, column, into);
        }
    }
}

/// `org_id`, `projects.org_id`, `"org_id"`.
fn is_column(key: &str, column: &str) -> bool {
    let last = key.rsplit('.').next().unwrap_or(key);
    last.trim().trim_matches('"') == column
}

/// `or`, `not.and`, `projects.or`.
fn is_logic(key: &str) -> bool {
    matches!(key.rsplit('.').next(), Some("or" | "and"))
}

/// `eq.red`, `not.in.(red,blue)`, `eq(any).{red,blue}`; a value without an operator is taken as one.
fn of_filter(value: &str, into: &mut Vec<String>) {
    let value = value.strip_prefix("not.").unwrap_or(value);
    match value.split_once('.') {
        Some(("eq", one)) => into.push(unquoted(one)),
        Some(("in" | "eq(any)" | "eq(all)", many)) => list(many, into),
        // It names nobody's organisation: what it finds is decided by policies.
        Some(_) => {}
        None => into.push(unquoted(value)),
    }
}

/// Every `org_id.eq.red` inside `(a.eq.1,and(org_id.in.(red,blue),…))`.
fn of_logic(value: &str, column: &str, into: &mut Vec<String>) {
    for spelling in [format!("{column}."), format!("\"{column}\".")] {
        for (at, found) in value.match_indices(&spelling) {
            let before = value.get(..at).unwrap_or_default().chars().next_back();
            if before.is_none_or(|letter| matches!(letter, '(' | ',' | '.') || letter.is_whitespace()) {
                let after = value.get(at + found.len()..).unwrap_or_default();
                of_filter(first_operand(after), into);
            }
        }
    }
}

/// Up to the comma or the parenthesis that ends a condition.
fn first_operand(text: &str) -> &str {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' | '{' if !quoted => depth += 1,
            ')' | '}' if !quoted && depth > 0 => depth -= 1,
            ')' | ',' if !quoted && depth == 0 => return text.get(..at).unwrap_or(text),
            _ => {}
        }
    }
    text
}

/// `(red,"a,b")` or `{red,blue}`.
fn list(text: &str, into: &mut Vec<String>) {
    let inside = text
        .trim()
        .trim_start_matches(['(', '{'])
        .trim_end_matches([')', '}']);
    let mut rest = inside;
    while !rest.is_empty() {
        let item = first_operand(rest);
        into.push(unquoted(item));
        rest = rest
            .get(item.len()..)
            .and_then(|rest| rest.get(1..))
            .unwrap_or_default();
    }
}

fn unquoted(text: &str) -> String {
    let text = text.trim();
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inside) => inside.replace("\\\"", "\"").replace("\\\\", "\\"),
        None => text.to_owned(),
    }
}

/// Percent-decoded, and a plus is a space, as forms are written.
fn form_decoded(text: &str) -> String {
    decoded(&text.replace('+', " "))
}

/// Percent-decoded.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn read(query: &str) -> Vec<String> {
        let mut named = Vec::new();
        super::named(query, "org_id", &mut named);
        named
    }

    #[test]
    fn every_way_to_name_one_is_seen() {
        for query in [
            "org_id=eq.red",
            "org_id=not.eq.red",
            "select=*&org_id=in.(red)",
            "projects.org_id=eq.red",
            "org%5Fid=eq.%72ed",
            "%22org_id%22=eq.red",
            "org_id=eq(any).{red}",
            "org_id=in.(%22red%22)",
            "or=(org_id.eq.red,name.eq.x)",
            "and=(name.eq.x,or(org_id.in.(red),b.is.null))",
            "not.or=(org_id.eq.red)",
            "or=(name.eq.x, org_id.eq.red)",
            "projects.or=(org_id.eq.red)",
            "or=(not.and(a.eq.1,org_id.not.eq.red))",
            "or=(\"org_id\".eq.red)",
            "org_id=red",
        ] {
            assert_eq!(read(query), ["red"], "{query}");
        }
        assert_eq!(read("org_id=in.(red,\"a,b\",blue)"), ["red", "a,b", "blue"]);
        assert_eq!(read("org_id=eq.red&org_id=eq.blue"), ["red", "blue"]);
    }

    #[test]
    fn what_names_none_is_left_to_policies() {
        for query in [
            "",
            "select=org_id",
            "order=org_id.desc",
            "org_id=neq.red",
            "org_id=is.null",
            "my_org_id=eq.red",
            "or=(my_org_id.eq.red)",
            "org_id=like.r*",
        ] {
            assert_eq!(read(query), [] as [&str; 0], "{query}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(query in ".{0,80}") {
            read(&query);
        }

        #[test]
        fn a_name_is_seen_whatever_stands_around_it(before in "[a-z=&.(),%]{0,20}", after in "[a-z=&.(),%]{0,20}") {
            let query = format!("{before}&org_id=eq.red&{after}");
            prop_assert!(read(&query).contains(&"red".to_owned()));
        }
    }
}
