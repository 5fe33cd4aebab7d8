//! When partitions are kept, and who hears of it.

use std::collections::BTreeMap;
use std::time::Duration;

use seawall_policy::time::UnixTime;
use sqlx::{Connection as _, PgConnection};
use tokio::sync::watch;

use super::plan::Rule;
use super::run::{self, Done};
use crate::app::App;
use crate::events::Event;

/// A table that could not be kept is tried again sooner than a month ends.
const INTERVAL: Duration = Duration::from_secs(3600);
const RETRY: Duration = Duration::from_secs(60);

const PART: &str = "partitions";

/// Tables and how they are kept.
pub type Rules = BTreeMap<String, Rule>;

/// Keeps partitions until the server stops.
pub(crate) async fn keep(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(store) = app.store.clone() else { return };
    let work = async {
        let mut degraded = false;
        loop {
            let problem = match store.pool().acquire().await {
                Ok(mut connection) => {
                    // The lock ends with the session, also where the server stops in the middle.
                    connection.close_on_drop();
                    tell(
                        &app,
                        keep_once(&mut connection, &app.config.partitions, app.clock.unix()).await,
                    )
                }
                Err(error) => Some(error.to_string()),
            };
            match &problem {
                Some(reason) if !degraded => app.events.emit(Event::Degraded {
                    part: PART,
                    reason: reason.clone(),
                }),
                None if degraded => app.events.emit(Event::Recovered { part: PART }),
                Some(_) | None => {}
            }
            degraded = problem.is_some();
            tokio::time::sleep(if degraded { RETRY } else { INTERVAL }).await;
        }
    };
    tokio::select! {
        () = work => {}
        _ = stopped.changed() => {}
    }
}

/// Keeps every table once. Nothing where another instance is at it.
pub(crate) async fn keep_once(
    connection: &mut PgConnection,
    configured: &Rules,
    now: UnixTime,
) -> Result<Vec<Done>, sqlx::Error> {
    if !run::lock(connection).await? {
        return Ok(Vec::new());
    }
    let mut rules = stored(connection).await?;
    rules.extend(configured.clone());
    let mut all = Vec::new();
    for (name, rule) in rules {
        all.push(run::keep(connection, &name, rule, now).await?);
    }
    Ok(all)
}

/// Keeps every table once, over a connection of its own.
pub(crate) async fn keep_at(uri: &str, configured: &Rules, now: UnixTime) -> Result<Vec<Done>, sqlx::Error> {
    let mut connection = PgConnection::connect(uri).await?;
    let done = keep_once(&mut connection, configured, now).await;
    connection.close().await?;
    done
}

/// The rules in the database; none where Seawall's migrations were not run.
async fn stored(connection: &mut PgConnection) -> Result<Rules, sqlx::Error> {
    let exists: bool = sqlx::query_scalar("select to_regclass('seawall.partitioned') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !exists {
        return Ok(Rules::new());
    }
    let rows: Vec<(String, i32, Option<i32>)> =
        sqlx::query_as("select parent, months_ahead, retention_months from seawall.partitioned")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(parent, ahead, retention)| {
            let rule = Rule {
                months_ahead: u32::try_from(ahead).unwrap_or_default(),
                retention_months: retention.and_then(|months| u32::try_from(months).ok()),
            };
            (parent, rule)
        })
        .collect())
}

/// Counts and tells what was done; gives the first problem.
fn tell(app: &App, outcome: Result<Vec<Done>, sqlx::Error>) -> Option<String> {
    let all = match outcome {
        Ok(all) => all,
        Err(error) => {
            app.metrics.partitions_failed();
            return Some(error.to_string());
        }
    };
    let mut first = None;
    for done in all {
        app.metrics
            .partitions_kept(&done.table, done.created.len(), done.dropped.len(), done.horizon);
        if !(done.created.is_empty() && done.dropped.is_empty() && done.swept == 0) {
            app.events.emit(Event::PartitionsKept {
                table: done.table.clone(),
                created: done.created,
                dropped: done.dropped,
                swept: done.swept,
            });
        }
        for problem in done.problems {
            app.metrics.partitions_failed();
            let problem = format!("{}: {problem}", done.table);
            tracing::error!(table = done.table, problem, "partitions could not be kept");
            first.get_or_insert(problem);
        }
    }
    first
}
