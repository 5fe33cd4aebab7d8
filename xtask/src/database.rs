//! `cargo xtask database`: a database server for tests run by hand, until Ctrl-C.

use std::time::Duration;

use crate::arguments::Arguments;
use crate::console;
use crate::failure::Outcome;
use crate::interrupt;
use crate::postgres::{Cluster, Durability};
use crate::project::{Lock, Project};

/// Runs a throw-away server and says how to point the tests at it.
pub(crate) fn run(project: &Project, arguments: Arguments) -> Outcome {
    arguments.finish()?;
    let _one_at_a_time = Lock::take(project, "database")?;
    let mut cluster = Cluster::start(project, "scratch", Durability::Thrown)?;
    console::say(&format!(
        "export SEAWALL_TEST_DATABASE_URL={}",
        cluster.url("postgres")
    ));
    console::note("Ctrl-C stops it and removes all that is in it");
    while interrupt::pause(Duration::from_millis(100)).is_ok() {
        cluster.check()?;
    }
    Ok(())
}
