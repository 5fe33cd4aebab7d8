//! Everything a user runs: wasm, package, page, server.

pub(crate) mod guided;

use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;
use crate::stamp::Stamp;
use crate::{setup, wasm};

/// How the server is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Quickly.
    Debug,
    /// To be fast.
    Release,
    /// As what is shipped is compiled, if not arranged by a load (`guided`): fast, and slow to build.
    Dist,
}

impl Profile {
    /// Takes `--release` out of the arguments.
    pub(crate) fn take(arguments: &mut Arguments) -> Self {
        if arguments.flag("--release") {
            Self::Release
        } else {
            Self::Debug
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }

    /// What cargo is told.
    pub(crate) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Release => &["--release"],
            Self::Dist => &["--profile", "dist"],
        }
    }
}

/// Sets up and builds everything.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let profile = Profile::take(&mut arguments);
    arguments.finish()?;
    setup::run(project)?;
    everything(project, profile)
}

/// Builds everything, assuming the set-up.
pub(crate) fn everything(project: &Project, profile: Profile) -> Outcome {
    console::headline("Building");
    pages(project)?;
    console::step("server", || server(project, profile))
}

/// Builds the native tests, and the server beside them.
pub(crate) fn server_and_tests(project: &Project) -> Outcome {
    console::step("native tests", || {
        tests(project, "build-tests")?.run()?;
        Ok(Work::Done)
    })?;
    console::step("server", || server(project, Profile::Debug))
}

// One selection of packages gives one set of features, so nothing that they share is compiled twice.
const NATIVE: [&str; 5] = [
    "--workspace",
    "--exclude",
    "seawall-guard-wasm",
    "--exclude",
    "seawall-store-wasm",
];

/// Cargo, about to compile every native test.
pub(crate) fn tests(project: &Project, log: &str) -> Outcome<Task> {
    Ok(Task::cargo(project, log)?.args(["test", "--no-run"]).args(NATIVE))
}

/// Cargo, about to run the examples in the documentation.
pub(crate) fn examples(project: &Project, log: &str) -> Outcome<Task> {
    Ok(Task::cargo(project, log)?.args(["test", "--doc"]).args(NATIVE))
}

/// Builds what runs in a browser: the modules, the package, the page.
pub(crate) fn pages(project: &Project) -> Outcome {
    wasm::build(project)?;
    console::step("package", || package(project))?;
    console::step("page", || page(project))
}

/// Where the server's binary is.
pub(crate) fn server_binary(project: &Project, profile: Profile) -> PathBuf {
    project.target(profile.folder()).join("seawall")
}

const PACKAGE: [&str; 3] = ["pkg", "package-lock.json", "tsconfig.base.json"];

fn package(project: &Project) -> Outcome<Work> {
    npm_build(project, "pkg", &PACKAGE)
}

fn page(project: &Project) -> Outcome<Work> {
    npm_build(project, "web-demo", &[&["web-demo"], PACKAGE.as_slice()].concat())
}

fn npm_build(project: &Project, workspace: &str, inputs: &[&str]) -> Outcome<Work> {
    let stamp = Stamp::of(project, &format!("build-{workspace}"), inputs)?;
    if stamp.is_current(&[project.at(workspace).join("dist")]) {
        return Ok(Work::Current);
    }
    Task::npm(project, &format!("build-{workspace}"))?
        .args(["run", "build", "-w", workspace])
        .run()?;
    stamp.save()?;
    Ok(Work::Done)
}

/// Builds the server alone.
pub(crate) fn server(project: &Project, profile: Profile) -> Outcome<Work> {
    // What is shipped has no features that only the tests ask for.
    let packages: &[&str] = if profile == Profile::Dist {
        &["--package", "seawall-server"]
    } else {
        &NATIVE
    };
    Task::cargo(project, "build-server")?
        .args(["build", "--bin", "seawall"])
        .args(packages)
        .args(profile.words())
        .run()?;
    Ok(Work::Done)
}
