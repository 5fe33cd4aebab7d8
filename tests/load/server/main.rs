//! The part of `npm run bench:server` that needs a database: what the audit and the token cache cost and spare, what
//! becomes of a thousand requests at once, and how many jobs the write queue takes in and carries out in a second.
//!
//! Each part starts the real server in a process of its own and asks it through sockets. Where two servers are
//! compared they take turns, round after round, and the figure is the median of the rounds.
//!
//! Environment: `SEAWALL_BINARY`, `SEAWALL_TEST_DATABASE_URL`, `BENCH_ROUNDS` (5), `BENCH_SPAN_MS` (2,000),
//! `BENCH_ONLY` (a part of a part's name), `BENCH_JSON`.

mod audit;
mod pool;
mod queue;
mod targets;
mod tokens;

use std::time::Duration;

use seawall_e2e::measure::{Measured, number};
use serde_json::{Map, Value};
use targets::Targets;

/// How much is measured.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rounds: u64,
    pub(crate) span: Duration,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Measured<()> {
    let size = Size {
        rounds: number("BENCH_ROUNDS", 5)?,
        span: Duration::from_millis(number("BENCH_SPAN_MS", 2_000)?),
    };
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let mut targets = Targets::default();
    let mut parts = Map::new();
    for name in ["audit", "tokens", "pool", "queue"] {
        if !name.contains(&only) {
            continue;
        }
        let figures = match name {
            "audit" => audit::measure(size, &mut targets).await?,
            "tokens" => tokens::measure(size, &mut targets).await?,
            "pool" => pool::measure(&mut targets).await?,
            _ => queue::measure(size, &mut targets).await?,
        };
        parts.insert(name.to_owned(), figures);
        println!();
    }
    parts.insert("targets".to_owned(), targets.into_json());
    if let Ok(path) = std::env::var("BENCH_JSON") {
        std::fs::write(path, format!("{:#}", Value::Object(parts)))?;
    }
    Ok(())
}
