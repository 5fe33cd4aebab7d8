//! `npm run chaos`: a server under steady load while what it leans on is stopped, paused, restarted, made slow and cut.
//!
//! PostgreSQL and Redis are real, and so is what is done to them: a fast shutdown, `SIGSTOP`,
//! `kill -9`, delays and cuts by a proxy in between. For each fault it prints what share of
//! reads and writes was answered, how many callers saw an error, how long until the server
//! said that it is not well, and how long after the fault's end until everything was answered
//! again. A read answered from what was known before (`X-Cache: STALE`) is an answer.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL` (a superuser of a cluster that is
//! this run's alone), `CHAOS_SECONDS` (12, each fault), `CHAOS_RATE` (150 requests a second),
//! `CHAOS_ONLY` (a part of a fault's name), `CHAOS_SETTINGS` (further settings of the server, `NAME=value` by line),
//! `CHAOS_JSON`.

mod cluster;
mod fault;
mod figures;
mod load;
mod report;

use std::error::Error;
use std::time::{Duration, Instant};

use cluster::Postgres;
use fault::{FAULTS, Fault, Victims};
use figures::Figures;
use load::{Load, Watch};
use report::Report;
use seawall_e2e::{Database, FaultProxy, ServerProcess, TestRedis};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// How long the server has to be well again.
const RECOVERY: Duration = Duration::from_secs(60);
/// Load without a fault, before and after.
const QUIET: Duration = Duration::from_secs(3);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let seconds = number("CHAOS_SECONDS", 12)?;
    let rate = number("CHAOS_RATE", 150)?;
    let only = std::env::var("CHAOS_ONLY").unwrap_or_default();
    let database = Database::create().await;
    database.run("analyze").await;
    let mut victims = Victims {
        postgres: Postgres::behind(&database).await?,
        redis: TestRedis::start().await,
        to_postgres: FaultProxy::start(database.address()),
        to_redis: None,
    };
    let to_redis = FaultProxy::start(victims.redis.address().to_string());
    let server = start(&database, &victims, &to_redis).await;
    victims.to_redis = Some(to_redis);
    let mut report = Report::new(rate);
    for fault in FAULTS.iter().filter(|fault| fault.name().contains(&only)) {
        let figures = suffer(&server, &mut victims, *fault, rate, Duration::from_secs(seconds)).await?;
        report.add(*fault, figures);
    }
    report.finish()?;
    server.kill();
    victims.postgres.leave_as_found().await?;
    drop(database);
    victims.postgres.end();
    if report.holds() {
        Ok(())
    } else {
        Err("a target was missed: see the table".into())
    }
}

async fn start(database: &Database, victims: &Victims, to_redis: &FaultProxy) -> ServerProcess {
    let postgres = victims.to_postgres.address();
    let url = database.login_url(&postgres.ip().to_string(), postgres.port());
    let redis = format!("redis://{}/0", to_redis.address());
    let further = std::env::var("CHAOS_SETTINGS").unwrap_or_default();
    let mut settings = vec![
        ("DATABASE_URL", url.as_str()),
        ("SEAWALL_REDIS_URL", redis.as_str()),
        ("SEAWALL_LOG_LEVEL", "error"),
        ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000"),
    ];
    settings.extend(further.lines().filter_map(|line| line.split_once('=')));
    ServerProcess::start(database, &settings).await
}

async fn suffer(
    server: &ServerProcess,
    victims: &mut Victims,
    fault: Fault,
    rate: u64,
    span: Duration,
) -> Outcome<Figures> {
    let load = Load::start(server.address(), rate);
    let watch = Watch::start(server.address());
    tokio::time::sleep(QUIET).await;
    let began = Instant::now();
    fault.begin(victims).await?;
    tokio::time::sleep(span.saturating_sub(began.elapsed())).await;
    fault.end(victims).await?;
    let ended = Instant::now();
    load.until_well(ended, RECOVERY).await;
    tokio::time::sleep(QUIET).await;
    let seen = load.stop().await;
    Ok(Figures::of(&seen, &watch.stop(), began, ended))
}

fn number(name: &str, default: u64) -> Outcome<u64> {
    match std::env::var(name) {
        Ok(text) => Ok(text
            .parse()
            .map_err(|_| format!("{name} is not a number: {text:?}"))?),
        Err(_) => Ok(default),
    }
}
