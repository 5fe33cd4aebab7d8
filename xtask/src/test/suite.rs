//! The suites, in order: what is quick to fail first, what needs most last.

use std::time::{Duration, Instant};

use super::counts::Counts;
use super::{Bench, checks, javascript, rust, wasm};
use crate::console;
use crate::failure::{Failure, Outcome};

/// One suite.
pub(super) struct Suite {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it tests.
    pub(super) about: &'static str,
    go: fn(&Bench<'_>) -> Outcome<Counts>,
}

/// What came of one suite.
pub(super) struct Report {
    /// The suite's name.
    pub(super) name: &'static str,
    /// What it counted.
    pub(super) counts: Counts,
    /// Why it failed, if it did.
    pub(super) fault: Option<String>,
    /// How long it took.
    pub(super) took: Duration,
}

/// Every suite.
pub(super) const ALL: &[Suite] = &[
    Suite {
        name: "format",
        about: "Rust is formatted",
        go: checks::format,
    },
    Suite {
        name: "tidy",
        about: "the house rules hold",
        go: checks::tidy,
    },
    Suite {
        name: "codegen",
        about: "generated documents are current",
        go: checks::codegen,
    },
    Suite {
        name: "clippy",
        about: "no lint is broken, natively and in wasm",
        go: checks::clippy,
    },
    Suite {
        name: "deny",
        about: "licences and sources of dependencies",
        go: checks::deny,
    },
    Suite {
        name: "policy",
        about: "the policy core",
        go: |bench| rust::package(bench, "seawall-policy"),
    },
    Suite {
        name: "pgrest",
        about: "requests to SQL",
        go: |bench| rust::package(bench, "seawall-pgrest"),
    },
    Suite {
        name: "server",
        about: "the server",
        go: |bench| rust::package(bench, "seawall-server"),
    },
    Suite {
        name: "xtask",
        about: "these commands",
        go: |bench| rust::package(bench, "xtask"),
    },
    Suite {
        name: "e2e",
        about: "the server over a real PostgreSQL",
        go: |bench| rust::package(bench, "seawall-e2e"),
    },
    Suite {
        name: "wasm-node",
        about: "the wasm modules in Node",
        go: wasm::node,
    },
    Suite {
        name: "wasm-chromium",
        about: "the wasm modules in headless Chromium",
        go: wasm::chromium,
    },
    Suite {
        name: "wasm-firefox",
        about: "the wasm modules in headless Firefox",
        go: wasm::firefox,
    },
    Suite {
        name: "package",
        about: "the npm package",
        go: javascript::package,
    },
    Suite {
        name: "node",
        about: "supabase-js in Node against the real server",
        go: javascript::node,
    },
    Suite {
        name: "browser",
        about: "the page in a real browser",
        go: javascript::browser,
    },
];

impl Suite {
    /// Runs the suite; only being asked to stop is an error here.
    pub(super) fn run(&self, bench: &Bench<'_>) -> Outcome<Report> {
        let started = Instant::now();
        let mut outcome = Err(Failure::Interrupted);
        let label = format!("{} ({})", self.name, self.about);
        let shown = console::step(&label, || {
            outcome = (self.go)(bench);
            match &outcome {
                Ok(counts) if counts.fault().is_none() => Ok(console::Work::Done),
                Ok(counts) => Err(Failure::because(counts.fault().unwrap_or_default())),
                Err(Failure::Interrupted) => Err(Failure::Interrupted),
                Err(failure) => Err(Failure::because(failure.to_string())),
            }
        });
        let fault = match shown {
            Ok(()) => None,
            Err(Failure::Interrupted) => return Err(Failure::Interrupted),
            Err(failure) => Some(failure.to_string()),
        };
        if let Some(fault) = &fault {
            console::say(fault);
        }
        let counts = outcome.unwrap_or_else(|_| Counts::one_failure());
        Ok(Report {
            name: self.name,
            counts,
            fault,
            took: started.elapsed(),
        })
    }
}
