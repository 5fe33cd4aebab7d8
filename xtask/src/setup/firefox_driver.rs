//! geckodriver, through which the wasm tests drive Firefox.

use std::path::PathBuf;

use super::browsers;
use crate::console::Work;
use crate::failure::Outcome;
use crate::process::{Task, on_path};
use crate::project::Project;

const VERSION: &str = "0.37.1";

/// The driver: the system's, or the one installed here.
pub(crate) fn find(project: &Project) -> Option<PathBuf> {
    on_path("geckodriver").or_else(|| Some(ours(project)).filter(|driver| driver.is_file()))
}

/// Compiles the driver when there is a Firefox but no driver. Its npm package would fetch a binary instead.
pub(super) fn install(project: &Project) -> Outcome<Work> {
    if find(project).is_some() || browsers::firefox().is_none() {
        return Ok(Work::Current);
    }
    Task::cargo(project, "setup-geckodriver")?
        .args([
            "install",
            "geckodriver",
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

fn ours(project: &Project) -> PathBuf {
    project.target("tools/installed/bin/geckodriver")
}
