//! The written scenarios, run natively. The same files run in a browser, compiled to wasm32.

use std::path::Path;

use seawall_policy::scenario;

#[test]
fn every_scenario_goes_as_written() {
    let mut deviations = Vec::new();
    for (name, text) in scenario::ALL {
        match scenario::run(text) {
            Ok(steps) => assert!(steps > 0, "{name} has no steps"),
            Err(deviation) => deviations.push(format!("{name}.txt {deviation}")),
        }
    }
    assert!(deviations.is_empty(), "\n{}", deviations.join("\n"));
}

#[test]
fn every_file_is_listed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .unwrap()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    let mut listed: Vec<String> = scenario::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    files.sort();
    listed.sort();
    assert_eq!(files, listed);
}

#[test]
fn a_wrong_answer_is_a_deviation_with_its_line() {
    let deviation = scenario::run("# nothing\n0s admit a => rejected open\n").unwrap_err();
    assert_eq!((deviation.line, deviation.actual.as_str()), (2, "admitted"));
}

/// `SEAWALL_WRITE_LIVES=1` writes them anew, after a change that was meant.
#[test]
fn random_lives_are_lived_as_they_were() {
    let digests: Vec<String> = (0..300)
        .map(|seed| format!("{:016x}\n", scenario::life(seed)))
        .collect();
    if std::env::var_os("SEAWALL_WRITE_LIVES").is_some() {
        std::fs::write(
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/lives.txt"),
            digests.concat(),
        )
        .unwrap();
        return;
    }
    assert_eq!(
        digests.concat(),
        scenario::LIVES,
        "run with SEAWALL_WRITE_LIVES=1 if this was meant"
    );
}
