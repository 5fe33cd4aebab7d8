//! Complaints about malformed parameters, word for word.
//!
//! A line of the file names the parameter's kind and its text; the line below says where it goes wrong and why.
//! `SEAWALL_BLESS=1` writes the complaints anew.

use seawall_pgrest::request::grammar::{self, SyntaxError};

#[test]
fn complaints_are_word_for_word() {
    let path = format!("{}/tests/requests/syntax.txt", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::read_to_string(&path).expect("the file of complaints");
    let mut blessed = String::new();
    let mut lines = file.lines();
    while let Some(input) = lines.next() {
        if input.is_empty() {
            blessed.push('\n');
            continue;
        }
        let complaint = complaint(input);
        blessed.push_str(&format!("{input}\n{complaint}\n"));
        if std::env::var_os("SEAWALL_BLESS").is_none() {
            assert_eq!(lines.next(), Some(complaint.as_str()), "{input}");
        } else {
            lines.next();
        }
    }
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(&path, blessed).expect("the file of complaints can be written");
    }
}

fn complaint(input: &str) -> String {
    let (kind, text) = input.split_once(": ").expect("a kind and a text");
    let error = parse(kind, text).expect_err(input);
    let shown = format!("\"failed to parse {} ({text})\" (line 1, column ", title(kind));
    let column = error
        .message
        .strip_prefix(&shown)
        .and_then(|rest| rest.strip_suffix(')'))
        .expect("a position");
    format!("  {column} {}", error.details)
}

fn parse(kind: &str, text: &str) -> Result<(), SyntaxError> {
    match kind {
        "select" => grammar::select(text).map(drop),
        "columns" => grammar::columns(text).map(drop),
        "on_conflict" => grammar::on_conflict(text).map(drop),
        "order" => grammar::order(text).map(drop),
        "filter" => grammar::operation(text).map(drop),
        "argument" => grammar::operation_or_argument(text).map(drop),
        "key" => grammar::tree_path(text).map(drop),
        "and" => grammar::logic("and", text).map(drop),
        "or" => grammar::logic("or", text).map(drop),
        "logic key" => grammar::logic(text, "(a.eq.1)").map(drop),
        _ => Ok(()),
    }
}

fn title(kind: &str) -> &str {
    match kind {
        "select" => "select parameter",
        "columns" => "columns parameter",
        "on_conflict" => "on_conflict parameter",
        "argument" => "filter",
        "key" => "tree path",
        "and" | "or" => "logic tree",
        "logic key" => "logic path",
        same => same,
    }
}
