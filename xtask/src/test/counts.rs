//! How many tests passed and failed, read from what the test programs print.

use std::ops::AddAssign;
use std::path::Path;

use super::broken;
use crate::failure::{Failure, Outcome, with_file};

/// The counts of one suite.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Tests, or checks, that passed.
    pub(super) passed: u64,
    /// Those that failed.
    pub(super) failed: u64,
    /// Those that did not run.
    pub(super) skipped: u64,
    /// What the failing programs last said.
    pub(super) complaints: Vec<String>,
}

impl Counts {
    /// One check that held.
    pub(super) fn one_pass() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    /// A suite that could not be run, or a check that did not hold.
    pub(super) fn one_failure() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    /// Reads the counts in a log; a program that failed without a failed test counts as one.
    pub(super) fn in_log(log: &Path, succeeded: bool) -> Outcome<Self> {
        let text = String::from_utf8_lossy(&std::fs::read(log).map_err(with_file("read", log))?).into_owned();
        let mut counts = Self::in_text(&text);
        if !succeeded {
            counts.failed = counts.failed.max(1);
            counts.complaints.extend(broken::tests_in(&text));
            counts
                .complaints
                .push(Failure::in_log("the tests failed", log).to_string());
        }
        Ok(counts)
    }

    /// Reads the counts in what Rust's, wasm-bindgen's and Node's test runners print.
    fn in_text(text: &str) -> Self {
        let mut sum = Self::default();
        for line in text.lines() {
            if let Some(result) = line.trim_start().strip_prefix("test result: ") {
                sum += Self::in_rust_result(result);
            } else if let Some((name, number)) = node_total(line) {
                match name {
                    "pass" => sum.passed += number,
                    "fail" | "cancelled" => sum.failed += number,
                    "skipped" | "todo" => sum.skipped += number,
                    _ => {}
                }
            }
        }
        sum
    }

    // "ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s"
    fn in_rust_result(result: &str) -> Self {
        let mut counts = Self::default();
        let (_, numbers) = result.split_once(". ").unwrap_or_default();
        for part in numbers.split(';') {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
            match words.next() {
                Some("passed") => counts.passed = number,
                Some("failed") => counts.failed = number,
                Some("ignored") => counts.skipped = number,
                _ => {}
            }
        }
        counts
    }

    /// Why the suite has failed, if it has.
    pub(super) fn fault(&self) -> Option<String> {
        if self.failed > 0 {
            let told = self.complaints.join("\n\n");
            return Some(if told.is_empty() {
                format!("{} failed", self.failed)
            } else {
                told
            });
        }
        (self.passed == 0 && self.skipped == 0).then(|| "the suite ran no test".to_owned())
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.complaints.extend(other.complaints);
    }
}

// "# pass 12" (TAP) or "ℹ pass 12" (the reporter for people), flush left: a nested test's output is not.
fn node_total(line: &str) -> Option<(&str, u64)> {
    let rest = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ "))?;
    let (name, number) = rest.split_once(' ')?;
    Some((name, number.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_the_results_of_several_programs() {
        let text = "running 2 tests\ntest result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    noise\ntest result: FAILED. 1 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out";
        let counts = Counts::in_text(text);
        assert_eq!((counts.passed, counts.failed, counts.skipped), (3, 3, 1));
    }

    #[test]
    fn reads_both_of_nodes_reporters() {
        let tap = Counts::in_text("# tests 5\n# suites 0\n# pass 3\n# fail 1\n# cancelled 1\n# skipped 0\n");
        let spec = Counts::in_text("ℹ tests 5\nℹ pass 3\nℹ fail 1\nℹ cancelled 1\nℹ skipped 0\n");
        assert_eq!((tap.passed, tap.failed), (3, 2));
        assert_eq!(tap, spec);
    }

    #[test]
    fn nothing_counted_is_a_fault() {
        assert!(Counts::in_text("all is well").fault().is_some());
        assert!(Counts::one_pass().fault().is_none());
    }
}
