//! A server under test, of one instance or of several, and what it and PostgreSQL have spent so far.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use seawall_e2e::measure::processor_seconds;
use seawall_e2e::{Database, GUEST, OWNER, SECRET, ServerProcess};
use seawall_server::auth::mint::mint;
use serde_json::json;

use crate::{Outcome, ordinary};

/// The processes that work for servers on the database.
const SESSIONS: &str = "select string_agg(pid::text, ',') from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()";

/// A running server.
pub(crate) struct Server<'database> {
    database: &'database Database,
    pub(crate) name: &'static str,
    instances: Vec<ServerProcess>,
    tokens: Arc<HashMap<String, String>>,
}

/// What was spent.
#[derive(Clone, Copy)]
pub(crate) struct Reading {
    /// Transactions of requests.
    pub(crate) transactions: f64,
    /// Processor seconds of PostgreSQL's sessions.
    pub(crate) cpu_s: f64,
    /// Processor seconds of the server.
    pub(crate) server_cpu_s: f64,
    /// Requests answered.
    pub(crate) answered: f64,
    /// Of those, within a millisecond.
    pub(crate) within_1_ms: f64,
}

impl<'database> Server<'database> {
    pub(crate) async fn start(
        name: &'static str,
        database: &'database Database,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::of_instances(1, name, database, settings).await
    }

    /// Several instances on one database.
    pub(crate) async fn of_instances(
        amount: usize,
        name: &'static str,
        database: &'database Database,
        settings: &[(&str, &str)],
    ) -> Self {
        // A machine that is busy with something else is no reason to end a benchmark.
        let patient = [
            ("SEAWALL_DB_POOL", "8"),
            ("SEAWALL_DB_CONNECT_TIMEOUT", "20000"),
            ("SEAWALL_DB_POOL_ACQUISITION_TIMEOUT", "20"),
            // What ends an answer here is a write and not its age, however slow the machine is.
            ("SEAWALL_CACHE_TTL", "3600000"),
        ];
        let settings: Vec<_> = patient.iter().chain(settings).copied().collect();
        let mut instances = Vec::new();
        for _ in 0..amount {
            instances.push(ServerProcess::start(database, &settings).await);
        }
        Self {
            database,
            name,
            instances,
            tokens: Arc::new(tokens()),
        }
    }

    /// Of all instances, by turns.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.instances.iter().map(ServerProcess::address).cycle()
    }

    pub(crate) fn tokens(&self) -> Arc<HashMap<String, String>> {
        Arc::clone(&self.tokens)
    }

    pub(crate) async fn reading(&self) -> Outcome<Reading> {
        let sessions = self.database.value(SESSIONS).await;
        let mut text = String::new();
        for instance in &self.instances {
            let metrics = instance.request(Method::GET, "/metrics").send().await;
            text.push_str(std::str::from_utf8(&metrics.body)?);
        }
        let sum = |name: &str, labels: &[&str]| -> f64 {
            text.lines()
                .filter(|line| line.starts_with(name) && labels.iter().all(|label| line.contains(label)))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum()
        };
        Ok(Reading {
            transactions: sum("database_query_duration_seconds_count", &[]),
            cpu_s: sessions
                .split(',')
                .filter_map(|pid| processor_seconds(pid.parse().ok()?))
                .sum(),
            server_cpu_s: self
                .instances
                .iter()
                .filter_map(|instance| processor_seconds(instance.pid()?))
                .sum(),
            answered: sum("http_request_duration_seconds_count", &["route=\"rest\""]),
            within_1_ms: sum(
                "http_request_duration_seconds_bucket",
                &["route=\"rest\"", "le=\"0.001\""],
            ),
        })
    }
}

/// One for each person, for two hours.
fn tokens() -> HashMap<String, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let people = [OWNER.id.to_owned(), GUEST.id.to_owned()];
    let people = people.into_iter().chain(ordinary::people());
    let token = |person: String| {
        let claims = json!({"sub": person, "role": "authenticated", "exp": now.as_secs() + 7200});
        mint(SECRET, &claims).ok().map(|token| (person, token))
    };
    people.filter_map(token).collect()
}

impl Reading {
    /// What was spent since an earlier one. Sessions stay open, so no process takes its figure with it.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            transactions: self.transactions - earlier.transactions,
            cpu_s: self.cpu_s - earlier.cpu_s,
            server_cpu_s: self.server_cpu_s - earlier.server_cpu_s,
            answered: self.answered - earlier.answered,
            within_1_ms: self.within_1_ms - earlier.within_1_ms,
        }
    }
}
