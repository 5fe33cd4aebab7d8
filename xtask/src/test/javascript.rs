//! The suites in JavaScript: the package's own, and supabase-js against the real server.

use std::time::Duration;

use super::counts::Counts;
use super::{Bench, checks};
use crate::build;
use crate::failure::{Failure, Outcome};
use crate::process::Task;
use crate::setup::browsers;

const LIMIT: Duration = Duration::from_secs(900);

/// The types of package, page and tests.
pub(super) fn types(bench: &Bench<'_>) -> Outcome<Counts> {
    let words = ["run", "check", "--workspaces", "--if-present"];
    checks::held(
        Task::npm(bench.project, "test-types")?
            .args(words)
            .limit(LIMIT)
            .run(),
    )
}

/// The npm package.
pub(super) fn package(bench: &Bench<'_>) -> Outcome<Counts> {
    script(bench, "package", &["test", "-w", "pkg"])
}

/// supabase-js in Node against the real server.
pub(super) fn node(bench: &Bench<'_>) -> Outcome<Counts> {
    script(bench, "node", &["run", "test:node", "-w", "tests"])
}

/// The page in a real browser.
pub(super) fn browser(bench: &Bench<'_>) -> Outcome<Counts> {
    if browsers::chromium().is_none() {
        return Err(Failure::because("Chromium is not installed"));
    }
    script(bench, "browser", &["run", "test:browser", "-w", "tests"])
}

fn script(bench: &Bench<'_>, name: &str, words: &[&str]) -> Outcome<Counts> {
    let project = bench.project;
    let mut task = Task::npm(project, &format!("test-{name}"))?
        .args(words)
        .env("SEAWALL_TEST_DATABASE_URL", &bench.database)
        .env(
            "SEAWALL_BINARY",
            build::server_binary(project, build::Profile::Debug),
        )
        .env("SEAWALL_STATIC_DIR", project.at("web-demo/dist"))
        .limit(LIMIT);
    if let Some(chromium) = browsers::chromium() {
        task = task.env("SEAWALL_CHROMIUM", chromium);
    }
    let log = task.log().to_owned();
    let status = task.status()?;
    Counts::in_log(&log, status.success())
}
