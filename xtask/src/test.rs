//! `npm test`: every suite, one after the other, and the totals.
//!
//! A failed suite does not stop the next one. The totals are read from what the suites themselves report; a
//! suite that runs no test has failed, for nothing is easier to lose than tests.

pub(crate) mod checks;
mod counts;
mod javascript;
mod rust;
mod suite;
mod summary;
mod wasm;

use std::path::PathBuf;

use crate::arguments::Arguments;
use crate::build;
use crate::console;
use crate::failure::{Failure, Outcome};
use crate::postgres::{Cluster, Durability};
use crate::project::{Lock, Project};
use crate::setup;

use suite::{Need, Suite};

/// What the suites share.
pub(crate) struct Bench<'a> {
    project: &'a Project,
    database: String,
    capabilities: PathBuf,
}

/// Sets up, runs the suites (all, or those named) and prints the totals.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    if arguments.flag("--list") {
        return list();
    }
    let suites = chosen(&arguments.rest())?;
    let _one_at_a_time = Lock::take(project, "test")?;

    prepare(project, &suites)?;
    console::headline("Testing");
    let cluster = match needed(&suites, Need::Database) {
        true => Some(Cluster::start(project, "test", Durability::Thrown)?),
        false => None,
    };
    let bench = Bench {
        project,
        database: cluster
            .as_ref()
            .map_or_else(String::new, |cluster| cluster.url("postgres")),
        capabilities: setup::browsers::capabilities(project)?,
    };
    let results = suites
        .iter()
        .map(|suite| suite.run(&bench))
        .collect::<Outcome<Vec<_>>>()?;
    drop(cluster);
    summary::print(&results)
}

fn prepare(project: &Project, suites: &[&Suite]) -> Outcome {
    setup::run(project)?;
    if needed(suites, Need::Browsers) {
        setup::for_tests(project)?;
    }
    console::headline("Building");
    if needed(suites, Need::Pages) {
        build::pages(project)?;
    }
    if needed(suites, Need::Programs) {
        build::server_and_tests(project)?;
    }
    Ok(())
}

fn needed(suites: &[&Suite], need: Need) -> bool {
    suites.iter().any(|suite| suite.needs.contains(&need))
}

fn list() -> Outcome {
    for suite in suite::ALL {
        console::say(&format!("{:<12} {}", suite.name, suite.about));
    }
    Ok(())
}

fn chosen(names: &[String]) -> Outcome<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(suite::ALL.iter().collect());
    }
    let find = |name: &String| suite::ALL.iter().find(|suite| suite.name == name);
    let unknown =
        |name: &String| Failure::because(format!("there is no suite {name:?}: see `npm test -- --list`"));
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| unknown(name)))
        .collect()
}
