//! What failed, found in the log of a test program: the end of a long log rarely says it.

/// The most lines shown of one failed test.
const LINES: usize = 40;
/// The most failed tests shown.
const TESTS: usize = 10;

/// The passages of a log that tell of failed tests, as Node's and Rust's runners write them.
pub(super) fn tests_in(log: &str) -> Vec<String> {
    let mut found: Vec<Vec<&str>> = Vec::new();
    let mut open = false;
    for line in log.lines() {
        if begins(line) {
            found.push(Vec::new());
            open = true;
        } else if ends(line) {
            open = false;
        }
        if let (true, Some(passage)) = (open, found.last_mut()) {
            passage.push(line);
        }
    }
    found.iter().take(TESTS).map(|passage| shown(passage)).collect()
}

// "not ok 3 - a name" (TAP, indented when nested), "---- module::a_name stdout ----" (Rust).
fn begins(line: &str) -> bool {
    line.trim_start().starts_with("not ok ") || (line.starts_with("---- ") && line.ends_with(" stdout ----"))
}

fn ends(line: &str) -> bool {
    let line = line.trim_start();
    ["...", "failures:", "ok ", "# Subtest: "]
        .iter()
        .any(|start| line.starts_with(start))
}

fn shown(passage: &[&str]) -> String {
    let lines: Vec<String> = passage
        .iter()
        .take(LINES)
        .map(|line| format!("  | {line}"))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_failed_test_of_node_far_from_the_end() {
        let log = "ok 1 - fine\n  ---\n  ...\n# Subtest: b\nnot ok 2 - b\n  ---\n  error: 'no'\n  ...\nok 3 - c\n1..3";
        assert_eq!(tests_in(log), ["  | not ok 2 - b\n  |   ---\n  |   error: 'no'"]);
    }

    #[test]
    fn finds_failed_tests_of_rust() {
        let log = "test a ... FAILED\n\nfailures:\n\n---- a stdout ----\nleft: 1\n---- b stdout ----\nright: 2\n\nfailures:\n    a\n    b\n";
        let found = tests_in(log);
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|passage| passage.contains("left: 1")));
    }

    #[test]
    fn a_log_without_a_failure_has_none() {
        assert!(tests_in("ok 1 - fine\ntest result: ok. 1 passed; 0 failed").is_empty());
    }
}
