//! Q6: what recording a request adds to it. The same reads on the same database, with the audit and without, by turns.

use std::sync::Arc;

use bytes::Bytes;
use seawall_e2e::measure::{Measured, Next, median, processor_seconds, steadily, within_us};
use seawall_e2e::{Database, OWNER, ServerProcess};
use seawall_server::migrate::migrate;
use serde_json::{Value, json};

use crate::Size;
use crate::targets::Targets;

const PATH: &str = "/rest/v1/rooms?select=id,name";
const CONNECTIONS: [u64; 2] = [1, 16];

#[derive(Default)]
struct Rounds {
    p50_us: Vec<f64>,
    p99_us: Vec<f64>,
    cpu_us: Vec<f64>,
}

pub(crate) async fn measure(size: Size, targets: &mut Targets) -> Measured<Value> {
    let database = Database::create().await;
    let owner = database.owner_url();
    migrate(&owner.as_str().into()).await?;
    let folder = std::env::temp_dir().join(format!("seawall-bench-audit-{}", std::process::id()));
    let path = folder.to_string_lossy().into_owned();
    let store = ("SEAWALL_STORE_DATABASE_URL", owner.as_str());
    let patient = ("SEAWALL_DB_CONNECT_TIMEOUT", "20000");
    let with = ServerProcess::start(&database, &[store, patient, ("SEAWALL_AUDIT_DIR", &path)]).await;
    let without = ServerProcess::start(&database, &[store, patient, ("SEAWALL_AUDIT", "false")]).await;
    println!("audit (Q6: less than 1 ms added): the same reads with and without, by turns");
    println!(
        "{:>5}  {:<9}{:>10}{:>10}{:>16}",
        "conn", "audit", "p50 µs", "p99 µs", "server CPU µs"
    );
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut on, mut off) = (Rounds::default(), Rounds::default());
        // The first round opens connections and prepares statements.
        for round in 0..=size.rounds {
            for (server, seen) in [(&with, &mut on), (&without, &mut off)] {
                let (p50, p99, cpu) = one(server, connections, size).await?;
                if round > 0 {
                    seen.p50_us.push(p50);
                    seen.p99_us.push(p99);
                    seen.cpu_us.push(cpu);
                }
            }
        }
        let added = |on: &[f64], off: &[f64]| median(on.iter().zip(off).map(|(on, off)| on - off).collect());
        let added_p50 = added(&on.p50_us, &off.p50_us);
        let added_p99 = added(&on.p99_us, &off.p99_us);
        let added_cpu = added(&on.cpu_us, &off.cpu_us);
        for (name, seen) in [("on", on), ("off", off)] {
            let (p50, p99, cpu) = (median(seen.p50_us), median(seen.p99_us), median(seen.cpu_us));
            println!("{connections:>5}  {name:<9}{p50:>10.0}{p99:>10.0}{cpu:>16.1}");
            rows.push(json!({
                "audit": name, "connections": connections, "p50_us": p50, "p99_us": p99, "server_cpu_us": cpu,
            }));
        }
        println!(
            "{connections:>5}  {:<9}{added_p50:>10.0}{added_p99:>10.0}{added_cpu:>16.1}",
            "added"
        );
        rows.push(json!({
            "audit": "added", "connections": connections, "p50_us": added_p50, "p99_us": added_p99,
            "server_cpu_us": added_cpu,
        }));
        targets.at_most(
            &format!("audit: added to the median, {connections} connections"),
            added_p50 / 1e3,
            1.0,
            "ms",
        );
    }
    let records = database.value("select count(*)::text from seawall.audit").await;
    println!("records in the table: {records}");
    drop((with, without));
    let _nobody_needs_it = std::fs::remove_dir_all(folder);
    Ok(json!({ "rows": rows, "records": records }))
}

async fn one(server: &ServerProcess, connections: u64, size: Size) -> Measured<(f64, f64, f64)> {
    let bearer = format!("Bearer {}", OWNER.token_for(7_200));
    let next: Next = Arc::new(move |_, _| {
        let request = http::Request::get(PATH).header("authorization", &bearer);
        (request, Bytes::new())
    });
    let pid = server.pid().ok_or("the server is not running")?;
    let before = processor_seconds(pid).unwrap_or_default();
    let heard = steadily(server.address(), connections, size.span, next).await?;
    let used = processor_seconds(pid).unwrap_or_default() - before;
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
    let each = used * 1e6 / heard.len().max(1) as f64;
    Ok((within_us(&heard, 0.5), within_us(&heard, 0.99), each))
}
