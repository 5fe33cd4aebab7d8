//! The write queue: jobs accepted in a second, durable before they are answered, while workers carry them out, and jobs
//! carried out in a second when nothing comes in any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use seawall_e2e::measure::{Measured, Next, steadily, within_us};
use seawall_e2e::{Database, HARBOUR, OWNER, ServerProcess};
use seawall_server::migrate::migrate;
use serde_json::{Value, json};

use crate::Size;
use crate::targets::Targets;

const CONNECTIONS: u64 = 64;
const DONE: &str = "select count(*)::text from seawall.jobs where state = 'completed'";
const ALL: &str = "select count(*)::text from seawall.jobs";

pub(crate) async fn measure(size: Size, targets: &mut Targets) -> Measured<Value> {
    let database = Database::create().await;
    let owner = database.owner_url();
    migrate(&owner.as_str().into()).await?;
    println!("write queue: {CONNECTIONS} connections, one row a job");
    println!(
        "{:<26}{:>9}{:>14}{:>10}{:>10}{:>16}",
        "", "jobs", "jobs/s", "p50 ms", "p99 ms", "done meanwhile"
    );
    let alone = accepted(&database, &owner, "0", size).await?;
    let drained = drain(&database, &owner).await?;
    let working = accepted(&database, &owner, "16", size).await?;
    targets.at_least(
        "queue: jobs accepted in a second, no workers here",
        alone.per_second,
        1_000.0,
        "/s",
    );
    targets.at_least(
        "queue: jobs accepted in a second while 16 workers work",
        working.per_second,
        1_000.0,
        "/s",
    );
    Ok(
        json!({ "accepting": alone.json("accepted, no workers"), "working": working.json("accepted, 16 workers"),
        "carried_out_per_second": drained.0, "carried_out": drained.1 }),
    )
}

struct Accepted {
    jobs: usize,
    per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    done: f64,
}

impl Accepted {
    fn json(&self, name: &str) -> Value {
        json!({ "name": name, "jobs": self.jobs, "jobs_per_second": self.per_second, "p50_ms": self.p50_ms,
            "p99_ms": self.p99_ms, "done_meanwhile": self.done })
    }
}

async fn start(database: &Database, owner: &str, workers: &str) -> ServerProcess {
    let settings = [
        ("SEAWALL_STORE_DATABASE_URL", owner),
        ("SEAWALL_AUDIT", "false"),
        ("SEAWALL_QUEUE_WORKERS", workers),
        ("SEAWALL_QUEUE_DEPTH", "10000000"),
        ("SEAWALL_DB_POOL", "20"),
        ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000"),
        ("SEAWALL_DB_CONNECT_TIMEOUT", "20000"),
    ];
    ServerProcess::start(database, &settings).await
}

async fn accepted(database: &Database, owner: &str, workers: &str, size: Size) -> Measured<Accepted> {
    let server = start(database, owner, workers).await;
    let bearer = format!("Bearer {}", OWNER.token_for(7_200));
    let body = Bytes::from(format!("{{\"room_id\":\"{HARBOUR}\",\"body\":\"queued\"}}"));
    let next: Next = Arc::new(move |_, _| {
        let request = http::Request::post("/rest/v1/messages")
            .header("authorization", &bearer)
            .header("content-type", "application/json")
            .header("prefer", "respond-async");
        (request, body.clone())
    });
    steadily(server.address(), 8, Duration::from_millis(200), Arc::clone(&next)).await?;
    let before = count(database, DONE).await?;
    let started = Instant::now();
    let heard = steadily(server.address(), CONNECTIONS, size.span * 2, next).await?;
    let took = started.elapsed().as_secs_f64();
    if let Some(other) = heard.iter().find(|one| one.status != 202) {
        return Err(format!("a write was not queued but answered {}", other.status).into());
    }
    let done = count(database, DONE).await? - before;
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
    let per_second = heard.len() as f64 / took;
    let (p50_ms, p99_ms) = (within_us(&heard, 0.5) / 1e3, within_us(&heard, 0.99) / 1e3);
    let name = format!("accepted, {workers} workers");
    println!(
        "{name:<26}{:>9}{per_second:>14.0}{p50_ms:>10.1}{p99_ms:>10.1}{done:>16.0}",
        heard.len()
    );
    Ok(Accepted {
        jobs: heard.len(),
        per_second,
        p50_ms,
        p99_ms,
        done,
    })
}

/// Carries out what is left, and says how much that was in a second.
async fn drain(database: &Database, owner: &str) -> Measured<(f64, f64)> {
    let (before, all) = (count(database, DONE).await?, count(database, ALL).await?);
    let server = start(database, owner, "16").await;
    let started = Instant::now();
    let limit = Duration::from_secs(60);
    let mut done = before;
    while done < all && started.elapsed() < limit {
        tokio::time::sleep(Duration::from_millis(100)).await;
        done = count(database, DONE).await?;
    }
    let (jobs, took) = (done - before, started.elapsed().as_secs_f64());
    let per_second = jobs / took;
    println!("{:<26}{jobs:>9.0}{per_second:>14.0}", "carried out, 16 workers");
    drop(server);
    Ok((per_second, jobs))
}

async fn count(database: &Database, sql: &str) -> Measured<f64> {
    Ok(database.value(sql).await.parse()?)
}
