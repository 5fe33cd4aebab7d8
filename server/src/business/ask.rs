//! The connection that asks, its lock, and one question.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::reading::{self, Reading};
use crate::config::{BusinessConfig, BusinessMetric, DatabaseConfig};
use crate::rest::connect_apart;

/// Rows beyond these are not even counted.
const MOST_COUNTED: u32 = 100_000;

/// How long the database has beyond a query's own timeout.
const GRACE: Duration = Duration::from_secs(5);

/// How long connecting and taking the lock may take.
const CONNECT: Duration = Duration::from_secs(15);

/// Whether the session is still the one that holds the lock: behind a pooler that shares sessions it may not be.
const HOLDS_LOCK: &str = "select pg_catalog.current_setting('is_superuser') = 'on', exists (
    select from pg_catalog.pg_locks
    where locktype = 'advisory' and granted and objsubid = 1 and pid = pg_catalog.pg_backend_pid()
      and classid::bigint = ($1::bigint >> 32) & 4294967295 and objid::bigint = $1::bigint & 4294967295)";

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// Another instance asks.
    SomebodyElse,
    /// The database cannot be reached.
    Unreachable,
    /// The role may do anything, so the query might.
    Superuser,
    /// The lock is gone, though the connection is not.
    LockLost,
    /// It took too long.
    Timeout,
    /// The database refused: SQLSTATE, and what it said where that can only be about names.
    Refused(String, String),
    /// The answer is no metric.
    Shape(String),
}

impl Problem {
    /// As a label.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::SomebodyElse | Self::Unreachable | Self::LockLost => "unreachable",
            Self::Superuser => "superuser",
            Self::Timeout => "timeout",
            Self::Refused(..) => "refused",
            Self::Shape(_) => "shape",
        }
    }

    /// Whether the connection is of no more use.
    pub(super) fn ends_the_turn(&self) -> bool {
        matches!(self, Self::Unreachable | Self::LockLost)
    }

    /// The message of most errors can repeat a value of somebody's row; those about names cannot.
    fn of(error: &tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else {
            return Self::Unreachable;
        };
        if *told.code() == SqlState::QUERY_CANCELED {
            return Self::Timeout;
        }
        let code = told.code().code();
        let is_about_names = code.starts_with("42") || matches!(code, "22023" | "0LP01" | "25006");
        let said = if is_about_names { told.message() } else { "" };
        Self::Refused(code.to_owned(), said.to_owned())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SomebodyElse => formatter.write_str("another instance does"),
            Self::Unreachable => formatter.write_str("the database cannot be reached"),
            Self::Superuser => formatter.write_str("the role is a superuser: choose one that may only read"),
            Self::LockLost => formatter.write_str(
                "the lock was lost: a pooler that shares sessions is in between, so a direct connection is needed \
                 (business-metrics-database-url)",
            ),
            Self::Timeout => formatter.write_str("the query takes longer than its timeout"),
            Self::Refused(code, said) => write!(formatter, "{code} {said}"),
            Self::Shape(what) => formatter.write_str(what),
        }
    }
}

/// A connection that holds the lock.
pub(super) struct Asker {
    client: Client,
    role: Option<String>,
    lock: i64,
}

impl Asker {
    /// Connects and takes the lock; none where somebody else has it.
    pub(super) async fn connect(
        config: &BusinessConfig,
        database: &DatabaseConfig,
    ) -> Result<Option<Self>, Problem> {
        let database = DatabaseConfig {
            uri: config.uri.clone().or_else(|| database.uri.clone()),
            ..database.clone()
        };
        let settings = database.driver_config().map_err(|_| Problem::Unreachable)?;
        let lock = lock_of(config);
        let taken = tokio::time::timeout(CONNECT, async {
            let client = connect_apart(settings).await.map_err(|cause| {
                tracing::debug!(cause, "the metrics of the business have no connection");
                Problem::Unreachable
            })?;
            // Should this machine vanish, the database notices within a minute and another instance takes over.
            let prepare = "set application_name = 'seawall business metrics';
                 set tcp_keepalives_idle = 30; set tcp_keepalives_interval = 10; set tcp_keepalives_count = 3";
            client
                .batch_execute(prepare)
                .await
                .map_err(|error| Problem::of(&error))?;
            let row = client
                .query_one("select pg_catalog.pg_try_advisory_lock($1)", &[&lock])
                .await
                .map_err(|error| Problem::of(&error))?;
            Ok(row.try_get::<_, bool>(0).unwrap_or(false).then_some(client))
        });
        let client = taken.await.map_err(|_| Problem::Unreachable)??;
        Ok(client.map(|client| Self {
            client,
            role: config.role.clone(),
            lock,
        }))
    }

