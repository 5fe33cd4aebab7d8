//! `cargo xtask codegen`: the documents that are written from tables in the code.
//!
//! The tables are in the product's crates, so the writer is a program of its own (`src/bin/codegen.rs`): these
//! commands must work, and compile quickly, also while the product does not compile.

use crate::arguments::Arguments;
use crate::console::{self, Work};
use crate::failure::Outcome;
use crate::process::Task;
use crate::project::Project;

/// Writes the documents, or checks them with `--check`.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    let checking = arguments.flag("--check");
    arguments.finish()?;
    console::step("generated documents", || {
        if checking {
            check(project)
        } else {
            writer(project)?.run()
        }
        .map(|()| Work::Done)
    })
}

/// Fails unless every document is what the code says now.
pub(crate) fn check(project: &Project) -> Outcome {
    writer(project)?.arg("--check").run()
}

fn writer(project: &Project) -> Outcome<Task> {
    Ok(Task::cargo(project, "codegen")?.args([
        "run",
        "--quiet",
        "--package",
        "xtask",
        "--features",
        "codegen",
        "--bin",
        "codegen",
        "--",
    ]))
}
