//! `npm run chaos`: servers under steady load while what they lean on is stopped, paused, restarted, made slow and cut,
//! and while clients are as slow as they dare.
//!
//! Three servers, PostgreSQL and Redis are real, and so is what is done to them: a fast
//! shutdown, `SIGSTOP`, `kill -9`, delays and cuts by a proxy in between. For each fault it
//! prints what share of reads and writes was answered, how long until every server said that
//! it is not well, how long after the fault's end until everything was answered again, and how
//! many passed a limit that the servers hold together. The cache is on, and keeps an answer
//! fresh for a second: a read answered from what was known before (`X-Cache: STALE`) is an answer.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL` (a superuser of a cluster that is
//! this run's alone), `CHAOS_SECONDS` (12, each fault), `CHAOS_RATE` (150 requests a second),
//! `CHAOS_ONLY` (a part of a fault's name, or `slow clients`), `CHAOS_SETTINGS` (further settings of the servers,
//! `NAME=value` by line), `CHAOS_SLOW_ROUNDS` (24), `CHAOS_JSON`.

mod cluster;
mod fault;
mod figures;
mod limit;
mod load;
mod report;
mod slow;
mod watch;

use std::error::Error;
use std::mem::ManuallyDrop;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use cluster::Postgres;
use fault::{FAULTS, Fault, Victims};
use figures::Figures;
use load::{Load, Plan};
use report::Report;
use seawall_e2e::{Database, FaultProxy, ServerProcess, TestRedis};
use serde_json::{Value, json};
use watch::Watch;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How many share the load, the limits and Redis.
const SERVERS: usize = 3;
/// How long the servers have to be well again.
const RECOVERY: Duration = Duration::from_secs(60);
/// Load without a fault, before and after.
const QUIET: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let seconds = number("CHAOS_SECONDS", 12)?;
    let rate = number("CHAOS_RATE", 150)?;
    let only = std::env::var("CHAOS_ONLY").unwrap_or_default();
    // Not removed: the cluster is this run's alone, and has ended by then.
    let database = ManuallyDrop::new(Database::create().await);
    database.run("analyze").await;
    let (mut missed, mut postgres) = (Vec::new(), None);
    let (mut of_faults, mut of_slow) = (Value::Null, Value::Null);
    if FAULTS.iter().any(|fault| fault.name().contains(&only)) {
        let span = Duration::from_secs(seconds);
        let (report, survivor) = faults(&database, &only, rate, span).await?;
        postgres = Some(survivor);
        of_faults = report.as_json();
        missed.extend(report.missed());
    }
    if slow::NAME.contains(&only) {
        let toll = slow::measure(&database, number("CHAOS_SLOW_ROUNDS", 24)?).await?;
        of_slow = toll.as_json();
        missed.extend(toll.missed());
    }
    // Started again by us, it would outlive us.
    if let Some(mut postgres) = postgres {
        postgres.end();
    }
    if let Ok(path) = std::env::var("CHAOS_JSON") {
        let document = json!({
            "requests_per_second": rate, "servers": SERVERS, "seconds": seconds,
            "faults": of_faults, "slow_clients": of_slow, "missed": missed,
        });
        std::fs::write(&path, serde_json::to_vec_pretty(&document)?)?;
        println!("\nas JSON: {path}");
    }
    if missed.is_empty() {
        println!("every target holds");
        return Ok(());
    }
    Err(format!("missed:\n  {}", missed.join("\n  ")).into())
}

async fn faults(database: &Database, only: &str, rate: u64, span: Duration) -> Outcome<(Report, Postgres)> {
    let mut victims = Victims {
        postgres: Postgres::behind(database).await?,
        redis: TestRedis::start().await,
        to_postgres: FaultProxy::start(database.address()),
        to_redis: None,
    };
    let to_redis = FaultProxy::start(victims.redis.address().to_string());
    let servers = start(database, &victims, &to_redis).await;
    victims.to_redis = Some(to_redis);
    let addresses: Vec<SocketAddr> = servers.iter().map(ServerProcess::address).collect();
    let mut report = Report::new(SERVERS, rate);
    for fault in FAULTS.iter().filter(|fault| fault.name().contains(only)) {
        let figures = suffer(&addresses, &mut victims, *fault, rate, span).await?;
        report.add(*fault, figures);
    }
    drop(servers);
    victims.postgres.leave_as_found().await?;
    Ok((report, victims.postgres))
}

async fn start(database: &Database, victims: &Victims, to_redis: &FaultProxy) -> Vec<ServerProcess> {
    let postgres = victims.to_postgres.address();
    let url = database.login_url(&postgres.ip().to_string(), postgres.port());
    let (redis, limit) = (format!("redis://{}/0", to_redis.address()), limit::setting());
    let further = std::env::var("CHAOS_SETTINGS").unwrap_or_default();
    let mut settings = vec![
        ("DATABASE_URL", url.as_str()),
        ("SEAWALL_REDIS_URL", redis.as_str()),
        // A machine that is busy with all of this keeps Redis waiting for longer than servers would.
        ("SEAWALL_REDIS_TIMEOUT", "200"),
        ("SEAWALL_LOG_LEVEL", "info"),
        ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000"),
        ("SEAWALL_CACHE", "true"),
        ("SEAWALL_CACHE_TTL", "1000"),
        ("SEAWALL_RATE_LIMITS", "true"),
        ("SEAWALL_RATE_LIMIT_INSTANCES", "3"),
        ("SEAWALL_POLICY", limit::POLICY),
        ("SEAWALL_TIERS", limit::TIERS),
        ("SEAWALL_ENDPOINT_LIMITS", limit.as_str()),
    ];
    settings.extend(further.lines().filter_map(|line| line.split_once('=')));
    let mut servers = Vec::new();
    for _ in 0..SERVERS {
        servers.push(ServerProcess::start(database, &settings).await);
    }
    servers
}

async fn suffer(
    servers: &[SocketAddr],
    victims: &mut Victims,
    fault: Fault,
    rate: u64,
    span: Duration,
) -> Outcome<Figures> {
    let plan = |rate, ask| Plan {
        servers: servers.to_vec(),
        rate,
        ask,
    };
    let load = Load::start(plan(rate, load::mixed));
    let limited = Load::start(plan(limit::ASKED_PER_SECOND, limit::ask));
    let watch = Watch::start(servers);
    tokio::time::sleep(QUIET).await;
    let began = Instant::now();
    fault.begin(victims).await?;
    tokio::time::sleep(span.saturating_sub(began.elapsed())).await;
    fault.end(victims).await?;
    let ended = Instant::now();
    load.until_well(ended, RECOVERY).await;
    tokio::time::sleep(QUIET).await;
    let (seen, limited) = tokio::join!(load.stop(), limited.stop());
    Ok(Figures::of(&seen, &limited, &watch.stop(), (began, ended)))
}

fn number(name: &str, default: u64) -> Outcome<u64> {
    match std::env::var(name) {
        Ok(text) => Ok(text
            .parse()
            .map_err(|_| format!("{name} is not a number: {text:?}"))?),
        Err(_) => Ok(default),
    }
}
