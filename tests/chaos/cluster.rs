//! The PostgreSQL that suffers: its processes found by asking it, stopped by signals and started again as they were.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use seawall_e2e::Database;

use crate::Outcome;

const PATIENCE: Duration = Duration::from_secs(30);

/// A cluster on this machine, and how it was started.
pub(crate) struct Postgres {
    pid: u32,
    command: Vec<String>,
    folder: PathBuf,
    account: (u32, u32),
    address: String,
    /// It is our child once it was started again.
    child: Option<Child>,
}

impl Postgres {
    /// Finds the process that answers for a database, and remembers how to start it.
    pub(crate) async fn behind(database: &Database) -> Outcome<Self> {
        let backend: u32 = database.value("select pg_backend_pid()").await.parse()?;
        // The backend has ended with its session; the file names the process that began it.
        let folder = PathBuf::from(database.value("show data_directory").await);
        let file = fs::read_to_string(folder.join("postmaster.pid"))?;
        let pid: u32 = file
            .lines()
            .next()
            .ok_or("postmaster.pid is empty")?
            .trim()
            .parse()?;
        if pid == backend {
            return Err("the cluster runs in single-user mode".into());
        }
        let command = fs::read(format!("/proc/{pid}/cmdline"))?;
        // Each word ends with a zero; one between two zeros is an empty word and says something.
        let command = command.strip_suffix(&[0]).unwrap_or(&command);
        let mut command: Vec<String> = command
            .split(|byte| *byte == 0)
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        // The word it was called by need not be a path.
        let program = fs::read_link(format!("/proc/{pid}/exe"))?;
        if let Some(first) = command.first_mut() {
            *first = program.display().to_string();
        }
        let owner = fs::metadata(&folder)?;
        Ok(Self {
            pid,
            command,
            folder,
            account: (owner.uid(), owner.gid()),
            address: database.address(),
            child: None,
        })
    }

    /// A fast shutdown: sessions are ended, and the sockets closed.
    pub(crate) async fn stop(&mut self) -> Outcome<()> {
        signal("INT", &[self.pid])?;
        let until = Instant::now() + PATIENCE;
        while is_alive(self.pid) {
            if let Some(child) = &mut self.child {
                let _ended = child.try_wait()?;
            }
            if Instant::now() > until {
                return Err("PostgreSQL does not stop".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.child = None;
        Ok(())
    }

    /// Starts it as it was, and waits until it accepts connections.
    pub(crate) async fn start(&mut self) -> Outcome<()> {
        let (program, arguments) = self.command.split_first().ok_or("no command is known")?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(&self.folder)
            .uid(self.account.0)
            .gid(self.account.1)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        self.pid = child.id();
        let child = self.child.insert(child);
        let until = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(&self.address).await.is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("PostgreSQL does not start again: {status}").into());
            }
            if Instant::now() > until {
                return Err("PostgreSQL does not listen again".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Every process of it stands still: sockets stay open, and nothing is said.
    pub(crate) fn pause(&self) -> Outcome<()> {
        signal("STOP", &self.processes())
    }

    /// They go on.
    pub(crate) fn resume(&self) -> Outcome<()> {
        signal("CONT", &self.processes())
    }

    /// Running, whatever happened before.
    pub(crate) async fn leave_as_found(&mut self) -> Outcome<()> {
        if is_alive(self.pid) {
            self.resume()
        } else {
            self.start().await
        }
    }

    /// What this program started, it ends.
    pub(crate) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _already_gone = signal("INT", &[child.id()]);
            let _reaped = child.wait();
        }
    }

    fn processes(&self) -> Vec<u32> {
        let children = format!("/proc/{pid}/task/{pid}/children", pid = self.pid);
        let children = fs::read_to_string(children).unwrap_or_default();
        let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
        std::iter::once(self.pid).chain(children).collect()
    }
}

/// Sends a signal to processes; one that has ended meanwhile is no error.
pub(crate) fn signal(name: &str, pids: &[u32]) -> Outcome<()> {
    Command::new("kill")
        .arg(format!("-{name}"))
        .args(pids.iter().map(u32::to_string))
        .stderr(Stdio::null())
        .status()?;
    Ok(())
}

fn is_alive(pid: u32) -> bool {
    let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
        return false;
    };
    // What waits to be reaped has ended.
    !stat
        .rsplit_once(')')
        .is_some_and(|(_, rest)| rest.trim_start().starts_with('Z'))
}
