//! The load generators of `tests/load`: built, and run on a throw-away database beside the server as it is shipped.

use std::path::{Path, PathBuf};

use crate::build::{self, Profile};
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::postgres::{Cluster, Durability};
use crate::process::Task;
use crate::project::Project;

/// What is measured, and by what.
pub(super) struct Built {
    /// The server's program.
    pub(super) server: PathBuf,
    /// Where the load generators are.
    generators: PathBuf,
}

impl Built {
    /// The server by the profile that is shipped (unless `SEAWALL_BINARY` names another, such as the guided build),
    /// and optimised load generators.
    pub(super) fn shipped(project: &Project, generators: &[&str]) -> Outcome<Self> {
        Self::of(project, generators, Profile::Dist, Profile::Release)
    }

    /// Both quickly.
    pub(super) fn quickly(project: &Project, generators: &[&str]) -> Outcome<Self> {
        Self::of(project, generators, Profile::Debug, Profile::Debug)
    }

    /// A server that is there, and load generators that need not be fast.
    pub(super) fn around(project: &Project, server: &Path, generators: &[&str]) -> Outcome<Self> {
        console::step("load generators", || {
            generate(project, generators, Profile::Debug)
        })?;
        Ok(Self {
            server: server.to_owned(),
            generators: build::server_binary(project, Profile::Debug).with_file_name(""),
        })
    }

    fn of(project: &Project, generators: &[&str], server: Profile, load: Profile) -> Outcome<Self> {
        console::headline("Building");
        if !generators.is_empty() {
            console::step("load generators", || generate(project, generators, load))?;
        }
        let named = std::env::var_os("SEAWALL_BINARY").map(PathBuf::from);
        if named.is_none() {
            console::step("server", || build::server(project, server))?;
        }
        Ok(Self {
            server: named.unwrap_or_else(|| build::server_binary(project, server)),
            generators: build::server_binary(project, load).with_file_name(""),
        })
    }

    /// A load generator, about to measure.
    pub(super) fn task(&self, project: &Project, cluster: &Cluster, generator: &str) -> Outcome<Task> {
        Ok(Task::new(project, generator, self.generators.join(generator))?
            .env("SEAWALL_TEST_DATABASE_URL", cluster.url("postgres"))
            .env("SEAWALL_BINARY", &self.server)
            .env("BENCH_JSON", figures(project, generator)))
    }
}

/// Builds what is measured and measures it.
pub(super) fn run(project: &Project, generator: &str, headline: &str) -> Outcome {
    let built = Built::shipped(project, &[generator])?;
    console::headline(headline);
    let cluster = Cluster::start(project, "bench", Durability::Thrown)?;
    super::shown(built.task(project, &cluster, generator)?)
}

/// Where a load generator writes what it has measured, as JSON.
pub(super) fn figures(project: &Project, generator: &str) -> PathBuf {
    project.target(&format!("{generator}.json"))
}

fn generate(project: &Project, generators: &[&str], profile: Profile) -> Outcome<Work> {
    let programs = generators.iter().flat_map(|generator| ["--bin", generator]);
    Task::cargo(project, "bench-load-build")?
        .args(["build", "--package", "seawall-e2e"])
        .args(programs)
        .args(profile.words())
        .run()?;
    Ok(Work::Done)
}
