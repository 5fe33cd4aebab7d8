//! Processor time of a server and of the database it asks, as Linux tells it.

use std::collections::BTreeMap;

use seawall_e2e::measure::processor_seconds;

use crate::cores::children;

/// Processor seconds used during a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// By the server under test.
    pub(crate) server: f64,
    /// By PostgreSQL's processes.
    pub(crate) database: f64,
}

/// Processor seconds used so far, by process.
pub(crate) struct Reading {
    server: f64,
    database: BTreeMap<u32, f64>,
}

impl Reading {
    /// Reads a server's process, if there is one, and those of the database.
    pub(crate) fn take(server: Option<u32>, postmaster: u32) -> Self {
        Self {
            server: server.and_then(processor_seconds).unwrap_or(0.0),
            database: children(postmaster)
                .into_iter()
                .filter_map(|pid| Some((pid, processor_seconds(pid)?)))
                .collect(),
        }
    }

    /// What was used since an earlier reading. A session that ended in between took its figure with it.
    pub(crate) fn since(&self, earlier: &Self) -> Usage {
        let grown = |(pid, now): (&u32, &f64)| now - earlier.database.get(pid).copied().unwrap_or(0.0);
        Usage {
            server: self.server - earlier.server,
            database: self.database.iter().map(grown).sum(),
        }
    }
}
