//! A program that runs beside us until we stop it.

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{forget_cargo_run, group, not_started, on_path};
use crate::failure::{Failure, Outcome, with_file};
use crate::interrupt;
use crate::project::Project;

/// A running program; dropped, it is asked to end, and made to if it will not.
pub(crate) struct Background {
    child: Child,
    what: String,
    log: PathBuf,
    polite: Signal,
}

impl Background {
    /// Starts a program in the checkout's root, its output in `.seawall/logs/<what>.log`.
    pub(crate) fn start(
        project: &Project,
        what: &str,
        program: &Path,
        polite: Signal,
        prepare: impl FnOnce(&mut Command),
    ) -> Outcome<Self> {
        let log = project.state(&format!("logs/{what}.log"))?;
        let output = File::create(&log).map_err(with_file("create", &log))?;
        let errors = output.try_clone().map_err(with_file("share", &log))?;
        let mut command = bound_to_us(program.as_os_str());
        command.current_dir(project.root()).process_group(0);
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        forget_cargo_run(&mut command);
        prepare(&mut command);
        let child = command.spawn().map_err(|error| not_started(what, &error))?;
        Ok(Self {
            child,
            what: what.to_owned(),
            log,
            polite,
        })
    }

    /// Fails if the program has ended by itself.
    pub(crate) fn check(&mut self) -> Outcome {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            Ok(Some(status)) => Err(Failure::in_log(
                format!("the {} ended: {status}", self.what),
                &self.log,
            )),
            Err(error) => Err(Failure::because(format!(
                "cannot watch the {}: {error}",
                self.what
            ))),
        }
    }

    /// Waits until a question is answered with yes; fails when the program ends first or takes too long.
    pub(crate) fn until(&mut self, limit: Duration, mut ready: impl FnMut() -> bool) -> Outcome {
        let started = Instant::now();
        while !ready() {
            self.check()?;
            if started.elapsed() > limit {
                let sentence = format!("the {} was not ready within {} s", self.what, limit.as_secs());
                return Err(Failure::in_log(sentence, &self.log));
            }
            interrupt::pause(Duration::from_millis(20))?;
        }
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        group::end(&mut self.child, self.polite, Duration::from_secs(15));
    }
}

// Even if we are killed without a chance to clean up, what we started must not outlive us. Linux can promise
// that; elsewhere the next start finds and ends what was left.
fn bound_to_us(program: &OsStr) -> Command {
    match on_path("setpriv") {
        Some(setpriv) if cfg!(target_os = "linux") => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "INT", "--"]).arg(program);
            command
        }
        _ => Command::new(program),
    }
}
