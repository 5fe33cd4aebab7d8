//! `npm run build:guided`: the server as it is shipped, and arranged by what a load of it really uses.
//!
//! Profile-guided optimisation, as rustc's book has it: the server is built twice, first counting what it does while
//! the benchmarks' loads run against it, then laid out by these counts. Both builds have one profile of cargo's, or the
//! counts would be of functions by other names. Nothing of the source differs; it takes twice as long to build.

use std::path::{Path, PathBuf};

use super::Profile;
use crate::bench;
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome, with_file};
use crate::process::Task;
use crate::project::Project;
use crate::setup;

/// Builds it and says where it is.
pub(crate) fn run(project: &Project) -> Outcome {
    setup::run(project)?;
    let host = host(project)?;
    console::step("LLVM's tools", || {
        Task::new(project, "guided-tools", "rustup")?
            .args(["component", "add", "llvm-tools"])
            .run()?;
        Ok(Work::Done)
    })?;
    let counts = project.target("guided/counts");
    forget(&counts)?;
    console::headline("Counting");
    console::step("server that counts", || {
        server(
            project,
            &host,
            &format!("-Cprofile-generate={}", counts.display()),
        )
    })?;
    bench::train(project, &program(project, &host))?;
    let profile = project.target("guided/seawall.profdata");
    console::headline("Arranging");
    console::step("counts", || merge(project, &host, &counts, &profile))?;
    console::step("server", || {
        server(project, &host, &format!("-Cprofile-use={}", profile.display()))
    })?;
    console::say(&format!(
        "the server: {} (benchmarks measure it as SEAWALL_BINARY)",
        program(project, &host).display()
    ));
    Ok(())
}

/// For a named target, or the flags would also be those of build scripts and macros.
fn server(project: &Project, host: &str, flag: &str) -> Outcome<Work> {
    Task::cargo(project, "guided-build")?
        .env("CARGO_TARGET_DIR", project.target("guided"))
        .env("RUSTFLAGS", flag)
        .args([
            "build",
            "--package",
            "seawall-server",
            "--bin",
            "seawall",
            "--target",
            host,
        ])
        .args(Profile::Dist.words())
        .run()?;
    Ok(Work::Done)
}

fn program(project: &Project, host: &str) -> PathBuf {
    project.target("guided").join(host).join("dist/seawall")
}

fn merge(project: &Project, host: &str, counts: &Path, profile: &Path) -> Outcome<Work> {
    let tools = Task::new(project, "guided-sysroot", "rustc")?
        .args(["--print", "sysroot"])
        .output()?;
    let tool = Path::new(tools.trim()).join(format!("lib/rustlib/{host}/bin/llvm-profdata"));
    Task::new(project, "guided-merge", tool)?
        .args(["merge", "-o"])
        .args([profile, counts])
        .run()?;
    Ok(Work::Done)
}

/// What this machine's programs are called by rustc, such as `x86_64-unknown-linux-gnu`.
fn host(project: &Project) -> Outcome<String> {
    let told = Task::new(project, "guided-host", "rustc")?.arg("-vV").output()?;
    told.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::because("rustc does not say what machine this is"))
}

/// Counts of another build are of no use.
fn forget(counts: &Path) -> Outcome {
    if counts.exists() {
        std::fs::remove_dir_all(counts).map_err(with_file("remove", counts))?;
    }
    Ok(())
}
