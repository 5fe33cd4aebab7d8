//! The table at the end, and the totals on its last line.

use std::time::Duration;

use super::suite::Report;
use crate::console::{headline, note, paint, say, seconds};
use crate::failure::{Failure, Outcome};

/// Prints what came of the suites; fails when one of them did.
pub(super) fn print(reports: &[Report]) -> Outcome {
    headline("Results");
    say(&format!(
        "  {:<14} {:>7} {:>7} {:>8} {:>12}",
        "suite", "passed", "failed", "skipped", "time"
    ));
    for report in reports {
        say(&row(report));
    }
    let total = |count: fn(&Report) -> u64| reports.iter().map(count).sum::<u64>();
    let (passed, failed) = (total(|report| report.counts.passed), total(failures));
    let took: Duration = reports.iter().map(|report| report.took).sum();
    note(&format!("{} suites in {}", reports.len(), seconds(took)));
    let broken: Vec<&str> = reports
        .iter()
        .filter(|report| report.fault.is_some())
        .map(|report| report.name)
        .collect();
    if let Some(first) = broken.first() {
        note(&format!(
            "failed: {}; one alone runs with `npm test -- {first}`",
            broken.join(", ")
        ));
    }
    say(&format!("\n{passed} passed, {failed} failed"));
    if failed == 0 { Ok(()) } else { Err(Failure::Told) }
}

// A suite can fail without a failed test: by running none.
fn failures(report: &Report) -> u64 {
    report.counts.failed.max(u64::from(report.fault.is_some()))
}

fn row(report: &Report) -> String {
    let counts = &report.counts;
    let line = format!(
        "  {:<14} {:>7} {:>7} {:>8} {:>12}",
        report.name,
        counts.passed,
        failures(report),
        counts.skipped,
        seconds(report.took)
    );
    if report.fault.is_some() {
        paint("31", &line)
    } else {
        line
    }
}
