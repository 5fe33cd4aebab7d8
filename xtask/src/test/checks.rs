//! The suites that are one check each.

use super::counts::Counts;
use super::ground::Ground;
use crate::failure::{Failure, Outcome};
use crate::process::Task;
use crate::project::Project;
use crate::{codegen, deny, tidy};

/// Rust is formatted.
pub(super) fn format(ground: &Ground<'_>) -> Outcome<Counts> {
    held(formatted(ground.project()))
}

/// The house rules hold; each is counted.
pub(super) fn tidy(ground: &Ground<'_>) -> Outcome<Counts> {
    let found = tidy::inspect(ground.project())?;
    let complaints = found.broken().map(ToOwned::to_owned).collect();
    Ok(Counts {
        passed: found.held(),
        failed: found.failed(),
        skipped: 0,
        complaints,
    })
}

/// The generated documents are current.
pub(super) fn codegen(ground: &Ground<'_>) -> Outcome<Counts> {
    held(codegen::check(ground.project()))
}

/// No lint is broken.
pub(super) fn clippy(ground: &Ground<'_>) -> Outcome<Counts> {
    held(lints(ground.project()))
}

/// Licences, bans and sources, by a cargo-deny that is compiled the first time.
pub(super) fn deny(ground: &Ground<'_>) -> Outcome<Counts> {
    deny::install(ground.project())?;
    held(deny::offline(ground.project()))
}

/// Fails unless Rust is formatted.
pub(crate) fn formatted(project: &Project) -> Outcome {
    Task::cargo(project, "test-format")?
        .args(["fmt", "--all", "--check", "--", "--color", "never"])
        .run()
}

/// Fails unless clippy is content, natively and in wasm.
pub(crate) fn lints(project: &Project) -> Outcome {
    const WASM: [&str; 3] = ["seawall-guard-wasm", "seawall-store-wasm", "seawall-shape-wasm"];
    let clippy =
        |log: &str| -> Outcome<Task> { Ok(Task::cargo(project, log)?.args(["clippy", "--all-targets"])) };
    let native = clippy("test-clippy")?
        .arg("--workspace")
        .args(WASM.iter().flat_map(|name| ["--exclude", name]));
    native.args(["--", "-D", "warnings"]).run()?;
    let wasm = clippy("test-clippy-wasm")?.args(["--target", "wasm32-unknown-unknown"]);
    wasm.args(WASM.iter().flat_map(|name| ["-p", name]))
        .args(["--", "-D", "warnings"])
        .run()
}

/// One check as a suite.
pub(super) fn held(check: Outcome) -> Outcome<Counts> {
    match check {
        Ok(()) => Ok(Counts::one_pass()),
        Err(Failure::Interrupted) => Err(Failure::Interrupted),
        Err(failure) => Ok(Counts {
            complaints: vec![failure.to_string()],
            ..Counts::one_failure()
        }),
    }
}
