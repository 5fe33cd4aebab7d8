//! `npm run bench:cache`: what the response cache spares the database, and how long a hit takes.

use crate::build::{self, Profile};
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;

/// Builds what is measured and measures it.
pub(super) fn run(project: &Project) -> Outcome {
    console::headline("Building");
    console::step("server and load generator, as shipped", || {
        Task::cargo(project, "bench-cache-build")?
            .args(["build", "--release", "--package", "seawall-server"])
            .args([
                "--package",
                "seawall-e2e",
                "--bin",
                "seawall",
                "--bin",
                "bench-cache",
            ])
            .run()?;
        Ok(Work::Done)
    })?;

    console::headline("Measuring the response cache");
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    let task = Task::new(project, "bench-cache", project.target("release/bench-cache"))?
        .env("SEAWALL_TEST_DATABASE_URL", cluster.url("postgres"))
        .env("SEAWALL_BINARY", build::server_binary(project, Profile::Release))
        .env("BENCH_JSON", project.target("bench-cache.json"));
    super::shown(task)
}
