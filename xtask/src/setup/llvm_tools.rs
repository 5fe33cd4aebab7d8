//! The tools of the compiler's own LLVM, which read what a program has counted.

use std::path::Path;

use crate::console::Work;
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;

/// Adds rustup's component unless its program is there.
pub(super) fn add(project: &Project, program: &Path) -> Outcome<Work> {
    if program.is_file() {
        return Ok(Work::Current);
    }
    Task::new(project, "setup-llvm-tools", "rustup")?
        .args(["component", "add", "llvm-tools"])
        .run()?;
    Ok(Work::Done)
}
