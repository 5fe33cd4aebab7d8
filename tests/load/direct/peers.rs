//! Who is measured: Seawall, PostgREST, and PostgreSQL itself through pgbench.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use seawall_e2e::SECRET;
use seawall_e2e::measure::resident_mib;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::load::{self, Figures};
use crate::usage::{Reading, Usage};
use crate::workload::Workload;

/// Connections to the database that each server may hold.
const POOL: &str = "20";

/// Somebody to be measured.
pub(crate) enum Peer {
    Server(Server),
    Pgbench { program: String, url: String },
}

/// A server that speaks PostgREST's protocol; ended when dropped.
pub(crate) struct Server {
    name: &'static str,
    process: Child,
    address: SocketAddr,
    token: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Asked first: a server that counts what it does (`npm run build:guided`) writes that down when it ends.
        let _asked = Command::new("kill").arg(self.process.id().to_string()).status();
        for _ in 0..100 {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _already_gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Starts everybody who is there, and says who is not.
pub(crate) async fn start(url: &str, token: &str) -> Outcome<Vec<Peer>> {
    let seawall = std::env::var("SEAWALL_BINARY")?;
    let mut peers = vec![Peer::Server(
        Server::start("seawall", &seawall, &["serve"], url, token).await?,
    )];
    match std::env::var("POSTGREST_BINARY") {
        Ok(program) => peers.push(Peer::Server(
            Server::start("postgrest", &program, &[], url, token).await?,
        )),
        Err(_) => println!("PostgREST is not here: its column is left out"),
    }
    match std::env::var("PGBENCH_BINARY") {
        Ok(program) => peers.push(Peer::Pgbench {
            program,
            url: url.to_owned(),
        }),
        Err(_) => println!("pgbench is not here: its column is left out"),
    }
    Ok(peers)
}

impl Server {
    async fn start(
        name: &'static str,
        program: &str,
        arguments: &[&str],
        url: &str,
        token: &str,
    ) -> Outcome<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
        let process = Command::new(program)
            .args(arguments)
            .env("PGRST_DB_URI", url)
            .env("PGRST_DB_SCHEMAS", "public")
            .env("PGRST_DB_ANON_ROLE", "anon")
            .env("PGRST_DB_POOL", POOL)
            .env("PGRST_JWT_SECRET", SECRET)
            .env("PGRST_SERVER_HOST", "127.0.0.1")
            .env("PGRST_SERVER_PORT", address.port().to_string())
            .env("PGRST_LOG_LEVEL", "error")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("{program} cannot be started: {error}"))?;
        let server = Self {
            name,
            process,
            address,
            token: token.to_owned(),
        };
        server.until_ready().await?;
        Ok(server)
    }

    async fn until_ready(&self) -> Outcome<()> {
        let until = Instant::now() + Duration::from_secs(20);
        while Instant::now() < until {
            if TcpStream::connect(self.address).await.is_ok() {
                let probe = &crate::workload::WORKLOADS[0];
                if load::run(self.address, &self.token, probe, 1, Duration::from_millis(1))
                    .await
                    .is_ok()
                {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(format!("{} did not become ready", self.name).into())
    }
}

impl Peer {
    /// What it is called.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Server(server) => server.name,
            Self::Pgbench { .. } => "pgbench",
        }
    }

    /// Memory that its process uses, in MiB.
    pub(crate) fn resident_mib(&self) -> Option<f64> {
        match self {
            Self::Server(server) => resident_mib(server.process.id()),
            Self::Pgbench { .. } => None,
        }
    }

    /// Runs a workload, warmed up.
    pub(crate) async fn run(
        &self,
        workload: &Workload,
        connections: usize,
        span: Duration,
        postmaster: u32,
    ) -> Outcome<(Figures, Usage)> {
        match self {
            Self::Server(server) => {
                let send = |span| load::run(server.address, &server.token, workload, connections, span);
                send(Duration::from_millis(300)).await?;
                let read = || Reading::take(Some(server.process.id()), postmaster);
                let before = read();
                let figures = send(span).await?;
                Ok((figures, read().since(&before)))
            }
            Self::Pgbench { program, url } => {
                pgbench(program, url, workload, (connections, span), postmaster).await
            }
        }
    }
}

async fn pgbench(
    program: &str,
    url: &str,
    workload: &Workload,
    (connections, span): (usize, Duration),
    postmaster: u32,
) -> Outcome<(Figures, Usage)> {
    let folder = std::env::temp_dir().join(format!("seawall-pgbench-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let script = folder.join("transaction.sql");
    std::fs::File::create(&script)?.write_all(transaction(workload).as_bytes())?;
    let logs = folder.join("log");
    let process = Command::new(program)
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=1", "--log"])
        .arg(format!("--log-prefix={}", logs.display()))
        .arg(format!("--client={connections}"))
        .arg(format!("--time={}", span.as_secs().max(1) + 1))
        .arg(format!("--file={}", script.display()))
        .args(
            workload
                .values
                .iter()
                .map(|(name, value)| format!("--define={name}={value}")),
        )
        .arg(url)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // Its sessions end with it, so their time is read while they live; the first half second is their warming up.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let before = Reading::take(None, postmaster);
    tokio::time::sleep(span).await;
    let usage = Reading::take(None, postmaster).since(&before);
    let output = process.wait_with_output()?;
    let figures = read_log(&folder, span);
    std::fs::remove_dir_all(&folder)?;
    match figures {
        Some((figures, share)) => Ok((
            figures,
            Usage {
                database: usage.database * share,
                ..usage
            },
        )),
        None if output.status.success() => Err("pgbench has ended no transaction in its time".into()),
        None => Err(format!("pgbench failed: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}

/// Latencies of the log (third column, in microseconds). All of a run are in it, and the processor time is of `span`
/// alone: the share brings it to the same number of transactions.
fn read_log(folder: &std::path::Path, span: Duration) -> Option<(Figures, f64)> {
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(folder).ok()?.flatten() {
        if entry.file_name().to_str()?.starts_with("log.") {
            let text = std::fs::read_to_string(entry.path()).ok()?;
            let micros = text
                .lines()
                .filter_map(|line| line.split(' ').nth(2)?.parse().ok());
            latencies.extend(micros.map(Duration::from_micros));
        }
    }
    let whole = Duration::from_secs(span.as_secs().max(1) + 1);
    let figures = (!latencies.is_empty()).then(|| Figures::of(latencies, whole))?;
    Some((figures, whole.as_secs_f64() / span.as_secs_f64()))
}

/// The same transaction, in one pipeline.
fn transaction(workload: &Workload) -> String {
    let begin = if workload.method == "GET" {
        "BEGIN READ ONLY"
    } else {
        "BEGIN READ WRITE"
    };
    let claims = format!(r#"{{"sub":"{}","role":"authenticated"}}"#, seawall_e2e::OWNER.id);
    format!(
        "\\startpipeline\n{begin};\nSELECT set_config('search_path', '\"public\", \"public\"', true), \
         set_config('role', 'authenticated', true), set_config('request.jwt.claims', '{claims}', true), \
         set_config('request.method', '{method}', true), set_config('request.path', '/messages', true), \
         set_config('request.headers', '{{\"host\":\"127.0.0.1\"}}', true), set_config('request.cookies', '{{}}', true);\n\
         {sql};\nCOMMIT;\n\\endpipeline\n",
        method = workload.method,
        sql = workload.sql,
    )
}
