//! `npm run fuzz`: the fuzz targets of every crate that has some, one after the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::arguments::Arguments;
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome, when, with_file};
use crate::process::{Task, on_path};
use crate::project::Project;

const VERSION: &str = "0.13.2";
const SECONDS: u32 = 60;

/// Fuzzes every target (or the one named) for `--seconds` each.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let seconds = arguments.number("--seconds")?.unwrap_or(SECONDS);
    let wanted = arguments.rest();
    let targets: Vec<Target> = targets(project)?
        .into_iter()
        .filter(|target| target.is_among(&wanted))
        .collect();
    if targets.is_empty() {
        return Err(Failure::because("there is no such fuzz target"));
    }
    check_nightly(project)?;
    console::step("cargo-fuzz", || install(project))?;
    for target in targets {
        console::step(
            &format!("{} {} for {seconds} s", target.package, target.name),
            || target.fuzz(project, seconds),
        )?;
    }
    Ok(())
}

struct Target {
    package: String,
    folder: PathBuf,
    name: String,
}

impl Target {
    fn is_among(&self, names: &[String]) -> bool {
        names.is_empty() || names.contains(&self.name)
    }

    // libFuzzer keeps what it finds in the first folder and only reads the others.
    fn fuzz(&self, project: &Project, seconds: u32) -> Outcome<Work> {
        let folder = &self.folder;
        let corpus = folder.join("fuzz/corpus").join(&self.name);
        fs::create_dir_all(&corpus).map_err(with_file("create", &corpus))?;
        let seeds = Some(folder.join("fuzz/seeds").join(&self.name)).filter(|seeds| seeds.is_dir());
        let words = Some(folder.join(format!("fuzz/{}.dict", self.package))).filter(|words| words.is_file());

        Task::cargo(project, &format!("fuzz-{}-{}", self.package, self.name))?
            .args(["+nightly", "fuzz", "run", &self.name])
            .args(std::iter::once(corpus).chain(seeds))
            .args(["--", "-timeout=10", "-rss_limit_mb=2048"])
            .arg(format!("-max_total_time={seconds}"))
            .args(words.map(|words| format!("-dict={}", words.display())))
            .dir(folder)
            .env("CARGO_TARGET_DIR", project.target("fuzz"))
            .env("PATH", path_with_ours(project)?)
            .env("RUSTUP_TOOLCHAIN", "nightly")
            .limit(Duration::from_secs(u64::from(seconds) + 1800))
            .run()?;
        Ok(Work::Done)
    }
}

fn targets(project: &Project) -> Outcome<Vec<Target>> {
    let mut found = Vec::new();
    let crates = project.at("crates");
    let packages = names_in(&crates)?.into_iter().map(|package| {
        let folder = crates.join(&package);
        (package, folder)
    });
    for (package, folder) in packages.chain([("server".to_owned(), project.at("server"))]) {
        for file in names_in(&folder.join("fuzz/fuzz_targets"))? {
            if let Some(name) = file.strip_suffix(".rs") {
                found.push(Target {
                    package: package.clone(),
                    folder: folder.clone(),
                    name: name.to_owned(),
                });
            }
        }
    }
    Ok(found)
}

fn names_in(folder: &Path) -> Outcome<Vec<String>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(with_file("list", folder))?.flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    Ok(names)
}

fn check_nightly(project: &Project) -> Outcome {
    let nightly = Task::new(project, "fuzz-nightly", "rustup")?
        .args(["run", "nightly", "rustc", "--version"])
        .status()?;
    if nightly.success() {
        return Ok(());
    }
    Err(Failure::because(
        "fuzzing needs a nightly compiler: install it with `rustup toolchain install nightly`",
    ))
}

fn install(project: &Project) -> Outcome<Work> {
    if on_path("cargo-fuzz").is_some() || ours(project).join("cargo-fuzz").is_file() {
        return Ok(Work::Current);
    }
    Task::cargo(project, "fuzz-install")?
        .args([
            "install",
            "cargo-fuzz",
            "--version",
            VERSION,
            "--locked",
            "--debug",
            "--root",
        ])
        .arg(project.target("tools/installed"))
        .env("CARGO_TARGET_DIR", project.target("tools"))
        .run()?;
    Ok(Work::Done)
}

fn ours(project: &Project) -> PathBuf {
    project.target("tools/installed/bin")
}

fn path_with_ours(project: &Project) -> Outcome<std::ffi::OsString> {
    let own_path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(ours(project)).chain(std::env::split_paths(&own_path));
    std::env::join_paths(folders).map_err(when("PATH cannot be extended"))
}
