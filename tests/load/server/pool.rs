//! Q7: a thousand requests at once on a pool of twenty, from three tiers. Nobody meets a connection error; who cannot
//! be served in time is told so with `Retry-After`, the lowest tier first.

use std::time::{Duration, Instant};

use bytes::Bytes;
use seawall_e2e::measure::{Heard, Line, Measured, within_us};
use seawall_e2e::{Database, SECRET, ServerProcess};
use seawall_server::auth::mint::mint;
use serde_json::{Value, json};

use crate::targets::Targets;

const AT_ONCE: usize = 1_000;
const TIERS: [&str; 3] = ["free", "pro", "enterprise"];

/// Twenty at once make 400 a second of these.
const SLOW: &str = "create function slow() returns int language plpgsql volatile security definer as \
    $$ begin perform pg_sleep(0.05); return 1; end $$; grant execute on function slow to authenticated";

pub(crate) async fn measure(targets: &mut Targets) -> Measured<Value> {
    let database = Database::create().await;
    database.run(SLOW).await;
    println!("pool (Q7): {AT_ONCE} requests at once on 20 connections, each holding one for 50 ms");
    println!(
        "{:<13}{:<12}{:>8}{:>8}{:>8}{:>10}{:>10}{:>10}",
        "line", "tier", "served", "shed", "errors", "p50 ms", "p99 ms", "most ms"
    );
    let mut rows = Vec::new();
    // A line that holds everybody, and one that does not.
    for (line, depth) in [("holds 2,000", "2000"), ("holds 300", "300")] {
        let server = start(&database, depth).await;
        let (heard, broken) = all_at_once(&server).await?;
        let mut errors = broken;
        for tier in TIERS {
            let of_tier: Vec<&Heard> = heard
                .iter()
                .filter(|(own, _)| *own == tier)
                .map(|(_, one)| one)
                .collect();
            let served: Vec<Heard> = of_tier
                .iter()
                .filter(|one| one.status == 200)
                .map(|one| (*one).clone())
                .collect();
            let shed = of_tier.iter().filter(|one| is_shed(one)).count();
            let other = of_tier.len() - served.len() - shed;
            errors += other;
            let ms = |share| within_us(&served, share) / 1e3;
            println!(
                "{line:<13}{tier:<12}{:>8}{shed:>8}{other:>8}{:>10.0}{:>10.0}{:>10.0}",
                served.len(),
                ms(0.5),
                ms(0.99),
                ms(1.0)
            );
            rows.push(json!({
                "line": line, "tier": tier, "served": served.len(), "shed": shed, "errors": other,
                "p50_ms": ms(0.5), "p99_ms": ms(0.99), "most_ms": ms(1.0),
            }));
        }
        #[expect(clippy::cast_precision_loss, reason = "a thousand requests")]
        targets.at_most(
            &format!("pool: errors of 1,000 at once, the line {line}"),
            errors as f64,
            0.0,
            "",
        );
    }
    Ok(json!({ "rows": rows }))
}

fn is_shed(one: &Heard) -> bool {
    one.status == 503 && one.headers.contains_key("retry-after")
}

async fn start(database: &Database, depth: &str) -> ServerProcess {
    let settings = [
        ("SEAWALL_DB_POOL", "20"),
        ("SEAWALL_MAX_INFLIGHT", "5000"),
        ("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000"),
        ("SEAWALL_LINE_DEPTH", depth),
        ("SEAWALL_DB_CONNECT_TIMEOUT", "30000"),
        ("SEAWALL_REQUEST_TIMEOUT", "30000"),
        ("SEAWALL_LINE_TIMEOUT", "15000"),
    ];
    ServerProcess::start(database, &settings).await
}

/// Connects everybody first, so that they really ask at once; counts the connections that broke.
async fn all_at_once(server: &ServerProcess) -> Measured<(Vec<(&'static str, Heard)>, usize)> {
    let mut lines = Vec::new();
    for (user, tier) in (0..AT_ONCE).zip(TIERS.iter().cycle()) {
        let claims = json!({
            "sub": format!("00000000-0000-4000-8000-{user:012}"), "role": "authenticated",
            "app_metadata": {"tier": tier},
        });
        lines.push((*tier, mint(SECRET, &claims)?, Line::open(server.address()).await));
    }
    let at = Instant::now() + Duration::from_millis(200);
    let asked: Vec<_> = lines
        .into_iter()
        .map(|(tier, token, line)| {
            tokio::spawn(async move {
                let mut line = line?;
                tokio::time::sleep_until(at.into()).await;
                let request = http::Request::post("/rest/v1/rpc/slow")
                    .header("authorization", format!("Bearer {token}"))
                    .header("content-type", "application/json");
                Measured::Ok((tier, line.ask(request, Bytes::from_static(b"{}")).await?))
            })
        })
        .collect();
    let mut heard = Vec::new();
    let mut broken = 0;
    for one in asked {
        match one.await? {
            Ok(one) => heard.push(one),
            Err(_) => broken += 1,
        }
    }
    Ok((heard, broken))
}
