//! Rows back, answers out, without a database.
//!
//! `cases.txt` holds a request, the row that its statement gave, perhaps a body, and the answer. Cases are separated
//! by a line of `====`; the parts of a request by blank lines. `SEAWALL_BLESS=1` writes the answers anew.

#![expect(clippy::expect_used, reason = "a test that cannot go on has failed")]

#[path = "../sql/subject.rs"]
mod subject;

use bytes::Bytes;
use seawall_pgrest::{
    error::Verbosity,
    response::{self, Reply, ResultRow},
};
use serde_json::Value;
use subject::{Sent, cache};

const BETWEEN: &str = "\n====\n";
const EXPECTED: &str = "\n----\n";

#[test]
fn answers_are_as_written() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/responses/cases.txt");
    let file = std::fs::read_to_string(path).expect("the case file");
    let mut blessed = Vec::new();
    for block in file.trim_end().split(BETWEEN) {
        let (source, expected) = block.split_once(EXPECTED).unwrap_or((block.trim_end(), ""));
        let answer = answer(source);
        if std::env::var_os("SEAWALL_BLESS").is_none() {
            assert_eq!(answer.trim_end(), expected.trim_end(), "{source}");
        }
        blessed.push(format!("{source}{EXPECTED}{}", answer.trim_end()));
    }
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(path, format!("{}\n", blessed.join(BETWEEN))).expect("a writable case file");
    }
}

fn answer(source: &str) -> String {
    let mut parts = source.splitn(3, "\n\n");
    let head = parts.next().expect("a head");
    let row = parts.next().map_or_else(ResultRow::default, row);
    let sent = sent(head, parts.next().unwrap_or_default());
    let (request, plan) = sent.plan(cache()).expect("a request that can be planned");
    let judged = if response::is_judged(&plan) {
        "judged before the commit\n"
    } else {
        ""
    };
    let outcome = response::verdict(&plan, &row)
        .and_then(|()| response::reply(&plan, &request, row, Verbosity::Verbose));
    match outcome {
        Ok(reply) => format!("{judged}{}", printed(&reply)),
        Err(error) => {
            let report = error.report();
            format!("{judged}refused with {}", report.body(Verbosity::Verbose))
        }
    }
}

fn sent(head: &str, body: &str) -> Sent {
    let mut lines = head.lines().skip(1);
    let (method, target) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .expect("a request line");
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").expect("a header");
        (name.to_owned(), value.to_owned())
    };
    Sent {
        method: method.to_owned(),
        headers: lines.map(header).collect(),
        body: body.to_owned(),
        ..Sent::get(target)
    }
}

fn row(json: &str) -> ResultRow {
    let row: Value = serde_json::from_str(json).expect("a row as JSON");
    let text = |name: &str| row.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
    let number = |name: &str| row.get(name).and_then(Value::as_i64);
    ResultRow {
        total: number("total"),
        page_total: number("page_total").unwrap_or_default(),
        body: text("body").map(Bytes::from),
        response_headers: text("response_headers"),
        response_status: text("response_status"),
        inserted: number("inserted"),
        location: text("location"),
    }
}

fn printed(reply: &Reply) -> String {
    let mut headers: Vec<String> = reply
        .headers
        .iter()
        .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
        .collect();
    headers.sort();
    format!(
        "{}\n{}\n\n{}",
        reply.status.as_u16(),
        headers.join("\n"),
        String::from_utf8_lossy(&reply.body)
    )
}
