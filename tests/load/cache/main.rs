//! `npm run bench:cache`: the same mix of reads and writes with the response cache and without it, in one run on one
//! database (Q8: the database's load), and the time of a hit (P4).
//!
//! There are two mixes: the worst case, in which every write ends half of the screens, and an ordinary one, in which
//! writes and screens are about some room ([`ordinary`]); that one also without the triggers that tell which rows were
//! written. Every request of a mix is sent the same number of times to each server; what counts is the processor time and the
//! number of transactions that they cost PostgreSQL. A hit is timed twice: by the client, round trip and noise of the
//! machine included, and by the server's own histogram.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL`, `BENCH_REQUESTS` (12,000), `BENCH_JSON`, and
//! `BENCH_MIX` (`worst case` or `ordinary`) for one mix alone.

mod client;
mod mix;
mod ordinary;
mod server;

use std::error::Error;

use seawall_e2e::{Database, TestRedis};
use serde_json::{Value, json};

use client::Figures;
use mix::{Mix, Screens};
use server::Server;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Writes in a thousand requests.
const WRITES: [u64; 3] = [0, 10, 50];
const CONNECTIONS: [usize; 3] = [1, 16, 64];
const CACHED: (&str, &str) = ("SEAWALL_CACHE", "true");

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> Outcome<()> {
    let requests: u64 = match std::env::var("BENCH_REQUESTS") {
        Ok(text) => text.parse()?,
        Err(_) => 12_000,
    };
    let redis = TestRedis::start().await;
    let url = redis.url();
    println!("{requests} requests of a mix over 16 connections: what they cost PostgreSQL (Q8: −80 to −90%)");

    let wanted = std::env::var("BENCH_MIX").ok();
    let is_wanted = |screens: Screens| wanted.as_deref().is_none_or(|name| name == screens.name());
    let (mut mixes, mut hits) = (Vec::new(), Vec::new());
    if is_wanted(Screens::WorstCase) {
        (mixes, hits) = worst_case(&url, requests).await?;
    }
    if is_wanted(Screens::Ordinary) {
        mixes.extend(ordinary(&url, requests).await?);
    }
    if let Ok(path) = std::env::var("BENCH_JSON") {
        let targets = targets(&mixes, &hits);
        std::fs::write(
            &path,
            serde_json::to_vec_pretty(&json!({ "mixes": mixes, "hits": hits, "targets": targets }))?,
        )?;
        println!("\nas JSON: {path}");
    }
    Ok(())
}

/// The worst case, and hits.
async fn worst_case(redis: &str, requests: u64) -> Outcome<(Vec<Value>, Vec<Value>)> {
    let database = Database::create().await;
    database.run(mix::DATA).await;
    let servers = [
        Server::start("no cache", &database, &[]).await,
        Server::start("memory", &database, &[CACHED]).await,
        Server::start(
            "memory and Redis",
            &database,
            &[CACHED, ("SEAWALL_REDIS_URL", redis)],
        )
        .await,
    ];
    let mixes = mixes(Screens::WorstCase, &servers, requests).await?;
    let hits = hits(&servers, requests).await?;
    Ok((mixes, hits))
}

/// The ordinary mix, without and with triggers that tell which rows are written. Each server that hears of writes has
/// a database of its own, so that it does not hear those of another.
async fn ordinary(redis: &str, requests: u64) -> Outcome<Vec<Value>> {
    let unwatched = Database::create().await;
    unwatched.run(ordinary::DATA).await;
    let watched = [
        watched().await?,
        watched().await?,
        watched().await?,
        watched().await?,
    ];
    let [memory, shared, two, two_shared] = &watched;
    let with_redis = [CACHED, ("SEAWALL_REDIS_URL", redis)];
    let servers = [
        Server::start("no cache", &unwatched, &[]).await,
        Server::start("memory, by table", &unwatched, &[CACHED]).await,
        Server::start("memory", memory, &[CACHED]).await,
        Server::start("memory and Redis", shared, &with_redis).await,
        Server::of_instances(2, "two, memory", two, &[CACHED]).await,
        Server::of_instances(2, "two, and Redis", two_shared, &with_redis).await,
    ];
    mixes(Screens::Ordinary, &servers, requests).await
}

async fn watched() -> Outcome<Database> {
    let database = Database::create().await;
    seawall_server::migrate::migrate(&database.owner_url().into()).await?;
    database.run(ordinary::DATA).await;
    database.run(ordinary::WATCH).await;
    Ok(database)
}

