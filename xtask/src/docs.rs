//! `npm run docs`: the API reference of the npm package, from the comments in its sources, as pages in `docs/api`.

use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;
use crate::{setup, wasm};

/// Writes the pages.
pub(crate) fn run(project: &Project) -> Outcome {
    setup::run(project)?;
    // The sources import what is generated beside the modules.
    console::headline("Building WebAssembly");
    wasm::modules(project)?;
    console::headline("Writing");
    console::step("API reference", || {
        Task::npm(project, "docs")?
            .args(["run", "docs", "-w", "docs/reference"])
            .run()?;
        Ok(Work::Done)
    })?;
    console::say("docs/api/index.html");
    Ok(())
}
