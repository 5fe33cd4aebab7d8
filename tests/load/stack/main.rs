//! What the middleware costs: processor time per request of the whole stack over a trivial handler, beside nginx with
//! two limit zones over a file, in one run.
//!
//! The handler refuses a query that it cannot read, so PostgreSQL is not part of it (an unknown table would cost more:
//! the answer names the table that is nearest). Each peer is measured in turn,
//! round after round, with the same connections; the figure is the median of the rounds. Processor time per request
//! is what can be compared on a machine that does other things too; requests a second are not shown.

mod load;
mod nginx;
mod report;

use std::time::Duration;

use seawall_e2e::measure::number;
use seawall_e2e::{Database, OWNER, ServerProcess, TestRedis};

use load::Target;
use nginx::Nginx;
use report::Report;

/// Or a sentence.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Limits that nothing reaches, so that every request is counted and none is refused.
const POLICY: &str =
    r#"{"limits": {"ip": {"limit": 1000000, "window": 1000}, "reads": {"limit": 10000, "window": 100}}}"#;
const TIERS: &str = r#"{"all": {"general-limit": 1000000, "general-window": 1000}}"#;

#[tokio::main]
async fn main() -> Outcome<()> {
    let rounds = number("BENCH_ROUNDS", 5)?;
    let span = Duration::from_millis(number("BENCH_MILLIS", 2_000)?);
    let (database, redis) = (Database::create().await, TestRedis::start().await);
    let redis_url = redis.url();
    let limited = [
        ("SEAWALL_RATE_LIMITS", "true"),
        ("SEAWALL_POLICY", POLICY),
        ("SEAWALL_TIERS", TIERS),
        ("SEAWALL_REDIS_TIMEOUT", "1000"),
    ];
    let shared = [&limited[..], &[("SEAWALL_REDIS_URL", &redis_url)]].concat();
    let bare = ServerProcess::start(&database, &[]).await;
    let whole = ServerProcess::start(&database, &limited).await;
    let cluster = ServerProcess::start(&database, &shared).await;
    let token = OWNER.token_for(86_400);
    let mut targets = vec![
        Target::seawall("seawall, no token, no limits", &bare, None)?,
        Target::seawall("seawall, token", &bare, Some(&token))?,
        Target::seawall("seawall, token, limits", &whole, Some(&token))?,
        Target::seawall("seawall, token, limits in Redis", &cluster, Some(&token))?,
    ];
    let nginx = Nginx::start()?;
    match &nginx {
        Some(nginx) => {
            targets.push(nginx.target("nginx, a file", "/plain", &token));
            targets.push(nginx.target("nginx, a file, two limit zones", "/limited", &token));
        }
        None => println!("nginx is not here: its rows are left out"),
    }
    let mut report = Report::default();
    for _ in 0..rounds {
        for target in &targets {
            report.add(target.name, target.measure(span).await?);
        }
    }
    report.finish()
}
