//! What the suites stand on, laid once before the first. What cannot be laid fails the suites that need it,
//! and only those.

use std::path::{Path, PathBuf};

use super::suite::{Need, Suite};
use crate::build;
use crate::console;
use crate::failure::{Failure, Outcome};
use crate::postgres::{Cluster, Durability};
use crate::project::Project;
use crate::setup;

/// What is there for the suites.
pub(super) struct Ground<'a> {
    project: &'a Project,
    cluster: Option<Cluster>,
    capabilities: PathBuf,
    missing: Vec<(Need, String)>,
}

impl<'a> Ground<'a> {
    /// Sets up, builds and starts what these suites need.
    pub(super) fn lay(project: &'a Project, suites: &[&Suite]) -> Outcome<Self> {
        setup::run(project)?;
        let capabilities = setup::browsers::capabilities(project)?;
        let mut ground = Self {
            project,
            cluster: None,
            capabilities,
            missing: Vec::new(),
        };
        for need in [Need::Browsers, Need::Pages, Need::Programs, Need::Database] {
            if suites.iter().any(|suite| suite.needs.contains(&need)) {
                let laid = ground.provide(need);
                ground.remember(need, laid)?;
            }
        }
        Ok(ground)
    }

    /// The checkout.
    pub(super) fn project(&self) -> &Project {
        self.project
    }

    /// The address of the superuser of a database server; empty when no suite needs one.
    pub(super) fn database(&self) -> String {
        self.cluster
            .as_ref()
            .map_or_else(String::new, |cluster| cluster.url("postgres"))
    }

    /// What wasm tests ask of a browser's driver.
    pub(super) fn capabilities(&self) -> &Path {
        &self.capabilities
    }

    /// Fails if something the suite needs is missing.
    pub(super) fn bears(&self, suite: &Suite) -> Outcome {
        match self.missing.iter().find(|(need, _)| suite.needs.contains(need)) {
            Some((_, why)) => Err(Failure::because(format!("not run, because {why}"))),
            None => Ok(()),
        }
    }

    fn provide(&mut self, need: Need) -> Outcome {
        match need {
            Need::Browsers => setup::for_tests(self.project),
            Need::Pages => {
                console::headline("Building for the browser");
                build::pages(self.project)
            }
            Need::Programs => {
                console::headline("Building the server and the native tests");
                build::server_and_tests(self.project)
            }
            Need::Database => console::step("database", || {
                self.cluster = Some(Cluster::start(self.project, "test", Durability::Thrown)?);
                Ok(console::Work::Done)
            }),
        }
    }

    fn remember(&mut self, need: Need, laid: Outcome) -> Outcome {
        match laid {
            Ok(()) => Ok(()),
            Err(Failure::Interrupted) => Err(Failure::Interrupted),
            Err(failure) => {
                console::say(&failure.to_string());
                self.missing.push((need, need.lacking().to_owned()));
                Ok(())
            }
        }
    }
}
