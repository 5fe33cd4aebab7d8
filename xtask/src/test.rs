//! `npm test`: every suite, one after the other, and the totals.
//!
//! A failed suite does not stop the next one. The totals are read from what the suites themselves report; a
//! suite that runs no test has failed, for nothing is easier to lose than tests.

mod broken;
pub(crate) mod checks;
mod counts;
mod ground;
mod javascript;
mod rust;
mod suite;
mod summary;
mod wasm;

use crate::arguments::Arguments;
use crate::console;
use crate::failure::{Failure, Outcome};
use crate::project::{Lock, Project};

use ground::Ground;
use suite::Suite;

/// Sets up, runs the suites (all, or those named) and prints the totals.
pub(crate) fn run(project: &Project, mut arguments: Arguments) -> Outcome {
    if arguments.flag("--list") {
        return list();
    }
    let sdk = arguments.flag("--sdk");
    let mut names = arguments.rest();
    if sdk {
        names.extend(suite::SDK.map(str::to_owned));
    }
    let suites = chosen(&names)?;
    let _one_at_a_time = Lock::take(project, "test")?;

    let ground = Ground::lay(project, &suites)?;
    console::headline("Testing");
    let reports = suites
        .iter()
        .map(|suite| suite.run(&ground))
        .collect::<Outcome<Vec<_>>>()?;
    drop(ground);
    summary::print(&reports)
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
