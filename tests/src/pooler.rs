//! A transaction pooler between the server and its database: pgbouncer, as many deployments have it.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use crate::database::Database;
use crate::{fail, must, port};

/// Fewer sessions than the server has connections, so that they are really shared.
const SESSIONS: usize = 2;

/// A running pgbouncer; ended when dropped.
pub struct Pooler {
    process: Child,
    address: SocketAddr,
    folder: PathBuf,
}

impl Pooler {
    /// Starts one in front of a database.
    pub(crate) async fn start(database: &Database) -> Self {
        let address = port::free();
        let folder = std::env::temp_dir().join(format!("seawall-pooler-{}", address.port()));
        must("the pooler's folder", fs::create_dir_all(&folder));
        // It refuses to run as root, so somebody else must be able to read its configuration.
        must(
            "the pooler's folder",
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)),
        );
        let file = folder.join("pgbouncer.ini");
        must(
            "the pooler's configuration",
            fs::write(&file, configuration(database, address)),
        );
        let mut command = Command::new("pgbouncer");
        command
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Some((user, group)) = unprivileged() {
            command.uid(user).gid(group);
        }
        let process = must(
            "pgbouncer cannot be started (`npm run setup` installs it)",
            command.spawn(),
        );
        let pooler = Self {
            process,
            address,
            folder,
        };
        pooler.until_ready().await;
        pooler
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    async fn until_ready(&self) {
        let until = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(self.address).await.is_err() {
            if Instant::now() > until {
                fail("pgbouncer did not become ready");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _already_gone = self.process.kill();
        let _reaped = self.process.wait();
        let _already_removed = fs::remove_dir_all(&self.folder);
    }
}

fn configuration(database: &Database, address: SocketAddr) -> String {
    let (name, behind) = (database.name(), database.connection_parameters());
    format!(
        "[databases]\n{name} = {behind}\n[pgbouncer]\nlisten_addr = {}\nlisten_port = {}\nauth_type = any\n\
         pool_mode = transaction\ndefault_pool_size = {SESSIONS}\nmax_client_conn = 100\nunix_socket_dir =\n\
         ignore_startup_parameters = extra_float_digits,options\n",
        address.ip(),
        address.port(),
    )
}

/// Somebody to run as where we are root; `nobody` on every Linux.
fn unprivileged() -> Option<(u32, u32)> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let uid = status
        .lines()
        .find(|line| line.starts_with("Uid:"))?
        .split_whitespace()
        .nth(1)?;
    (uid == "0").then_some((65534, 65534))
}
