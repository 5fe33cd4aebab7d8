//! `npm run bench`: the benchmarks of the crates and of the package, their figures on the terminal; of the package
//! alone `npm run bench:sdk`; and `npm run bench:server`, `bench:direct`, `bench:cache`, `bench:stack` and
//! `bench:proxy`, which need peers or a database.

mod direct;
mod load;
mod proxy;
mod server;

use std::path::Path;

use crate::arguments::Arguments;
use crate::console::{self, Work};
use crate::failure::{Outcome, with_file};
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;
use crate::setup::browsers;

/// Builds everything as it is shipped and runs the benchmarks; the words after the command go to cargo's.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    crate::setup::run(project)?;
    if arguments.flag("direct") {
        arguments.finish()?;
        return direct::run(project);
    }
    if arguments.flag("stack") {
        arguments.finish()?;
        return load::run(project, "bench-stack", "Measuring the middleware");
    }
    if arguments.flag("proxy") {
        arguments.finish()?;
        return proxy::run(project);
    }
    if arguments.flag("server") {
        return server::run(project, arguments);
    }
    if arguments.flag("cache") {
        arguments.finish()?;
        return load::run(project, "bench-cache", "Measuring the response cache");
    }
    let sdk_alone = arguments.flag("sdk");
    crate::setup::for_tests(project)?;
    console::headline("Building");
    crate::build::pages(project)?;
    if sdk_alone {
        arguments.finish()?;
    } else {
        console::headline("Rust");
        let native = Task::cargo(project, "bench-rust")?.args(["bench", "--workspace", "--bench", "*"]);
        shown(native.args(arguments.rest()))?;
    }

    console::headline("JavaScript");
    let mut package =
        Task::npm(project, "bench-node")?.args(["run", "bench", "--workspaces", "--if-present"]);
    if let Some(chromium) = browsers::chromium() {
        package = package.env("SEAWALL_CHROMIUM", chromium);
    }
    shown(package)
}

/// Asks a server what the benchmarks ask in direct and in proxy mode, so often that it can be told what a load uses.
pub(crate) fn train(project: &Project, server: &Path) -> Outcome {
    let built = load::Built::around(project, server, &["bench-direct"])?;
    // A server that counts is slow: its figures do not replace those of a measurement.
    let figures = project.target("guided/training.json");
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    console::step("direct mode", || {
        built
            .task(project, &cluster, "bench-direct")?
            .env("BENCH_SECONDS", "1")
            .env("BENCH_ROUNDS", "1")
            .env("BENCH_JSON", &figures)
            .run()?;
        Ok(Work::Done)
    })?;
    console::step("proxy mode", || {
        proxy::task(project, server)?
            .env("BENCH_ROUNDS", "1")
            .env("BENCH_JSON", &figures)
            .run()?;
        Ok(Work::Done)
    })
}

fn shown(task: Task) -> Outcome {
    let log = task.log().to_owned();
    task.run()?;
    console::say(&std::fs::read_to_string(&log).map_err(with_file("read", &log))?);
    Ok(())
}
