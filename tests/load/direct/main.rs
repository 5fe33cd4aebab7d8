//! `npm run bench:direct`: direct mode beside PostgREST and beside pgbench, in one run on one database.
//!
//! Peers take turns on each workload, round after round, so that whatever else the machine does falls on all of
//! them alike. What counts are the ratios and the processor time of one request; requests per second wobble with the
//! machine. pgbench sends the same transaction (role, claims, statement) in one pipeline: it is what
//! PostgreSQL itself does, without HTTP.
//!
//! Environment: `SEAWALL_BINARY`, `POSTGREST_BINARY`, `PGBENCH_BINARY` (either peer may be missing and is then left
//! out, and said to be), `SEAWALL_TEST_DATABASE_URL`, `BENCH_SECONDS` (2), `BENCH_ROUNDS` (3), `BENCH_ONLY` (a part of a
//! workload's name), `BENCH_JSON`.

mod cores;
mod load;
mod peers;
mod report;
mod usage;
mod workload;

use std::error::Error;
use std::time::Duration;

use peers::Peer;
use report::{Row, Table};
use seawall_e2e::measure::number;
use seawall_e2e::{Database, OWNER};
use workload::{CONNECTIONS, WORKLOADS, Workload};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let seconds = number("BENCH_SECONDS", 2)?;
    let rounds = number("BENCH_ROUNDS", 3)?;
    let database = Database::create().await;
    database.run(workload::DATA).await;
    let url = database.direct_login_url();
    let postmaster = postmaster(&database).await?;
    if cores::divide(postmaster) {
        println!("the database has the first processor core, and whoever asks it the others\n");
    } else {
        println!("everybody shares the processor's cores: taskset is not here, or there is only one\n");
    }
    let peers = peers::start(&url, &OWNER.token_for(7200)).await?;
    let mut table = Table::new(&peers);
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    for workload in WORKLOADS.iter().filter(|workload| workload.name.contains(&only)) {
        for connections in CONNECTIONS {
            for _ in 0..rounds {
                for peer in &peers {
                    let row = measure(
                        peer,
                        workload,
                        (connections, Duration::from_secs(seconds)),
                        postmaster,
                    )
                    .await?;
                    table.add(row);
                }
            }
            table.print_last(workload, connections);
        }
    }
    table.finish()?;
    Ok(())
}

/// The process that the database's sessions come from; the first line of its file.
async fn postmaster(database: &Database) -> Outcome<u32> {
    let file = database.value("select pg_read_file('postmaster.pid')").await;
    let first = file.lines().next().unwrap_or_default();
    Ok(first.trim().parse()?)
}

async fn measure(
    peer: &Peer,
    workload: &Workload,
    (connections, span): (usize, Duration),
    postmaster: u32,
) -> Outcome<Row> {
    let (figures, usage) = peer.run(workload, connections, span, postmaster).await?;
    Ok(Row {
        workload: workload.name,
        connections,
        peer: peer.name(),
        figures,
        usage,
        resident_mib: peer.resident_mib(),
    })
}