    /// Comes back when the connection has ended.
    pub(super) async fn closed(&self) {
        while !self.client.is_closed() {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Asks one question.
    pub(super) async fn ask(&self, metric: &BusinessMetric) -> Result<Reading, Problem> {
        let asked = tokio::time::timeout(metric.timeout + GRACE, self.transaction(metric)).await;
        match asked {
            Ok(read) => read,
            // The database does not keep to its own timeout: nobody knows what the connection is doing.
            Err(_) => Err(Problem::Unreachable),
        }
    }

    async fn transaction(&self, metric: &BusinessMetric) -> Result<Reading, Problem> {
        let read = self.read(metric).await;
        if self.client.batch_execute("rollback").await.is_err() {
            return Err(Problem::Unreachable);
        }
        read
    }

    async fn read(&self, metric: &BusinessMetric) -> Result<Reading, Problem> {
        let failed = |error: tokio_postgres::Error| Problem::of(&error);
        self.client
            .batch_execute("begin transaction read only")
            .await
            .map_err(failed)?;
        let timeout = metric.timeout.as_millis().to_string();
        let bounds = "select pg_catalog.set_config('statement_timeout', $1, true), \
                      pg_catalog.set_config('lock_timeout', $1, true), \
                      pg_catalog.set_config('idle_in_transaction_session_timeout', '60s', true)";
        self.client.query_one(bounds, &[&timeout]).await.map_err(failed)?;
        if let Some(role) = &self.role {
            let become_it = "select pg_catalog.set_config('role', $1, true)";
            self.client.query_one(become_it, &[role]).await.map_err(failed)?;
        }
        let standing = self
            .client
            .query_one(HOLDS_LOCK, &[&self.lock])
            .await
            .map_err(failed)?;
        match (standing.try_get(0), standing.try_get(1)) {
            (Ok(false), Ok(true)) => {}
            (Ok(false), Ok(false)) => return Err(Problem::LockLost),
            (Ok(true), _) => return Err(Problem::Superuser),
            (Err(_), _) | (_, Err(_)) => return Err(Problem::Unreachable),
        }
        let question = wrapped(metric);
        let rows = self.client.query(question.as_str(), &[]).await.map_err(failed)?;
        let total: i64 = rows.first().map_or(0, |row| row.try_get(1).unwrap_or(0));
        let texts = rows
            .iter()
            .map(|row| row.try_get::<_, Option<String>>(0).ok().flatten());
        reading::read(metric, texts, u64::try_from(total).unwrap_or_default()).map_err(Problem::Shape)
    }
}

/// Rows and bytes of the answer are bounded where it is made. Inside of another query nothing but a query can stand.
fn wrapped(metric: &BusinessMetric) -> String {
    format!(
        "select pg_catalog.left(pg_catalog.row_to_json(business)::text, {longest}), count(*) over ()\n\
         from (select * from (\n{query}\n) as question limit {MOST_COUNTED}) as business limit {rows}",
        longest = reading::LONGEST_ROW + 1,
        query = metric.query,
        rows = metric.rows,
    )
}

/// One lock for one set of metrics: while a deployment changes them, the old and the new are both read.
fn lock_of(config: &BusinessConfig) -> i64 {
    let mut hash = Context::new(&SHA256);
    hash.update(b"seawall business metrics");
    for metric in &config.metrics {
        for part in [&metric.name, &metric.query] {
            hash.update(&part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.update(config.role.as_deref().unwrap_or_default().as_bytes());
    let hash = hash.finish();
    i64::from_be_bytes(hash.as_ref().first_chunk().copied().unwrap_or_default())
}
