//! Programs that are compiled from a crate of their own, once, into the target folder.

use std::path::PathBuf;

use crate::console::Work;
use crate::failure::Outcome;
use crate::process::{Task, on_path};
use crate::project::Project;

/// A program that its crate is named after.
pub(crate) struct CrateProgram {
    /// The name of both.
    pub(crate) name: &'static str,
    /// The version that is compiled.
    pub(crate) version: &'static str,
}

impl CrateProgram {
    /// The system's, or the one installed here.
    pub(crate) fn find(&self, project: &Project) -> Option<PathBuf> {
        on_path(self.name).or_else(|| Some(self.ours(project)).filter(|program| program.is_file()))
    }

    /// Compiles it, if it is missing.
    pub(crate) fn install(&self, project: &Project) -> Outcome<Work> {
        if self.find(project).is_some() {
            return Ok(Work::Current);
        }
        Task::cargo(project, &format!("setup-{}", self.name))?
            .args(["install", self.name, "--version", self.version])
            .args(["--locked", "--debug", "--root"])
            .arg(project.target("tools/installed"))
            .env("CARGO_TARGET_DIR", project.target("tools"))
            .env("CARGO_PROFILE_DEV_DEBUG", "false")
            .run()?;
        Ok(Work::Done)
    }

    fn ours(&self, project: &Project) -> PathBuf {
        project.target("tools/installed/bin").join(self.name)
    }
}
