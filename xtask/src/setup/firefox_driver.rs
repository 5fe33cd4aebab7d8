//! geckodriver, through which the wasm tests drive Firefox. Its npm package would fetch a binary instead.

use std::path::PathBuf;

use super::browsers;
use super::crate_program::CrateProgram;
use crate::console::Work;
use crate::failure::Outcome;
use crate::project::Project;

const GECKODRIVER: CrateProgram = CrateProgram {
    name: "geckodriver",
    version: "0.37.1",
};

/// The driver: the system's, or the one installed here.
pub(crate) fn find(project: &Project) -> Option<PathBuf> {
    GECKODRIVER.find(project)
}

/// Compiles the driver when there is a Firefox but no driver.
pub(super) fn install(project: &Project) -> Outcome<Work> {
    match browsers::firefox() {
        Some(_) => GECKODRIVER.install(project),
        None => Ok(Work::Current),
    }
}
