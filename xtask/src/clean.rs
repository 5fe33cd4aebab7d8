//! `cargo xtask clean`: removes what the other commands keep. What cargo and npm build stays; they remove it
//! themselves.

use crate::console::{self, Work};
use crate::failure::{Outcome, with_file};
use crate::postgres;
use crate::project::{Lock, Project};

/// Removes databases, logs, stamps and secrets.
pub(crate) fn run(project: &Project) -> Outcome {
    let _nothing_runs = (Lock::take(project, "start")?, Lock::take(project, "test")?);
    console::step("databases", || postgres::forget(project).map(|()| Work::Done))?;
    console::step("logs, stamps, secrets", || {
        let folder = project.at(".seawall");
        std::fs::remove_dir_all(&folder).map_err(with_file("remove", &folder))?;
        Ok(Work::Done)
    })
}
