//! `npm run bench:stack`: what the middleware costs a request, beside nginx with two limit zones.

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
        let words = [
            "build",
            "--release",
            "--package",
            "seawall-server",
            "--package",
            "seawall-e2e",
            "--bins",
        ];
        Task::cargo(project, "bench-stack-build")?.args(words).run()?;
        Ok(Work::Done)
    })?;
    console::headline("Measuring the middleware");
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    let task = Task::new(project, "bench-stack", project.target("release/bench-stack"))?
        .env("SEAWALL_TEST_DATABASE_URL", cluster.url("postgres"))
        .env("SEAWALL_BINARY", build::server_binary(project, Profile::Release))
        .env("BENCH_JSON", project.target("bench-stack.json"));
    super::shown(task)
}
