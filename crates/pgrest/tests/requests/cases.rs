//! Whole requests, and what they are understood to ask.
//!
//! Cases are separated by a line of `====`: a line that says what it shows, after `#`; the request line; headers;
//! perhaps a blank line and a body; a line of `----`; and the outcome. `SEAWALL_BLESS=1` writes the outcomes anew, to be read before they are committed.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use seawall_pgrest::{
    error::Verbosity,
    request::{ApiRequest, Payload, Preferences, RawRequest, RequestConfig, RowRange, SelectItem},
};

use crate::print;

const FILES: [&str; 4] = ["reads", "writes", "calls", "refusals"];
const BETWEEN: &str = "\n====\n";
const EXPECTED: &str = "\n----\n";

#[test]
fn requests_are_understood_as_written() {
    for name in FILES {
        let path = format!("{}/tests/requests/cases/{name}.txt", env!("CARGO_MANIFEST_DIR"));
        let file = std::fs::read_to_string(&path).expect("a case file");
        if std::env::var_os("SEAWALL_BLESS").is_some() {
            std::fs::write(&path, rewritten(&file)).expect("the case file can be written");
            continue;
        }
        for block in file.trim_end().split(BETWEEN) {
            let (source, expected) = block.split_once(EXPECTED).expect("an outcome");
            assert_eq!(
                outcome(source).trim_end(),
                expected.trim_end(),
                "{name}: {source}"
            );
        }
    }
}

fn rewritten(file: &str) -> String {
    let blocks: Vec<String> = file
        .trim_end()
        .split(BETWEEN)
        .map(|block| {
            let source = block
                .split_once(EXPECTED)
                .map_or(block, |(source, _)| source)
                .trim_end();
            format!("{source}{EXPECTED}{}", outcome(source))
        })
        .collect();
    format!("{}\n", blocks.join(BETWEEN))
}

fn outcome(source: &str) -> String {
    let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
    let mut lines = head.lines().skip(1);
    let (method, target) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .expect("a request line");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: HeaderMap = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            let name: HeaderName = name.parse().expect("a header name");
            (name, HeaderValue::from_str(value).expect("a header value"))
        })
        .fold(HeaderMap::new(), |mut headers, (name, value)| {
            headers.append(name, value);
            headers
        });
    let method: Method = method.parse().expect("a method");
    let raw = RawRequest {
        method: &method,
        path,
        query,
        headers: &headers,
        body: body.as_bytes(),
    };
    let config = RequestConfig {
        schemas: vec!["public".to_owned(), "private".to_owned()],
        tx_override: true,
        ..RequestConfig::default()
    };
    match ApiRequest::parse(&config, raw) {
        Ok(request) => understood(&request).join("\n"),
        Err(error) => {
            let report = error.report();
            format!("{} {}", report.status.as_u16(), report.body(Verbosity::Verbose))
        }
    }
}

/// A line for everything that is not as it is by default.
fn understood(request: &ApiRequest) -> Vec<String> {
    let mut lines = vec![format!("{:?} in {}", request.action, request.schema)];
    let query = &request.query;
    if query.select != [SelectItem::Star] {
        lines.push(format!("select {}", print::select(&query.select)));
    }
    for scoped in &query.filters {
        lines.push(format!(
            "filter {}{}",
            at(&scoped.path),
            print::filter(&scoped.item)
        ));
    }
    for scoped in &query.logic {
        lines.push(format!("logic {}{}", at(&scoped.path), print::tree(&scoped.item)));
    }
    for scoped in &query.order {
        lines.push(format!(
            "order {}{}",
            at(&scoped.path),
            print::order(&scoped.item)
        ));
    }
    if request.range != RowRange::ALL {
        lines.push(format!("range {}", range(request.range)));
    }
    for scoped in &query.ranges {
        lines.push(format!("range {}{}", at(&scoped.path), range(scoped.item)));
    }
    for (name, value) in &query.params {
        lines.push(format!("argument {name}={value}"));
    }
    if let Some(columns) = &query.on_conflict {
        lines.push(format!("on conflict {}", columns.join(",")));
    }
    if let Some(payload) = &request.payload {
        lines.push(format!("payload {}", self::payload(payload)));
        lines.push(format!("columns {:?}", request.columns));
    }
    if request.preferences != Preferences::default() {
        lines.push(format!("preferences {}", preferences(&request.preferences)));
    }
    let accept: Vec<_> = request.accept.iter().map(ToString::to_string).collect();
    if accept != ["*/*"] {
        lines.push(format!("accept {}", accept.join(" then ")));
    }
    lines
}

fn at(path: &[String]) -> String {
    path.iter().map(|name| format!("{name} > ")).collect()
}

fn range(range: RowRange) -> String {
    match range.limit {
        Some(limit) => format!("{} rows from {}", limit, range.offset),
        None => format!("all rows from {}", range.offset),
    }
}

fn payload(payload: &Payload) -> String {
    match payload {
        Payload::Json { text, .. } => format!("json {text}"),
        Payload::RawJson(text) => format!("unread json {text}"),
        Payload::Form { pairs, .. } => format!("form {pairs:?}"),
        Payload::Raw(bytes) => format!("raw {}", String::from_utf8_lossy(bytes)),
    }
}

/// Only what was stated.
fn preferences(preferences: &Preferences) -> String {
    let Preferences {
        resolution,
        representation,
        count,
        tx,
        missing,
        handling,
        timezone,
        max_affected,
        invalid,
    } = preferences;
    let known = [
        resolution.map(|it| format!("{it:?}")),
        representation.map(|it| format!("{it:?}")),
        count.map(|it| format!("{it:?}")),
        tx.map(|it| format!("{it:?}")),
        missing.map(|it| format!("{it:?}")),
        handling.map(|it| format!("{it:?}")),
        timezone.as_ref().map(|it| format!("timezone {it}")),
        max_affected.map(|it| format!("at most {it}")),
    ];
    let unknown = invalid.iter().map(|it| format!("unknown {it:?}"));
    known
        .into_iter()
        .flatten()
        .chain(unknown)
        .collect::<Vec<_>>()
        .join(", ")
}
