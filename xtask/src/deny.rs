//! `npm run deny`: licences, bans, sources and advisories of every dependency, by cargo-deny.
//!
//! The first three need nothing but the lock file. Advisories need their database; where that cannot be had
//! the check says so and does not pretend.

use crate::console::{self, Work};
use crate::failure::{Failure, Outcome};
use crate::process::Task;
use crate::project::Project;
use crate::setup::CrateProgram;

const CARGO_DENY: CrateProgram = CrateProgram {
    name: "cargo-deny",
    version: "0.20.2",
};

/// Installs cargo-deny if it is missing and checks everything.
pub(crate) fn run(project: &Project) -> Outcome {
    console::step("cargo-deny", || install(project))?;
    console::step("licences, bans, sources", || {
        offline(project).map(|()| Work::Done)
    })?;
    advisories(project)
}

/// Installs cargo-deny if it is missing.
pub(crate) fn install(project: &Project) -> Outcome<Work> {
    CARGO_DENY.install(project)
}

/// Checks what the lock file alone can tell.
pub(crate) fn offline(project: &Project) -> Outcome {
    let Some(program) = CARGO_DENY.find(project) else {
        return Err(Failure::because(
            "cargo-deny is not installed: `npm run deny` installs it",
        ));
    };
    // The tools are never shipped: which TLS they bring does not matter.
    for (manifest, checks) in [
        ("Cargo.toml", &["licenses", "bans", "sources"][..]),
        ("tools/Cargo.toml", &["licenses", "sources"]),
    ] {
        Task::new(project, "deny", &program)?
            .args([
                "--color",
                "never",
                "--all-features",
                "--manifest-path",
                manifest,
                "--config",
                "deny.toml",
                "check",
            ])
            .args(checks)
            .run()?;
    }
    Ok(())
}

fn advisories(project: &Project) -> Outcome {
    let Some(program) = CARGO_DENY.find(project) else {
        return Ok(());
    };
    let fetched = Task::new(project, "deny-fetch", &program)?
        .args(["fetch", "db"])
        .status()?;
    if !fetched.success() {
        console::note(
            "advisories were NOT checked: their database cannot be fetched from here (.seawall/logs/deny-fetch.log)",
        );
        return Ok(());
    }
    console::step("advisories", || {
        Task::new(project, "deny-advisories", &program)?
            .args(["check", "advisories"])
            .run()?;
        Ok(Work::Done)
    })
}
