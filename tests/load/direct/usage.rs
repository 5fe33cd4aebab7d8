//! Processor time and memory of processes, as Linux tells them.

use std::collections::BTreeMap;
use std::fs;

/// Clock ticks a second, the same on every Linux.
const TICKS: f64 = 100.0;

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
    /// Reads a server's process, if there is one, and those of every PostgreSQL.
    pub(crate) fn take(server: Option<u32>) -> Self {
        Self {
            server: server.and_then(seconds).unwrap_or(0.0),
            database: processes("postgres")
                .filter_map(|pid| Some((pid, seconds(pid)?)))
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

/// Memory in use now, in MiB.
pub(crate) fn resident_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

fn seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn processes(name: &str) -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(move |pid| {
        fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim_end() == name)
    })
}
