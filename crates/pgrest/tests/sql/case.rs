//! The form of the case files.
//!
//! Cases are separated by a line of `====`. Each has a line that says what it shows, after `#`; the request line;
//! headers; perhaps a blank line and a body; a line of `----`; and what is expected.

use seawall_pgrest::sql;

use crate::subject::{Sent, cache};

pub(crate) struct Case {
    pub(crate) shows: String,
    pub(crate) sent: Sent,
    pub(crate) expected: String,
    source: String,
}

const BETWEEN: &str = "\n====\n";
const EXPECTED: &str = "\n----\n";

pub(crate) fn read(file: &str) -> Vec<Case> {
    file.trim_end().split(BETWEEN).map(Case::read).collect()
}

pub(crate) fn write(cases: &[Case]) -> String {
    let blocks: Vec<String> = cases
        .iter()
        .map(|case| format!("{}{EXPECTED}{}", case.source, case.outcome()))
        .collect();
    format!("{}\n", blocks.join(BETWEEN))
}

impl Case {
    fn read(block: &str) -> Self {
        let (source, expected) = block.split_once(EXPECTED).unwrap_or((block.trim_end(), ""));
        let (head, body) = source.split_once("\n\n").unwrap_or((source, ""));
        let mut lines = head.lines();
        let shows = lines
            .next()
            .and_then(|line| line.strip_prefix("# "))
            .expect("a line that starts with #");
        let (method, target) = lines
            .next()
            .and_then(|line| line.split_once(' '))
            .expect("a request line");
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_owned(), value.to_owned())
        };
        Self {
            shows: shows.to_owned(),
            sent: Sent {
                method: method.to_owned(),
                target: target.to_owned(),
                headers: lines.map(header).collect(),
                body: body.to_owned(),
            },
            expected: expected.trim_end().to_owned(),
            source: source.to_owned(),
        }
    }

    /// What really becomes of it.
    pub(crate) fn outcome(&self) -> String {
        let (_, plan) = match self.sent.plan(cache()) {
            Ok(planned) => planned,
            Err(error) => {
                let report = error.report();
                let body = report.body(seawall_pgrest::error::Verbosity::Verbose);
                return format!("{} {body}", report.status.as_u16());
            }
        };
        let Some(statement) = sql::statement(&plan) else {
            return format!("{plan:?}");
        };
        let mut lines = vec![statement.text];
        lines.extend(statement.binds.iter().enumerate().map(|(idx, bind)| {
            format!(
                "${} = {}",
                idx + 1,
                bind.0
                    .as_deref()
                    .map_or("null".to_owned(), |value| format!("{value:?}"))
            )
        }));
        if let Some(guess) = sql::count::explained(&plan) {
            lines.push(guess.text);
        }
        lines.join("\n")
    }
}