/// What is wanted, beside what was seen.
fn targets(mixes: &[Value], hits: &[Value]) -> Vec<Value> {
    let text = |row: &Value, name: &str| {
        row.get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let number = |row: &Value, name: &str| row.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    // What is wanted is wanted of the cache as it should be used.
    let cached = |row: &&Value| !["no cache", "memory, by table"].contains(&text(row, "server").as_str());
    let at_least = |what: String, seen: f64, bound: f64| json!({ "what": what, "seen": seen, "wanted": format!("at least {bound}"), "unit": "%", "holds": seen >= bound });
    let of_mixes = mixes.iter().filter(cached).map(|row| {
        let (server, writes) = (text(row, "server"), number(row, "writes_per_thousand") / 10.0);
        let what = format!(
            "cache: transactions spared, {}, {writes}% writes, {server}",
            text(row, "mix")
        );
        at_least(what, number(row, "transactions_less_percent"), 80.0)
    });
    let of_hits = hits.iter().filter(cached).map(|row| {
        let (server, connections) = (text(row, "server"), number(row, "connections"));
        let what = format!("cache: hits within 1 ms in the server, {connections} conn., {server}");
        at_least(what, number(row, "within_1_ms_in_server_percent"), 99.0)
    });
    of_mixes.chain(of_hits).collect()
}

/// Q8: what a mix costs the database.
async fn mixes(screens: Screens, servers: &[Server<'_>], requests: u64) -> Outcome<Vec<Value>> {
    println!(
        "\n{:<10}{:<18}{:>8}{:>14}{:>14}{:>14}{:>10}{:>10}   ({})",
        "writes",
        "server",
        "hits",
        "transactions",
        "less",
        "CPU s",
        "less",
        "p50 µs",
        screens.name()
    );
    let mut rows = Vec::new();
    for writes in WRITES {
        let mut bare: Option<(f64, f64)> = None;
        for server in servers {
            let before = server.reading().await?;
            let figures = client::run(server, Mix::new(screens, writes), 16, requests).await?;
            let cost = server.reading().await?.since(&before);
            let (transactions, cpu_s) = *bare.get_or_insert((cost.transactions, cost.cpu_s));
            let less = |now: f64, then: f64| 100.0 * (1.0 - now / then.max(f64::EPSILON));
            let row = (
                less(cost.transactions, transactions),
                less(cost.cpu_s, cpu_s),
                figures.hit_rate * 100.0,
            );
            println!(
                "{:<10}{:<18}{:>7.1}%{:>14.0}{:>13.1}%{:>14.2}{:>9.1}%{:>10.0}",
                format!("{}%", writes / 10),
                server.name,
                row.2,
                cost.transactions,
                row.0,
                cost.cpu_s,
                row.1,
                figures.p50_us
            );
            rows.push(json!({
                "mix": screens.name(), "writes_per_thousand": writes, "server": server.name, "hit_percent": row.2,
                "transactions": cost.transactions, "transactions_less_percent": row.0,
                "database_cpu_s": cost.cpu_s, "database_cpu_less_percent": row.1, "p50_us": figures.p50_us,
            }));
        }
    }
    Ok(rows)
}

/// P4: how long a hit takes.
async fn hits(servers: &[Server<'_>], requests: u64) -> Outcome<Vec<Value>> {
    println!("\none answer over and over (P4: a hit within 1 ms at p99)");
    println!(
        "{:<18}{:>6}{:>10}{:>10}{:>10}{:>24}{:>22}",
        "server", "conn", "req/s", "p50 µs", "p99 µs", "within 1 ms in server", "server CPU µs"
    );
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        for server in servers {
            client::run(server, Mix::new(Screens::One, 0), 1, 50).await?;
            let before = server.reading().await?;
            let Figures {
                per_second,
                p50_us,
                p99_us,
                ..
            } = client::run(server, Mix::new(Screens::One, 0), connections, requests).await?;
            let cost = server.reading().await?.since(&before);
            let within = 100.0 * cost.within_1_ms / cost.answered.max(1.0);
            let cpu_us = cost.server_cpu_s * 1e6 / cost.answered.max(1.0);
            println!(
                "{:<18}{connections:>6}{per_second:>10.0}{p50_us:>10.0}{p99_us:>10.0}{within:>23.2}%{cpu_us:>22.1}",
                server.name
            );
            rows.push(json!({
                "server": server.name, "connections": connections, "requests_per_second": per_second,
                "p50_us": p50_us, "p99_us": p99_us, "within_1_ms_in_server_percent": within,
                "server_cpu_us": cpu_us,
            }));
        }
    }
    Ok(rows)
}
