//! Whatever a request holds, none of it reaches SQL text unquoted, and no value reaches it at all.
//!
//! The input is a line that chooses method and path, a line of query string, and a body.

#![no_main]

use std::sync::LazyLock;

use http::{HeaderMap, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use seawall_pgrest::{
    plan::{Bounds, Plan, PlanConfig, Relations},
    request::{ApiRequest, Filter, LogicTree, Operation, RawRequest, RequestConfig},
    schema::SchemaCache,
    sql,
};

static CACHE: LazyLock<SchemaCache> = LazyLock::new(|| {
    let catalogue = include_str!("../../tests/sql/catalogue.json");
    let catalogue = serde_json::from_str(catalogue).expect("the catalogue is JSON");
    SchemaCache::new(catalogue, &["api".to_owned()])
});

const TARGETS: [(Method, &str); 8] = [
    (Method::GET, "/films"),
    (Method::POST, "/films"),
    (Method::PATCH, "/films"),
    (Method::PUT, "/films"),
    (Method::DELETE, "/films"),
    (Method::GET, "/directors"),
    (Method::GET, "/rpc/add"),
    (Method::POST, "/rpc/add"),
];

/// A value no statement of ours contains.
const MARK: &str = "\u{3a9}mark";

fuzz_target!(|input: &str| {
    let Some((choice, rest)) = input.split_once('\n') else {
        return;
    };
    let (query, body) = rest.split_once('\n').unwrap_or((rest, ""));
    let choice = choice.bytes().next().map_or(0, usize::from);
    let (method, path) = &TARGETS[choice % TARGETS.len()];
    let headers = headers(choice / TARGETS.len());
    let config = RequestConfig {
        schemas: vec!["api".to_owned()],
        ..RequestConfig::default()
    };
    let raw = RawRequest {
        method,
        path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    };
    if let Ok(request) = ApiRequest::parse(&config, raw) {
        check(request);
    }
});

fn headers(choice: usize) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let prefer = match choice % 4 {
        0 => return headers,
        1 => "return=representation, count=exact",
        2 => "resolution=merge-duplicates, return=headers-only, missing=default",
        _ => "count=estimated, handling=strict, max-affected=3",
    };
    headers.insert("prefer", HeaderValue::from_static(prefer));
    headers
}

fn check(mut request: ApiRequest) {
    let Some(text) = text(&request) else {
        return;
    };
    lexically_sound(&text);
    blank(&mut request);
    let blanked = self::text(&request).expect("a plan does not depend on values");
    assert_eq!(text, blanked, "a value reached the text");
}

fn text(request: &ApiRequest) -> Option<String> {
    let config = PlanConfig {
        aggregates: Relations::All,
        bounds: Bounds {
            max_rows: Some(100),
            ..Bounds::default()
        },
        plan_enabled: true,
        ..PlanConfig::default()
    };
    let plan = Plan::new(request, &CACHE, &config).ok()?;
    let mut text = sql::statement(&plan)?.text;
    if let Some(guess) = sql::count::explained(&plan) {
        text.push('\n');
        text.push_str(&guess.text);
    }
    Some(text)
}

/// Outside quotes there is nothing that ends a statement or hides a part of it, and every quote is closed.
fn lexically_sound(text: &str) {
    let mut outside = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let (before, quoted) = rest.split_at(at);
        outside.push_str(before);
        let escapes = before.ends_with('E');
        rest = after_quoted(quoted, escapes);
        outside.push(' ');
    }
    outside.push_str(rest);
    for forbidden in [";", "--", "/*", "*/", "\\", "\0", "$$"] {
        assert!(!outside.contains(forbidden), "{forbidden} outside quotes: {text}");
    }
    let depth = outside.chars().fold(0_i64, |depth, c| match c {
        '(' => depth + 1,
        ')' => depth - 1,
        _ => depth,
    });
    assert_eq!(depth, 0, "unbalanced parentheses: {text}");
}

/// What follows a quoted name or literal, which doubles its quotes, and escapes them after `E`.
fn after_quoted(text: &str, escapes: bool) -> &str {
    let quote = text.chars().next().expect("a quote");
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if escapes && c == '\\' {
            chars.next();
        } else if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
            } else {
                return &text[at + quote.len_utf8()..];
            }
        }
    }
    panic!("an open quote: {text}");
}

/// Puts another value in the place of each that is a value and no name.
fn blank(request: &mut ApiRequest) {
    for filter in &mut request.query.filters {
        blank_filter(&mut filter.item);
    }
    for tree in &mut request.query.logic {
        blank_tree(&mut tree.item);
    }
    for (_, value) in &mut request.query.params {
        MARK.clone_into(value);
    }
}

fn blank_tree(tree: &mut LogicTree) {
    match tree {
        LogicTree::Group { children, .. } => children.iter_mut().for_each(blank_tree),
        LogicTree::Filter(filter) => blank_filter(filter),
    }
}

fn blank_filter(filter: &mut Filter) {
    match &mut filter.operation {
        Operation::Quant { value, .. }
        | Operation::Binary { value, .. }
        | Operation::IsDistinct(value)
        | Operation::FullText { value, .. } => MARK.clone_into(value),
        // an empty list is a case of its own
        Operation::In(values) => {
            for value in values.iter_mut().filter(|value| !value.is_empty()) {
                MARK.clone_into(value);
            }
        }
        Operation::Is(_) => {}
    }
}
