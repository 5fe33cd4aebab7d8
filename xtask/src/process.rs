//! Running other programs: quietly, with their output in a log, and never past our own end.

mod background;
mod group;

pub(crate) use background::Background;

use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, with_file};
use crate::interrupt;
use crate::project::Project;

/// A program to run to its end.
pub(crate) struct Task {
    command: Command,
    what: String,
    log: PathBuf,
    limit: Duration,
}

impl Task {
    /// A program with a log of its own (`.seawall/logs/<log>.log`), run in the checkout's root.
    pub(crate) fn new(project: &Project, log: &str, program: impl AsRef<OsStr>) -> Outcome<Self> {
        let what = Path::new(program.as_ref())
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let mut command = Command::new(program);
        command
            .current_dir(project.root())
            .stdin(Stdio::null())
            .process_group(0);
        forget_cargo_run(&mut command);
        let log = project.state(&format!("logs/{log}.log"))?;
        Ok(Self {
            command,
            what,
            log,
            limit: Duration::from_secs(3600),
        })
    }

    /// Cargo, building into this project's target folder.
    pub(crate) fn cargo(project: &Project, log: &str) -> Outcome<Self> {
        Ok(Self::new(project, log, "cargo")?.env("CARGO_TARGET_DIR", project.target("")))
    }

    /// npm, without its chatter.
    pub(crate) fn npm(project: &Project, log: &str) -> Outcome<Self> {
        Ok(Self::new(project, log, "npm")?
            .env("NO_COLOR", "1")
            .env("npm_config_loglevel", "error"))
    }

    /// Says what it is for, in the sentence that it fails with.
    pub(crate) fn doing(mut self, what: &str) -> Self {
        self.what = what.to_owned();
        self
    }

    /// Adds arguments.
    pub(crate) fn args(mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(args);
        self
    }

    /// Adds one argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets the folder it runs in.
    pub(crate) fn dir(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Runs it as another user, if one is given.
    pub(crate) fn user(mut self, user: Option<(u32, u32)>) -> Self {
        if let Some((uid, gid)) = user {
            self.command.uid(uid).gid(gid);
        }
        self
    }

    /// Sets how long it may take; an hour unless told.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// Where its output goes.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Runs it and fails unless it succeeds.
    pub(crate) fn run(self) -> Outcome {
        let (what, log) = (self.what.clone(), self.log.clone());
        let status = self.status()?;
        if status.success() {
            Ok(())
        } else {
            Err(Failure::in_log(format!("{what} failed: {status}"), &log))
        }
    }

    /// Runs it and gives its exit status, whatever that is.
    pub(crate) fn status(mut self) -> Outcome<ExitStatus> {
        let log = File::create(&self.log).map_err(with_file("create", &self.log))?;
        let errors = log.try_clone().map_err(with_file("share", &self.log))?;
        self.command.stdout(log).stderr(errors);
        self.wait()
    }

    /// Runs it, with what it writes to standard output in a file of its own, and gives that text.
    pub(crate) fn output(mut self) -> Outcome<String> {
        let answer = self.log.with_extension("out");
        self.command
            .stdout(File::create(&answer).map_err(with_file("create", &answer))?);
        self.command
            .stderr(File::create(&self.log).map_err(with_file("create", &self.log))?);
        let (what, log) = (self.what.clone(), self.log.clone());
        let status = self.wait()?;
        let text = std::fs::read_to_string(&answer).map_err(with_file("read", &answer))?;
        let _kept_if_busy = std::fs::remove_file(&answer);
        if status.success() {
            Ok(text)
        } else {
            Err(Failure::in_log(format!("{what} failed: {status}"), &log))
        }
    }

    /// Runs it with its standard input from a text.
    pub(crate) fn run_with_input(mut self, input: &str) -> Outcome {
        use std::io::{Seek, Write};
        let file = self.log.with_extension("in");
        let mut script = File::options()
            .create(true)
            .truncate(true)
            .read(true)
            .write(true)
            .open(&file);
        let script = script
            .as_mut()
            .map_err(|error| with_file("create", &file)(error))?;
        script
            .write_all(input.as_bytes())
            .and_then(|()| script.rewind())
            .map_err(with_file("write", &file))?;
        let _nothing_else_reads_it = std::fs::remove_file(&file);
        self.command
            .stdin(script.try_clone().map_err(with_file("share", &file))?);
        self.run()
    }

    fn wait(mut self) -> Outcome<ExitStatus> {
        let child = self
            .command
            .spawn()
            .map_err(|error| not_started(&self.what, &error))?;
        Guarded(child).wait(&self.what, self.limit)
    }
}

/// A child whose whole process group ends with us.
struct Guarded(Child);

impl Guarded {
    fn wait(mut self, what: &str, limit: Duration) -> Outcome<ExitStatus> {
        let started = Instant::now();
        let mut moment = Duration::from_millis(1);
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) => {}
                Err(error) => return Err(Failure::because(format!("cannot wait for {what}: {error}"))),
            }
            if started.elapsed() > limit {
                let limit = crate::console::seconds(limit);
                return Err(Failure::because(format!(
                    "{what} was stopped: it took longer than {limit}"
                )));
            }
            interrupt::pause(moment)?;
            moment = (moment * 2).min(Duration::from_millis(50));
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        group::end(&mut self.0, rustix::process::Signal::TERM, Duration::from_secs(5));
    }
}

fn not_started(what: &str, error: &std::io::Error) -> Failure {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Failure::because(format!("{what} was not found: install it, or see PATH"));
    }
    Failure::because(format!("{what} could not be started: {error}"))
}

// `cargo run` describes xtask to its children; a cargo below must not take that for a description of itself.
fn forget_cargo_run(command: &mut Command) {
    command.env_remove("SEAWALL_PREFLIGHT");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"]
            .iter()
            .any(|p| text.starts_with(p))
        {
            command.env_remove(&name);
        }
    }
}

/// Whether a program of that name is on PATH, and where.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
