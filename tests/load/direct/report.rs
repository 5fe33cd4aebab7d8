//! The figures, as a table and as JSON: the median of the rounds, and ratios between peers.

use std::collections::BTreeMap;

use seawall_e2e::measure::median;
use serde_json::{Value, json};

use crate::Outcome;
use crate::load::Figures;
use crate::peers::Peer;
use crate::usage::Usage;
use crate::workload::Workload;

/// One run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) workload: &'static str,
    pub(crate) connections: usize,
    pub(crate) peer: &'static str,
    pub(crate) figures: Figures,
    pub(crate) usage: Usage,
    pub(crate) resident_mib: Option<f64>,
}

/// Every run so far.
pub(crate) struct Table {
    rows: Vec<Row>,
    idle_mib: BTreeMap<&'static str, f64>,
}

/// What is shown of one peer at one workload.
struct Summary {
    peer: &'static str,
    per_second: f64,
    p50_us: f64,
    p99_us: f64,
    server_us: f64,
    database_us: f64,
    resident_mib: f64,
}

impl Table {
    pub(crate) fn new(peers: &[Peer]) -> Self {
        let idle_mib = peers
            .iter()
            .filter_map(|peer| Some((peer.name(), peer.resident_mib()?)))
            .collect();
        println!("memory when idle, MiB: {idle_mib:.1?}\n");
        println!(
            "{:<12}{:>4}  {:<10}{:>9}{:>9}{:>9}{:>12}{:>12}{:>8}",
            "workload", "conn", "peer", "req/s", "p50 µs", "p99 µs", "server µs", "database µs", "MiB"
        );
        Self {
            rows: Vec::new(),
            idle_mib,
        }
    }

    pub(crate) fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    pub(crate) fn print_last(&self, workload: &Workload, connections: usize) {
        for summary in self.summaries(workload.name, connections) {
            println!(
                "{:<12}{connections:>4}  {:<10}{:>9.0}{:>9.0}{:>9.0}{:>12.1}{:>12.1}{:>8.1}",
                workload.name,
                summary.peer,
                summary.per_second,
                summary.p50_us,
                summary.p99_us,
                summary.server_us,
                summary.database_us,
                summary.resident_mib,
            );
        }
    }

    /// Ratios, and everything as JSON where `BENCH_JSON` says.
    pub(crate) fn finish(&self) -> Outcome<()> {
        let groups = self.groups();
        println!(
            "\nseawall beside postgrest (P2: requests per CPU-second of the server at least 3×) and pgbench"
        );
        println!(
            "{:<12}{:>4}{:>22}{:>18}{:>20}{:>24}",
            "workload",
            "conn",
            "req/CPU-s × postgrest",
            "req/s × postgrest",
            "req/s / pgbench",
            "database µs / pgbench"
        );
        let mut ratios = Vec::new();
        for (workload, connections) in groups {
            let by_name: BTreeMap<_, _> = self
                .summaries(workload, connections)
                .into_iter()
                .map(|summary| (summary.peer, summary))
                .collect();
            let Some(own) = by_name.get("seawall") else {
                continue;
            };
            let beside = |peer: &str, ratio: fn(&Summary, &Summary) -> f64| {
                by_name.get(peer).map_or(f64::NAN, |other| ratio(own, other))
            };
            let per_cpu = beside("postgrest", |own, other| other.server_us / own.server_us);
            let speed = beside("postgrest", |own, other| own.per_second / other.per_second);
            let of_pgbench = beside("pgbench", |own, other| own.per_second / other.per_second);
            let database = beside("pgbench", |own, other| own.database_us / other.database_us);
            println!(
                "{workload:<12}{connections:>4}{per_cpu:>22.2}{speed:>18.2}{of_pgbench:>20.2}{database:>24.2}"
            );
            ratios.push(json!({
                "workload": workload, "connections": connections, "requests_per_cpu_second_over_postgrest": per_cpu,
                "requests_per_second_over_postgrest": speed, "requests_per_second_over_pgbench": of_pgbench,
                "database_cpu_over_pgbench": database,
            }));
        }
        if let Ok(path) = std::env::var("BENCH_JSON") {
            let runs: Vec<Value> = self.rows.iter().map(Row::as_json).collect();
            let document = json!({ "idle_mib": self.idle_mib, "ratios": ratios, "runs": runs });
            std::fs::write(&path, serde_json::to_vec_pretty(&document)?)?;
            println!("\nas JSON: {path}");
        }
        Ok(())
    }

    fn groups(&self) -> Vec<(&'static str, usize)> {
        let mut groups = Vec::new();
        for row in &self.rows {
            if !groups.contains(&(row.workload, row.connections)) {
                groups.push((row.workload, row.connections));
            }
        }
        groups
    }

    fn summaries(&self, workload: &str, connections: usize) -> Vec<Summary> {
        let rows = || {
            self.rows
                .iter()
                .filter(|row| row.workload == workload && row.connections == connections)
        };
        let mut peers: Vec<&'static str> = Vec::new();
        for row in rows() {
            if !peers.contains(&row.peer) {
                peers.push(row.peer);
            }
        }
        let summary = |peer: &'static str| {
            let of =
                |value: fn(&Row) -> f64| median(rows().filter(|row| row.peer == peer).map(value).collect());
            Summary {
                peer,
                per_second: of(|row| row.figures.per_second),
                p50_us: of(|row| row.figures.p50_us),
                p99_us: of(|row| row.figures.p99_us),
                server_us: of(|row| row.per_request_us(row.usage.server)),
                database_us: of(|row| row.per_request_us(row.usage.database)),
                resident_mib: of(|row| row.resident_mib.unwrap_or(f64::NAN)),
            }
        };
        peers.into_iter().map(summary).collect()
    }
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
    fn per_request_us(&self, seconds: f64) -> f64 {
        seconds * 1e6 / self.figures.requests.max(1) as f64
    }

    fn as_json(&self) -> Value {
        json!({
            "workload": self.workload, "connections": self.connections, "peer": self.peer,
            "requests_per_second": self.figures.per_second, "p50_us": self.figures.p50_us, "p99_us": self.figures.p99_us,
            "server_cpu_us_per_request": self.per_request_us(self.usage.server),
            "database_cpu_us_per_request": self.per_request_us(self.usage.database),
            "resident_mib": self.resident_mib,
        })
    }
}
