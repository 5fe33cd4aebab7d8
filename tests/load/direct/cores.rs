//! Gives the database a processor core of its own, so that whoever asks it does not also take time from it.
//!
//! On a machine of few cores a server, its load and the database would share them, and a figure would tell how the
//! system divides them. pgbench, which has no server, would look better by that alone.

use std::fs;
use std::process::{Command, Stdio};

/// Puts the database on the first core, and this process with all that it starts on the others; says whether it could.
pub(crate) fn divide(postmaster: u32) -> bool {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if cores < 2 {
        return false;
    }
    let others = format!("1-{}", cores - 1);
    let family = children(postmaster).into_iter().chain([postmaster]);
    family.into_iter().all(|pid| pin(pid, "0")) && pin(std::process::id(), &others)
}

/// The processes that another has started.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| parent_of(*pid) == Some(parent)).collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// All threads of a process.
fn pin(pid: u32, cores: &str) -> bool {
    Command::new("taskset")
        .args(["--all-tasks", "--cpu-list", "--pid", cores, &pid.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
