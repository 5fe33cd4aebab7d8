//! Ctrl-C and its relatives, as one question: has somebody asked us to stop?
//!
//! Everything we start runs in a process group of its own, so a terminal's signal reaches only us and we
//! stop the others in order. Any number of signals counts as one: npm and the terminal both send theirs.

use std::os::unix::process::parent_id;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::failure::{Failure, Outcome};

static ASKED: OnceLock<Arc<AtomicBool>> = OnceLock::new();
static PARENT: AtomicU32 = AtomicU32::new(0);

/// Begins to listen; to be called once, before anything is started.
pub(crate) fn listen() {
    let asked = ASKED.get_or_init(Arc::default);
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // Without a handler the signal keeps its default action, which also ends us.
        let _unhandled = signal_hook::flag::register(signal, Arc::clone(asked));
    }
    if std::env::var_os("SEAWALL_PREFLIGHT").is_some() {
        PARENT.store(parent_id(), Ordering::Relaxed);
    }
}

/// Whether to stop: a signal came, or the preflight that started us was killed and could not pass one on.
pub(crate) fn asked() -> bool {
    let parent = PARENT.load(Ordering::Relaxed);
    ASKED.get().is_some_and(|asked| asked.load(Ordering::Relaxed)) || (parent != 0 && parent_id() != parent)
}

/// Fails if somebody asked us to stop.
pub(crate) fn check() -> Outcome {
    if asked() {
        Err(Failure::Interrupted)
    } else {
        Ok(())
    }
}

/// Sleeps a moment of a waiting loop, and fails if somebody asked us to stop.
pub(crate) fn pause(moment: Duration) -> Outcome {
    std::thread::sleep(moment);
    check()
}
