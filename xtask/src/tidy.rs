//! `cargo xtask tidy`: the house rules that a compiler does not know, as code.

mod edges;
mod leaks;
mod names;
mod sizes;
mod sources;
mod stages;

use crate::console;
use crate::failure::{Failure, Outcome};
use crate::project::Project;

use sources::Sources;

/// A rule: what it says, and where it is broken.
struct Rule {
    says: &'static str,
    inspect: fn(&Project, &Sources) -> Outcome<Vec<String>>,
}

const RULES: &[Rule] = &[
    Rule {
        says: "a crate uses only the workspace crates it may",
        inspect: edges::workspace,
    },
    Rule {
        says: "the pure crates know no runtime, driver, clock or randomness",
        inspect: edges::pure,
    },
    Rule {
        says: "the pure crates read no clock and no environment",
        inspect: edges::clocks,
    },
    Rule {
        says: "inside pgrest nothing imports backwards",
        inspect: stages::pgrest,
    },
    Rule {
        says: "inside the server middleware and routes never import each other",
        inspect: stages::server,
    },
    Rule {
        says: "the page imports only the public package and supabase-js",
        inspect: stages::page,
    },
    Rule {
        says: "no file is named utils, helpers, common, misc or mod.rs",
        inspect: names::files,
    },
    Rule {
        says: "no test is ignored and no lint allowed",
        inspect: names::markers,
    },
    Rule {
        says: "no machine's path and no registry's host is written down",
        inspect: leaks::inspect,
    },
];

/// What an inspection found.
pub(crate) struct Found {
    held: u64,
    broken: Vec<String>,
}

impl Found {
    /// How many rules hold.
    pub(crate) fn held(&self) -> u64 {
        self.held
    }

    /// How many do not.
    pub(crate) fn failed(&self) -> u64 {
        self.broken.len() as u64
    }

    /// The broken rules, with the places.
    pub(crate) fn broken(&self) -> impl Iterator<Item = &String> {
        self.broken.iter()
    }
}

/// Inspects the checkout and reports, long files included.
pub(crate) fn run(project: &Project) -> Outcome {
    hold(project)?;
    for remark in sizes::long_files(&Sources::of(project)?) {
        console::note(&remark);
    }
    console::say(&format!("{} house rules hold", RULES.len()));
    Ok(())
}

/// Fails unless every rule holds.
pub(crate) fn hold(project: &Project) -> Outcome {
    let found = inspect(project)?;
    if found.broken.is_empty() {
        Ok(())
    } else {
        Err(Failure::because(found.broken.join("\n")))
    }
}

/// Inspects the checkout.
pub(crate) fn inspect(project: &Project) -> Outcome<Found> {
    let sources = Sources::of(project)?;
    let mut found = Found {
        held: 0,
        broken: Vec::new(),
    };
    for rule in RULES {
        let places = (rule.inspect)(project, &sources)?;
        if places.is_empty() {
            found.held += 1;
        } else {
            found
                .broken
                .push(format!("{}:\n  {}", rule.says, places.join("\n  ")));
        }
    }
    Ok(found)
}
