//! Files that ask what wants to leave. A remark, not a rule: some things are long.

use super::sources::{Source, Sources};

const LONG: usize = 400;

/// A line for every Rust and TypeScript file with more than 400 lines before its tests.
pub(super) fn long_files(sources: &Sources) -> Vec<String> {
    let code = |file: &&Source| [".rs", ".ts", ".mjs"].iter().any(|end| file.path.ends_with(end));
    let measured = sources
        .all()
        .filter(code)
        .map(|file| (file.lines_before_tests().count(), &file.path));
    let long = measured.filter(|(lines, _)| *lines > LONG);
    long.map(|(lines, path)| format!("{path} has {lines} lines before its tests: what wants to leave?"))
        .collect()
}
