//! The table, the JSON, and whether the targets hold.

use std::time::Duration;

use serde_json::{Value, json};

use crate::Outcome;
use crate::fault::Fault;
use crate::figures::Figures;

/// An outage is detected, and after its end forgotten, within this.
const TARGET: Duration = Duration::from_secs(30);

/// Everything that was seen.
pub(crate) struct Report {
    rate: u64,
    rows: Vec<(Fault, Figures)>,
}

impl Report {
    pub(crate) fn new(rate: u64) -> Self {
        println!("{rate} requests a second: 7 in 10 known reads, 2 new ones, 1 write\n");
        println!(
            "{:<20}{:>9}{:>8}{:>9}{:>9}{:>9}{:>7}{:>11}{:>12}{:>14}",
            "fault",
            "known %",
            "stale",
            "p99 ms",
            "new %",
            "writes %",
            "lost",
            "detected s",
            "recovered s",
            "refusal ms ≤"
        );
        Self {
            rate,
            rows: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, fault: Fault, figures: Figures) {
        let detected = figures
            .detected
            .map_or_else(|| "-".to_owned(), |span| format!("{:.2}", span.as_secs_f64()));
        let refusal = [figures.known, figures.new, figures.writes]
            .iter()
            .map(|share| share.refused_after_ms)
            .fold(0.0, f64::max);
        println!(
            "{:<20}{:>9.2}{:>8}{:>9.1}{:>9.2}{:>9.2}{:>7}{:>11}{:>12.2}{:>14.0}",
            fault.name(),
            figures.known.percent(),
            figures.known.stale,
            figures.known.p99_ms,
            figures.new.percent(),
            figures.writes.percent(),
            figures.lost,
            detected,
            figures.recovered.as_secs_f64(),
            refusal,
        );
        self.rows.push((fault, figures));
    }

    /// Whether outages are detected and recovered from in time, no caller's connection is lost, and Redis is not missed.
    pub(crate) fn holds(&self) -> bool {
        self.rows.iter().all(|(fault, figures)| {
            let detected = !fault.is_outage() || figures.detected.is_some_and(|span| span < TARGET);
            let unnoticed = !fault.is_of_redis() || figures.known.percent() >= 99.9;
            detected && unnoticed && figures.recovered < TARGET && figures.lost == 0
        })
    }

    pub(crate) fn finish(&self) -> Outcome<()> {
        println!(
            "\ntargets (outages detected and recovered from in under 30 s, no connection lost, Redis not missed): {}",
            if self.holds() { "hold" } else { "missed" }
        );
        let Ok(path) = std::env::var("CHAOS_JSON") else {
            return Ok(());
        };
        let rows: Vec<Value> = self
            .rows
            .iter()
            .map(|(fault, figures)| json!({"fault": fault.name(), "figures": figures.as_json()}))
            .collect();
        let document =
            json!({"requests_per_second": self.rate, "faults": rows, "targets_hold": self.holds()});
        std::fs::write(&path, serde_json::to_vec_pretty(&document)?)?;
        println!("as JSON: {path}");
        Ok(())
    }
}
