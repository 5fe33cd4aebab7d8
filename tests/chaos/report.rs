//! The table, the JSON, and whether the targets hold.

use std::time::Duration;

use serde_json::{Value, json};

use crate::fault::Fault;
use crate::figures::{Figures, Share};

/// An outage is detected, and after its end forgotten, within this.
const TARGET: Duration = Duration::from_secs(30);
/// Of a hundred reads that had been asked before, so many are answered in an outage.
const ANSWERED: f64 = 99.9;
/// Answers from the cache take no longer, in milliseconds.
const CACHED_MS: f64 = 500.0;
/// Who has lost Redis lets nothing pass until its lease has run out: of the reads meanwhile, in percent.
const LEASES: f64 = 10.0;
/// Of what an exact limiter would let through, in percent: while Redis is there, and while it comes and goes.
const SHARED: f64 = 93.0;
const APART: f64 = 60.0;

/// Everything that was seen.
pub(crate) struct Report {
    rows: Vec<(Fault, Figures)>,
}

impl Report {
    pub(crate) fn new(servers: usize, rate: u64) -> Self {
        println!(
            "{rate} requests a second over {servers} servers: 7 in 10 known reads, 2 new ones, 1 write; \
             beside them twice as many as one limit allows\n"
        );
        println!(
            "{:<19}{:>8}{:>7}{:>7}{:>8}{:>8}{:>8}{:>9}{:>6}{:>10}{:>11}{:>13}{:>19}{:>8}",
            "fault",
            "known %",
            "429 %",
            "stale",
            "p99 ms",
            "cached",
            "new %",
            "writes %",
            "lost",
            "detect s",
            "recover s",
            "refusal ms ≤",
            "passed of at most",
            "ideal %",
        );
        Self { rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, fault: Fault, figures: Figures) {
        let detected = figures
            .detected
            .map_or_else(|| "-".to_owned(), |span| format!("{:.2}", span.as_secs_f64()));
        let refusal = [figures.known, figures.new, figures.writes]
            .iter()
            .map(|share| share.refused_after_ms)
            .fold(0.0, f64::max);
        let passed = format!("{} of {:.0}", figures.held.passed, figures.held.most);
        println!(
            "{:<19}{:>8.2}{:>7.2}{:>7}{:>8.1}{:>8.1}{:>8.2}{:>9.2}{:>6}{:>10}{:>11.2}{:>13.0}{:>19}{:>8.1}",
            fault.name(),
            figures.known.percent(),
            figures.known.limited_percent(),
            figures.known.stale,
            figures.known.p99_ms,
            figures.known.cached_p99_ms,
            figures.new.percent(),
            figures.writes.percent(),
            figures.lost,
            detected,
            figures.recovered.as_secs_f64(),
            refusal,
            passed,
            figures.held.percent(),
        );
        self.rows.push((fault, figures));
    }

    /// What was missed, one sentence each.
    pub(crate) fn missed(&self) -> Vec<String> {
        let each = self.rows.iter().flat_map(|(fault, figures)| {
            let missed = targets(*fault, figures).into_iter().filter(|(holds, _)| !holds);
            missed.map(|(_, target)| format!("{}: {target}", fault.name()))
        });
        each.collect()
    }

    pub(crate) fn as_json(&self) -> Value {
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|(fault, figures)| json!({"fault": fault.name(), "figures": figures.as_json()}))
            .collect();
        rows.into()
    }
}

fn targets(fault: Fault, figures: &Figures) -> Vec<(bool, &'static str)> {
    let (of_redis, known) = (fault.is_of_redis(), &figures.known);
    let failed = [known, &figures.new, &figures.writes].map(Share::failed);
    vec![
        (
            !fault.is_outage() || figures.detected.is_some_and(|span| span < TARGET),
            "an outage is noticed in under 30 s",
        ),
        (
            figures.recovered < TARGET,
            "all is well again in under 30 s after its end",
        ),
        (
            of_redis || known.percent() >= ANSWERED,
            "99.9 % of the reads that had been asked before are answered",
        ),
        (
            !of_redis || known.limited_percent() <= LEASES,
            "without Redis nobody is held back for longer than a lease",
        ),
        (!of_redis || failed == [0, 0, 0], "without Redis nothing fails"),
        (
            of_redis || known.cached_p99_ms < CACHED_MS,
            "answers from the cache take less than 500 ms",
        ),
        (figures.lost == 0, "no connection is lost"),
        (figures.held.is_within(), "the limit's bound holds above"),
        (
            figures.held.percent() >= if of_redis { APART } else { SHARED },
            "nobody is starved below the limit",
        ),
    ]
}
