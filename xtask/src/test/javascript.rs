//! The suites in JavaScript: the package's own, and supabase-js against the real server.

use std::time::Duration;

use super::checks;
use super::counts::Counts;
use super::ground::Ground;
use crate::build;
use crate::failure::{Failure, Outcome};
use crate::process::Task;
use crate::setup::{self, browsers};

/// Twice and more what the longest suite takes on a machine with two cores.
const LIMIT: Duration = Duration::from_secs(1800);

/// The types of package, page and tests.
pub(super) fn types(ground: &Ground<'_>) -> Outcome<Counts> {
    let words = ["run", "check", "--workspaces", "--if-present"];
    checks::held(
        Task::npm(ground.project(), "test-types")?
            .args(words)
            .limit(LIMIT)
            .run(),
    )
}

/// The npm package.
pub(super) fn package(ground: &Ground<'_>) -> Outcome<Counts> {
    script(ground, "package", &["test", "-w", "pkg"])
}

/// The packed package, installed and used everywhere.
pub(super) fn packaging(ground: &Ground<'_>) -> Outcome<Counts> {
    script(ground, "packaging", &["run", "test:packaging", "-w", "pkg"])
}

/// supabase-js in Node against the real server.
pub(super) fn node(ground: &Ground<'_>) -> Outcome<Counts> {
    script(ground, "node", &["run", "test:node", "-w", "tests"])
}

/// The page in a real browser.
pub(super) fn browser(ground: &Ground<'_>) -> Outcome<Counts> {
    if browsers::chromium().is_none() {
        return Err(Failure::because("Chromium is not installed"));
    }
    script(ground, "browser", &["run", "test:browser", "-w", "tests"])
}

fn script(ground: &Ground<'_>, name: &str, words: &[&str]) -> Outcome<Counts> {
    let project = ground.project();
    let mut task = Task::npm(project, &format!("test-{name}"))?
        .args(words)
        .env("SEAWALL_TEST_DATABASE_URL", ground.database())
        .env(
            "SEAWALL_BINARY",
            build::server_binary(project, build::Profile::Debug),
        )
        .env("SEAWALL_STATIC_DIR", project.at("web-demo/dist"))
        .limit(LIMIT);
    if let Some(chromium) = browsers::chromium() {
        task = task.env("SEAWALL_CHROMIUM", chromium);
    }
    if let Some(firefox) = browsers::firefox() {
        task = task.env("SEAWALL_FIREFOX", firefox);
    }
    if let Some(driver) = setup::firefox_driver(project) {
        task = task.env("SEAWALL_GECKODRIVER", driver);
    }
    let log = task.log().to_owned();
    let status = task.status()?;
    Counts::in_log(&log, status.success())
}
