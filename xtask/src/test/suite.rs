//! The suites, in order: what is quick to fail first, what needs most last.

use std::time::{Duration, Instant};

use super::counts::Counts;
use super::ground::Ground;
use super::{checks, javascript, rust, wasm};

use crate::console;
use crate::failure::{Failure, Outcome};
use Need::{Browsers, Database, Pages, Programs};

/// Something a suite needs to be there before it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Need {
    /// The modules, the package and the page.
    Pages,
    /// The server and the native tests, compiled.
    Programs,
    /// A database server.
    Database,
    /// Browsers and their drivers.
    Browsers,
}

impl Need {
    /// What to say when it is not there.
    pub(super) fn lacking(self) -> &'static str {
        match self {
            Self::Pages => "what runs in the browser could not be built",
            Self::Programs => "the server and the native tests could not be built",
            Self::Database => "there is no database",
            Self::Browsers => "browsers could not be set up",
        }
    }
}

/// One suite.
pub(super) struct Suite {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it tests.
    pub(super) about: &'static str,
    /// What must be there.
    pub(super) needs: &'static [Need],
    go: fn(&Ground<'_>) -> Outcome<Counts>,
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
        needs: &[],
        go: checks::format,
    },
    Suite {
        name: "tidy",
        about: "house rules",
        needs: &[],
        go: checks::tidy,
    },
    Suite {
        name: "codegen",
        about: "generated documents are current",
        needs: &[],
        go: checks::codegen,
    },
    Suite {
        name: "clippy",
        about: "lints, natively and in wasm",
        needs: &[],
        go: checks::clippy,
    },
    Suite {
        name: "deny",
        about: "licences and sources of dependencies",
        needs: &[],
        go: checks::deny,
    },
    Suite {
        name: "types",
        about: "TypeScript's types",
        needs: &[Pages],
        go: javascript::types,
    },
    Suite {
        name: "policy",
        about: "policy core",
        needs: &[Programs],
        go: |ground| rust::package(ground, "seawall-policy"),
    },
    Suite {
        name: "shape",
        about: "queries and the shapes of requests",
        needs: &[Programs],
        go: |ground| {
            let mut sum = rust::package(ground, "seawall-shape-wasm")?;
            // What describes the requests of its queries.
            sum += rust::package(ground, "reqwest")?;
            Ok(sum)
        },
    },
    Suite {
        name: "pgrest",
        about: "requests to SQL",
        needs: &[Programs],
        go: |ground| rust::package(ground, "seawall-pgrest"),
    },
    Suite {
        name: "server",
        about: "server",
        needs: &[Programs, Database],
        go: |ground| rust::package(ground, "seawall-server"),
    },
    Suite {
        name: "xtask",
        about: "these commands",
        needs: &[Programs],
        go: |ground| rust::package(ground, "xtask"),
    },
    Suite {
        name: "e2e",
        about: "server over a real PostgreSQL",
        needs: &[Programs, Database],
        go: |ground| rust::package(ground, "seawall-e2e"),
    },
    Suite {
        name: "examples",
        about: "examples in Rust's documentation",
        needs: &[Programs],
        go: rust::examples,
    },
    Suite {
        name: "wasm-node",
        about: "wasm in Node",
        needs: &[],
        go: wasm::node,
    },
    Suite {
        name: "wasm-chromium",
        about: "wasm in Chromium",
        needs: &[Browsers],
        go: wasm::chromium,
    },
    Suite {
        name: "wasm-firefox",
        about: "wasm in Firefox",
        needs: &[Browsers],
        go: wasm::firefox,
    },
    Suite {
        name: "package",
        about: "npm package",
        needs: &[Pages],
        go: javascript::package,
    },
    Suite {
        name: "packaging",
        about: "packed package under every bundler, runtime and browser",
        needs: &[Pages, Browsers],
        go: javascript::packaging,
    },
    Suite {
        name: "node",
        about: "supabase-js in Node on the real server",
        needs: &[Pages, Programs, Database],
        go: javascript::node,
    },
    Suite {
        name: "browser",
        about: "page in Chromium on the real server",
        needs: &[Pages, Programs, Database, Browsers],
        go: javascript::browser,
    },
];

/// Those that show what the npm package promises.
pub(super) const SDK: [&str; 10] = [
    "types",
    "policy",
    "shape",
    "wasm-node",
    "wasm-chromium",
    "wasm-firefox",
    "package",
    "packaging",
    "node",
    "browser",
];

impl Suite {
    /// Runs the suite; only being asked to stop is an error here.
    pub(super) fn run(&self, ground: &Ground<'_>) -> Outcome<Report> {
        let started = Instant::now();
        let mut outcome = Err(Failure::Interrupted);
        let label = format!("{} ({})", self.name, self.about);
        let shown = console::step(&label, || {
            outcome = ground.bears(self).and_then(|()| (self.go)(ground));
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
