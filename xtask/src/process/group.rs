//! Ending a process and all that it started.

use std::process::Child;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Asks a child to end, waits, and then ends whatever is left of its process group.
pub(super) fn end(child: &mut Child, polite: Signal, grace: Duration) {
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return;
    };
    if let Ok(None) = child.try_wait() {
        let _already_gone = kill_process(pid, polite);
        wait_for(child, grace);
    }
    let _already_gone = kill_process_group(pid, Signal::KILL);
    let _reaped = child.wait();
}

fn wait_for(child: &mut Child, grace: Duration) {
    let until = Instant::now() + grace;
    while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
        std::thread::sleep(Duration::from_millis(10));
    }
}
