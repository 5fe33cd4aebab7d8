//! Every case file, one test each.

use std::path::Path;

use crate::case;

fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sql/cases")
        .join(name);
    let cases = case::read(&std::fs::read_to_string(&path).expect("a case file"));
    if std::env::var_os("SEAWALL_BLESS").is_some() {
        std::fs::write(&path, case::write(&cases)).expect("a writable case file");
        return;
    }
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| (case, case.outcome()))
        .filter(|(case, outcome)| *outcome != case.expected)
        .map(|(case, outcome)| format!("{}\nexpected:\n{}\ngot:\n{outcome}\n", case.shows, case.expected))
        .collect();
    assert!(
        wrong.is_empty(),
        "{name}: {} differ\n\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn reads() {
    check("read.txt");
}

#[test]
fn filters() {
    check("filter.txt");
}

#[test]
fn embeds() {
    check("embed.txt");
}

#[test]
fn writes() {
    check("mutate.txt");
}

#[test]
fn calls() {
    check("call.txt");
}

#[test]
fn counts() {
    check("count.txt");
}

#[test]
fn refusals() {
    check("refusal.txt");
}

#[test]
fn attacks() {
    check("attack.txt");
}
