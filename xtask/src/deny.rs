//! `npm run deny`: licences, bans, sources and advisories of every dependency, by cargo-deny.
//!
//! The first three need nothing but the lock file. Advisories need their database; where that cannot be had
//! the check says so and does not pretend.

use std::path::PathBuf;

use crate::console::{self, Work};
use crate::failure::{Failure, Outcome};
use crate::process::{Task, on_path};
use crate::project::Project;

const VERSION: &str = "0.20.2";

/// Installs cargo-deny if it is missing and checks everything.
pub(crate) fn run(project: &Project) -> Outcome {
    console::step("cargo-deny", || install(project))?;
    console::step("licences, bans, sources", || {
        offline(project).map(|()| Work::Done)
    })?;
    advisories(project)
}

/// The program, if it is installed.
pub(crate) fn program(project: &Project) -> Option<PathBuf> {
    on_path("cargo-deny").or_else(|| Some(ours(project)).filter(|program| program.is_file()))
}

/// Checks what the lock file alone can tell.
pub(crate) fn offline(project: &Project) -> Outcome {
    let Some(program) = program(project) else {
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

fn install(project: &Project) -> Outcome<Work> {
    if program(project).is_some() {
        return Ok(Work::Current);
    }
    Task::cargo(project, "deny-install")?
        .args([
            "install",
            "cargo-deny",
            "--version",
            VERSION,
            "--locked",
            "--debug",
            "--root",
        ])
        .arg(project.target("tools/installed"))
        .env("CARGO_TARGET_DIR", project.target("tools"))
        .env("CARGO_PROFILE_DEV_DEBUG", "false")
        .run()?;
    Ok(Work::Done)
}

fn advisories(project: &Project) -> Outcome {
    let Some(program) = program(project) else {
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

fn ours(project: &Project) -> PathBuf {
    project.target("tools/installed/bin/cargo-deny")
}
