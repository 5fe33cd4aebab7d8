//! A Redis of a test's own: real, and to be killed, paused and started again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{fail, must, port};

/// A running redis-server; ended when dropped.
pub struct TestRedis {
    address: SocketAddr,
    folder: PathBuf,
    process: Mutex<Option<Child>>,
}

impl TestRedis {
    /// Starts one on a free port, keeping nothing on disk.
    pub async fn start() -> Self {
        let address = port::free();
        let folder = std::env::temp_dir().join(format!("seawall-redis-{}", address.port()));
        must("the folder of Redis", std::fs::create_dir_all(&folder));
        let redis = Self {
            address,
            folder,
            process: Mutex::new(None),
        };
        redis.start_again().await;
        redis
    }

    /// Its address, for `SEAWALL_REDIS_URL`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
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

    /// Ends it as `kill -9` does; what it held is lost.
    pub fn kill(&self) {
        let process = self.process.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut process) = process {
            let _already_gone = process.kill();
            let _already_gone = process.wait();
        }
    }

    /// Starts it at the same address, empty.
    pub async fn start_again(&self) {
        let process = Command::new("redis-server")
            .args(["--port", &self.address.port().to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let process = must(
            "redis-server cannot be started (`npm run setup` installs it)",
            process,
        );
        *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(process);
        let until = Instant::now() + Duration::from_secs(10);
        while self.try_command("PING").await.is_none() {
            if Instant::now() > until {
                fail("Redis does not answer");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a command as one line, such as `CLIENT PAUSE 500`, and gives the first part of the answer.
    pub async fn command(&self, line: &str) -> String {
        match self.try_command(line).await {
            Some(answer) => answer,
            None => fail(&format!("Redis does not answer {line}")),
        }
    }

    async fn try_command(&self, line: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).await.ok()?;
        stream.write_all(format!("{line}\r\n").as_bytes()).await.ok()?;
        let mut answer = vec![0; 64 << 10];
        let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer)).await;
        let count = read.ok()?.ok().filter(|count| *count > 0)?;
        answer.truncate(count);
        Some(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        self.kill();
        let _nobody_needs_it = std::fs::remove_dir_all(&self.folder);
    }
}
