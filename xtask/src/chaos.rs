//! `npm run chaos` and `npm run test:api`: a server on a cluster of its own, hurt on purpose or asked everything.

use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::build::{self, Profile};
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome, with_file};
use crate::postgres::{Cluster, Durability};
use crate::process::{Task, on_path};
use crate::project::Project;
use crate::setup;

const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// Stops, pauses, slows and cuts what the server leans on, under load; `--debug` spares the optimised build, and so
/// does `SEAWALL_BINARY`, which names a server that is there already.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let given = std::env::var_os("SEAWALL_BINARY").map(PathBuf::from);
    let profile = if arguments.flag("--debug") || given.is_some() {
        Profile::Debug
    } else {
        Profile::Release
    };
    arguments.finish()?;
    setup::run(project)?;
    setup::for_tests(project)?;
    let program = built(project, profile, "chaos")?;
    let server = given.unwrap_or_else(|| build::server_binary(project, profile));
    console::headline("Hurting what the server leans on");
    let cluster = Cluster::start(project, "chaos", Durability::Thrown)?;
    let task = Task::new(project, "chaos", program)?
        .env("SEAWALL_TEST_DATABASE_URL", cluster.url("postgres"))
        .env("SEAWALL_BINARY", server)
        .env("SEAWALL_SERVER_LOG", emptied(project, "chaos-server")?)
        .env("CHAOS_JSON", project.target("chaos.json"));
    shown(task, "a target was missed, or the run broke off")
}

/// Sends what the server's own description allows, and much that it does not.
pub(crate) fn api(project: &Project, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    setup::run(project)?;
    let schemathesis = schemathesis(project)?;
    let program = built(project, Profile::Debug, "api")?;
    console::headline("Asking everything");
    let cluster = Cluster::start(project, "api", Durability::Thrown)?;
    let task = Task::new(project, "api", program)?
        .env("SEAWALL_TEST_DATABASE_URL", cluster.url("postgres"))
        .env("SEAWALL_BINARY", build::server_binary(project, Profile::Debug))
        .env("SEAWALL_SERVER_LOG", emptied(project, "api-server")?)
        .env("SCHEMATHESIS_BINARY", schemathesis);
    shown(task, "the server answered with a fault of its own")
}

/// Where the servers log, without what they logged the last time.
fn emptied(project: &Project, name: &str) -> Outcome<PathBuf> {
    let path = project.state(&format!("logs/{name}.log"))?;
    std::fs::write(&path, "").map_err(with_file("write", &path))?;
    Ok(path)
}

fn built(project: &Project, profile: Profile, program: &str) -> Outcome<PathBuf> {
    console::headline("Building");
    console::step("server and load", || {
        Task::cargo(project, &format!("build-{program}"))?
            .args([
                "build",
                "--package",
                "seawall-server",
                "--package",
                "seawall-e2e",
                "--bin",
                "seawall",
            ])
            .args(["--bin", program])
            .args(profile.words())
            .run()?;
        Ok(Work::Done)
    })?;
    Ok(build::server_binary(project, profile).with_file_name(program))
}

/// In an environment of its own, from PyPI, once.
fn schemathesis(project: &Project) -> Outcome<PathBuf> {
    let folder = project.state("schemathesis/bin")?.with_file_name("");
    let program = folder.join("bin/schemathesis");
    console::step("schemathesis", || {
        if program.exists() {
            return Ok(Work::Current);
        }
        let python = on_path("python3").ok_or_else(|| {
            Failure::because("python3 is not there: schemathesis, which sends the requests, needs it")
        })?;
        Task::new(project, "schemathesis-venv", python)?
            .args(["-m", "venv"])
            .arg(&folder)
            .run()?;
        Task::new(project, "schemathesis-install", folder.join("bin/pip"))?
            .args(["install", "--quiet", SCHEMATHESIS])
            .run()?;
        Ok(Work::Done)
    })?;
    Ok(program)
}

/// Shows what a program said, however it ended.
fn shown(task: Task, failed: &str) -> Outcome {
    let log = task.log().to_owned();
    let status = task.status()?;
    console::say(&std::fs::read_to_string(&log).map_err(with_file("read", &log))?);
    if status.success() {
        Ok(())
    } else {
        Err(Failure::because(failed.to_owned()))
    }
}
