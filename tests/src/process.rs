//! The real binary in a process of its own: for what only ends with a process, such as `kill -9`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::Method;

use crate::database::Database;
use crate::request::Request;
use crate::user::{SECRET, User};
use crate::{fail, must, port};

/// A server in a process; ended when dropped.
pub struct ServerProcess {
    address: SocketAddr,
    settings: BTreeMap<String, String>,
    arguments: Vec<String>,
    process: Mutex<Option<Child>>,
}

impl ServerProcess {
    /// Starts one on a database, under further settings, and waits until it is ready.
    pub async fn start(database: &Database, settings: &[(&str, &str)]) -> Self {
        let server = Self::configured(database, settings);
        server.start_again().await;
        server
    }

    /// The same, with further arguments after `serve`.
    pub async fn start_by(database: &Database, arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let mut server = Self::configured(database, settings);
        server.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        server.start_again().await;
        server
    }

    fn configured(database: &Database, settings: &[(&str, &str)]) -> Self {
        let address = port::free();
        let mut all = BTreeMap::from([
            ("SEAWALL_LISTEN".to_owned(), address.to_string()),
            ("SEAWALL_DB_ANON_ROLE".to_owned(), "anon".to_owned()),
            ("SEAWALL_RATE_LIMITS".to_owned(), "false".to_owned()),
            ("SEAWALL_LOG_LEVEL".to_owned(), "error".to_owned()),
            ("JWT_SECRET".to_owned(), SECRET.to_owned()),
            ("DATABASE_URL".to_owned(), database.direct_login_url()),
        ]);
        for (name, value) in settings {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        Self {
            address,
            settings: all,
            arguments: Vec::new(),
            process: Mutex::new(None),
        }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process; none while it is dead.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process.as_ref().map(Child::id)
    }

    /// Its resident memory in bytes, where the system tells.
    #[must_use]
    pub fn memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
        let kib: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib * 1024)
    }

    /// Processor time it has used, of all its threads, where the system tells.
    #[must_use]
    pub fn processor_time(&self) -> Option<Duration> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid()?)).ok()?;
        let spent = threads.flatten().filter_map(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            stat.split_whitespace().next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(spent.sum()))
    }

    /// Ends it as `kill -9` does.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut process) = process {
            let _already_gone = process.kill();
            let _already_gone = process.wait();
        }
    }

    /// Starts it at the same address and waits until it is ready.
    pub async fn start_again(&self) {
        let Ok(binary) = std::env::var("SEAWALL_BINARY") else {
            fail("SEAWALL_BINARY does not say where the server is: `npm test -- e2e` sets it");
        };
        let process = Command::new(binary)
            .arg("serve")
            .args(&self.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log())
            .spawn();
        let process = must("the server cannot be started", process);
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        let until = Instant::now() + Duration::from_secs(120);
        while !self.is_ready().await {
            if self.has_ended() {
                fail("the server ended as it began: its log says why");
            }
            if Instant::now() > until {
                fail("the server is not ready after two minutes");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn has_ended(&self) -> bool {
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        process
            .as_mut()
            .is_some_and(|process| process.try_wait().is_ok_and(|status| status.is_some()))
    }

    /// A request without a token.
    #[must_use]
    pub fn request(&self, method: Method, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// A person's request.
    #[must_use]
    pub fn as_user(&self, user: User, method: Method, path: &str) -> Request {
        self.request(method, path).bearer(&user.token())
    }

    async fn is_ready(&self) -> bool {
        if tokio::net::TcpStream::connect(self.address).await.is_err() {
            return false;
        }
        self.request(Method::GET, "/ready").send().await.status == 200
    }
}

/// Where servers log: in the file that `SEAWALL_SERVER_LOG` names, else among our own errors; nowhere where
/// `SEAWALL_QUIET` is set, as for measurements, whose tables it would stand among.
fn log() -> Stdio {
    if let Some(path) = std::env::var_os("SEAWALL_SERVER_LOG") {
        let file = std::fs::File::options().create(true).append(true).open(path);
        return must("the server's log cannot be opened", file).into();
    }
    match std::env::var_os("SEAWALL_QUIET") {
        Some(_) => Stdio::null(),
        None => Stdio::inherit(),
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        self.kill();
    }
}
