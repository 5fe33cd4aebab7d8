//! `npm run build:guided`: the server as it is shipped, arranged by what a load of it really uses.
//!
//! Profile-guided optimisation, as rustc's book has it: the server is built twice, first counting what it does while
//! the benchmarks' loads run against it, then laid out by these counts. Both builds have one profile of cargo's, or the
//! counts would be of functions by other names. Nothing of the source differs; it takes twice as long to build.
//!
//! Counts are named after what was counted and after the load. The same again is not counted again, and others are
//! another flag, by which cargo sees that it has to build anew: a changed file under the same name it would not see.

use std::fs;
use std::path::{Path, PathBuf};

use super::Profile;
use crate::bench;
use crate::console::{self, Work};
use crate::failure::{Failure, Outcome, with_file};
use crate::process::Task;
use crate::project::Project;
use crate::setup;
use crate::stamp::Stamp;

/// Builds it and says where it is.
pub(crate) fn run(project: &Project) -> Outcome {
    let compiler = Compiler::of(project)?;
    setup::for_training(project, &compiler.merger())?;

    console::headline("Counting");
    let counts = project.target("guided/counts");
    let counting = Build {
        folder: project.target("guided/counting"),
        flag: format!("-Cprofile-generate={}", counts.display()),
    };
    console::step("server that counts", || counting.run(project, &compiler))?;
    let counting = counting.program(&compiler);

    let arranged = project.target("guided/arranged");
    let profile = arranged.join(format!("{}.profdata", load(project, &counting)?));
    if !profile.is_file() {
        forget(&counts)?;
        forget(&arranged)?;
        bench::train(project, &counting)?;
        console::step("counts", || merge(project, &compiler, &counts, &profile))?;
    }

    console::headline("Arranging");
    let arranged = Build {
        folder: arranged,
        flag: format!("-Cprofile-use={}", profile.display()),
    };
    console::step("server", || arranged.run(project, &compiler))?;
    let shipped = project.target("guided/seawall");
    fs::copy(arranged.program(&compiler), &shipped).map_err(with_file("write", &shipped))?;
    console::say(&format!(
        "the server: {} (benchmarks measure it as SEAWALL_BINARY)",
        shipped.display()
    ));
    Ok(())
}

/// One of the two builds, in a folder of its own: counts leave with what was built by them.
struct Build {
    folder: PathBuf,
    flag: String,
}

impl Build {
    /// For a named target, or the flag would also be that of build scripts and macros.
    fn run(&self, project: &Project, compiler: &Compiler) -> Outcome<Work> {
        Task::cargo(project, "guided-build")?
            .env("CARGO_TARGET_DIR", &self.folder)
            .env("RUSTFLAGS", &self.flag)
            .args(["build", "--locked", "--package", "seawall-server"])
            .args(["--bin", "seawall", "--target", &compiler.host])
            .args(Profile::Dist.words())
            .run()?;
        Ok(Work::Done)
    }

    fn program(&self, compiler: &Compiler) -> PathBuf {
        self.folder.join(&compiler.host).join("dist/seawall")
    }
}

/// What rustc says of itself.
struct Compiler {
    /// What this machine's programs are called, such as `x86_64-unknown-linux-gnu`.
    host: String,
    sysroot: PathBuf,
}

impl Compiler {
    fn of(project: &Project) -> Outcome<Self> {
        let told = Task::new(project, "guided-host", "rustc")?.arg("-vV").output()?;
        let host = told
            .lines()
            .find_map(|line| line.strip_prefix("host: "))
            .ok_or_else(|| Failure::because("rustc does not say what machine this is"))?;
        let sysroot = Task::new(project, "guided-sysroot", "rustc")?
            .args(["--print", "sysroot"])
            .output()?;
        Ok(Self {
            host: host.to_owned(),
            sysroot: PathBuf::from(sysroot.trim()),
        })
    }

    /// The program that makes one file of all counts; it comes with LLVM's tools.
    fn merger(&self) -> PathBuf {
        let tools = self.sysroot.join("lib/rustlib").join(&self.host);
        tools.join("bin/llvm-profdata")
    }
}

/// A name for what is counted: that program, under these loads.
fn load(project: &Project, counting: &Path) -> Outcome<String> {
    let inputs = [&*counting.to_string_lossy(), "tests/load", "tests/src"];
    Ok(Stamp::of(project, "guided", &inputs)?.value().to_owned())
}

fn merge(project: &Project, compiler: &Compiler, counts: &Path, profile: &Path) -> Outcome<Work> {
    if let Some(folder) = profile.parent() {
        fs::create_dir_all(folder).map_err(with_file("create", folder))?;
    }
    // Under its own name only when it is whole.
    let partial = profile.with_extension("partial");
    Task::new(project, "guided-merge", compiler.merger())?
        .args(["merge", "-o"])
        .args([&partial, counts])
        .run()?;
    fs::rename(&partial, profile).map_err(with_file("rename", &partial))?;
    Ok(Work::Done)
}

/// Counts of another program, and what was built by them, are of no use.
fn forget(folder: &Path) -> Outcome {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(with_file("remove", folder))?;
    }
    Ok(())
}
