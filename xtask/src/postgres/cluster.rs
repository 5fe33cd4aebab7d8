//! A running database server: made when there is none yet, on a free port of this machine, behind a password.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::binaries;
use super::place::Place;
use crate::failure::{Outcome, when, with_file};
use crate::interrupt;
use crate::process::{Background, Task};
use crate::project::Project;
use crate::secret;

const SUPERUSER: &str = "postgres";

/// What a crash of the machine may cost.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durability {
    /// Nothing: it is kept between runs.
    Kept,
    /// Everything: it is made for one run of the tests and removed.
    Thrown,
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Kept => &[],
            Self::Thrown => &[
                "fsync=off",
                "synchronous_commit=off",
                "full_page_writes=off",
                "max_connections=300",
            ],
        }
    }
}

/// A database server that ends when this is dropped.
pub(crate) struct Cluster {
    server: Option<Background>,
    port: u16,
    password: String,
    thrown: Option<PathBuf>,
}

impl Cluster {
    /// Starts the server, with a database of the given name in it.
    pub(crate) fn start(project: &Project, name: &str, durability: Durability) -> Outcome<Self> {
        let recipe = Recipe::new(project, name)?;
        end_leftover(&recipe.data)?;
        let thrown = (durability == Durability::Thrown).then(|| recipe.data.clone());
        if thrown.is_some() {
            remove(&recipe.data)?;
        }
        let password = secret::kept(project, &format!("postgres-{name}"))?;
        if !recipe.data.join("PG_VERSION").exists() {
            recipe.create(&password)?;
        }
        let port = free_port()?;
        let mut cluster = Self {
            server: None,
            port,
            password,
            thrown,
        };
        cluster.server = Some(recipe.run(port, durability)?);
        cluster.until_ready(&recipe.data)?;
        Ok(cluster)
    }

    /// The superuser's address of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!(
            "postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// Fails if the server has ended by itself.
    pub(crate) fn check(&mut self) -> Outcome {
        self.server.as_mut().map_or(Ok(()), Background::check)
    }

    // The eighth line of its own file is where the server says so.
    fn until_ready(&mut self, data: &Path) -> Outcome {
        let file = data.join("postmaster.pid");
        let is_ready = |text: String| text.lines().nth(7).is_some_and(|line| line.trim() == "ready");
        let ready = || fs::read_to_string(&file).is_ok_and(is_ready);
        self.server
            .as_mut()
            .map_or(Ok(()), |server| server.until(Duration::from_secs(60), ready))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.server.take());
        if let Some(data) = &self.thrown {
            let _next_run_removes_it = fs::remove_dir_all(data);
        }
    }
}

/// How to make and run one cluster.
struct Recipe<'a> {
    project: &'a Project,
    place: Place,
    programs: PathBuf,
    data: PathBuf,
    name: &'a str,
}

impl<'a> Recipe<'a> {
    fn new(project: &'a Project, name: &'a str) -> Outcome<Self> {
        let place = Place::of(project)?;
        let programs = binaries::ready(project, &place)?;
        let data = place.folder().join(format!("{name}-data"));
        Ok(Self {
            project,
            place,
            programs,
            data,
            name,
        })
    }

    fn create(&self, password: &str) -> Outcome {
        remove(&self.data)?;
        self.place.own(&self.data)?;
        let file = self.place.folder().join("password");
        fs::write(&file, password).map_err(with_file("write", &file))?;
        self.place.give(&file)?;
        let made = self.initialise(&file);
        fs::remove_file(&file).map_err(with_file("remove", &file))?;
        made?;
        // Single-user mode needs no client program, and the package has none.
        let single = self
            .task("database", "postgres")?
            .arg("--single")
            .arg("-D")
            .arg(&self.data);
        single
            .arg("template1")
            .run_with_input(&format!("create database {};\n", self.name))
    }

    fn initialise(&self, password: &Path) -> Outcome {
        let initdb = self
            .task("create", "initdb")?
            .arg("--pgdata")
            .arg(&self.data)
            .arg("--pwfile")
            .arg(password);
        initdb
            .args([
                "--username",
                SUPERUSER,
                "--auth",
                "scram-sha-256",
                "--encoding",
                "UTF8",
            ])
            .args(["--no-locale", "--no-sync"])
            .run()
    }

    fn task(&self, step: &str, program: &str) -> Outcome<Task> {
        let task = Task::new(
            self.project,
            &format!("postgres-{step}"),
            self.programs.join("bin").join(program),
        )?;
        Ok(task.dir(self.place.folder()).user(self.place.account()))
    }

    // An interrupt is PostgreSQL's fast shutdown: sessions end, data is written.
    fn run(&self, port: u16, durability: Durability) -> Outcome<Background> {
        let what = format!("database-{}", self.name);
        Background::start(
            self.project,
            &what,
            &self.programs.join("bin/postgres"),
            Signal::INT,
            |command| {
                command.arg("-D").arg(&self.data).args([
                    "-h",
                    "127.0.0.1",
                    "-p",
                    &port.to_string(),
                    "-k",
                    "",
                ]);
                command.args(durability.settings().iter().flat_map(|setting| ["-c", setting]));
                command.current_dir(self.place.folder());
                if let Some((uid, gid)) = self.place.account() {
                    command.uid(uid).gid(gid);
                }
            },
        )
    }
}

fn remove(data: &Path) -> Outcome {
    if data.exists() {
        fs::remove_dir_all(data).map_err(with_file("remove", data))
    } else {
        Ok(())
    }
}

// A server whose starter was killed may still hold the data.
fn end_leftover(data: &Path) -> Outcome {
    let Some(pid) = leftover(data) else { return Ok(()) };
    let _already_gone = kill_process(pid, Signal::INT);
    let until = Instant::now() + Duration::from_secs(15);
    while test_kill_process(pid).is_ok() && Instant::now() < until {
        interrupt::pause(Duration::from_millis(50))?;
    }
    Ok(())
}

// A number alone proves nothing: by now it may be another program's.
fn leftover(data: &Path) -> Option<Pid> {
    let text = fs::read_to_string(data.join("postmaster.pid")).ok()?;
    let pid = Pid::from_raw(text.lines().next()?.trim().parse().ok()?)?;
    let command = fs::read(format!("/proc/{}/cmdline", pid.as_raw_nonzero())).ok()?;
    String::from_utf8_lossy(&command)
        .contains(&*data.to_string_lossy())
        .then_some(pid)
}

fn free_port() -> Outcome<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(when("no free port on this machine"))?;
    Ok(listener
        .local_addr()
        .map_err(when("no free port on this machine"))?
        .port())
}
