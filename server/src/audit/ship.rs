//! Sending records to the database: segment by segment, until there are none.
//!
//! A segment is removed when the database has all its records, so one that is sent
//! again after a crash adds nothing: a record is known by its instant and id. What the
//! dead have left is sent as well. While the database is away, segments are flushed to
//! the disk and stay.

use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use sqlx::PgPool;
use tokio::sync::{oneshot, watch};

use super::Audit;
use super::journal::{lines, orphans, remove, segments};
use super::write::Order;
use crate::app::{App, Parts};
use crate::events::Event;

const EVERY: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
const LOOK_FOR_ORPHANS: Duration = Duration::from_secs(5);

/// Records of one statement.
const TOGETHER: usize = 1_000;

const INSERT: &str = "
insert into seawall.audit (
  at, id, instance, request_id, method, route, target, query, status, code, outcome, subject, role, organisation, tier,
  address, duration_us, body
)
select at, id, instance, request_id, method, route, target, query, status, code, outcome, subject, role, organisation,
  tier, address, duration_us, body
from jsonb_to_recordset($1::jsonb) as record (
  at timestamptz, id uuid, instance text, request_id text, method text, route text, target text, query text,
  status smallint, code text, outcome text, subject text, role text, organisation text, tier text, address text,
  duration_us integer, body jsonb
)
on conflict do nothing";

/// Sends as long as the server runs; then once more, when the last answer is out.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(audit) = &app.audit else { return };
    let mut shipping = Shipping::default();
    loop {
        let wait = if shipping.failures == 0 {
            EVERY
        } else {
            (EVERY * 2_u32.saturating_pow(shipping.failures.min(5))).min(LONGEST_WAIT)
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop(&mut stopped) => break,
        }
        shipping.round(&app, audit).await;
    }
    let patience = Instant::now() + app.config.server.drain_timeout;
    while audit.under_way.load(Ordering::Relaxed) > 0 && Instant::now() < patience {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shipping.round(&app, audit).await;
}

async fn stop(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// What is remembered between rounds.
#[derive(Default)]
struct Shipping {
    failures: u32,
    flushed: HashSet<PathBuf>,
    looked: Option<Instant>,
    /// Folders of the dead that are ours to send; the locks are held meanwhile.
    inherited: Vec<(PathBuf, File)>,
}

impl Shipping {
    async fn round(&mut self, app: &Parts, audit: &Audit) {
        let (tell, closed) = oneshot::channel();
        let asked = audit.writer.orders.send(Order::Close(tell)).await;
        // Without the thread nothing is written any more, and all of it can go.
        let closed = if asked.is_ok() {
            closed.await.unwrap_or(u64::MAX)
        } else {
            u64::MAX
        };
        if self
            .looked
            .is_none_or(|looked| looked.elapsed() > LOOK_FOR_ORPHANS)
        {
            self.looked = Some(Instant::now());
            self.inherited
                .extend(orphans(&audit.parent, &audit.writer.folder));
        }
        let outcome = self.send_all(audit, closed).await;
        audit.metrics.audit_waiting(audit.held.load(Ordering::Relaxed));
        match (outcome, self.failures) {
            (Ok(()), 0) => {}
            (Ok(()), _) => {
                self.failures = 0;
                app.events.emit(Event::Recovered { part: "audit" });
            }
            (Err(error), 0) => {
                self.failures = 1;
                tracing::warn!(%error, "records wait on this disk: they cannot be sent");
                let reason = "records wait on disk".to_owned();
                app.events.emit(Event::Degraded {
                    part: "audit",
                    reason,
                });
            }
            (Err(_), failures) => self.failures = failures.saturating_add(1),
        }
    }

    async fn send_all(&mut self, audit: &Audit, closed: u64) -> Result<(), Failed> {
        let own = segments(&audit.writer.folder)?;
        for segment in own.into_iter().filter(|segment| number_of(segment) <= closed) {
            let bytes = self.send(audit, &segment).await?;
            audit
                .held
                .fetch_sub(bytes.min(audit.held.load(Ordering::Relaxed)), Ordering::Relaxed);
        }
        while let Some((folder, lock)) = self.inherited.pop() {
            let sent = self.send_folder(audit, &folder).await;
            if sent.is_err() {
                self.inherited.push((folder, lock));
                return sent;
            }
            tracing::info!(folder = %folder.display(), "sent the records of an instance that is dead");
            remove(&folder);
        }
        Ok(())
    }

    async fn send_folder(&mut self, audit: &Audit, folder: &Path) -> Result<(), Failed> {
        for segment in segments(folder)? {
            self.send(audit, &segment).await?;
        }
        Ok(())
    }

    /// Sends a segment and removes it; says how long it was.
    async fn send(&mut self, audit: &Audit, segment: &Path) -> Result<u64, Failed> {
        let text = tokio::fs::read(segment).await?;
        let records: Vec<&[u8]> = lines(&text).collect();
        for chunk in records.chunks(TOGETHER) {
            if let Err(error) = insert(audit, chunk).await {
                self.flush(segment);
                return Err(error);
            }
        }
        std::fs::remove_file(segment)?;
        self.flushed.remove(segment);
        audit
            .metrics
            .audit_records("stored", u64::try_from(records.len()).unwrap_or_default());
        Ok(u64::try_from(text.len()).unwrap_or_default())
    }

    /// What stays for longer is to survive the machine as well.
    fn flush(&mut self, segment: &Path) {
        if self.flushed.insert(segment.to_owned())
            && let Err(error) = File::open(segment).and_then(|file| file.sync_all())
        {
            tracing::warn!(%error, "records that wait could not be flushed to the disk");
        }
    }
}

#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Database(#[from] sqlx::Error),
}

/// All together, or each by itself where one is what the database refuses.
async fn insert(audit: &Audit, records: &[&[u8]]) -> Result<(), Failed> {
    let error = match insert_all(&audit.pool, records).await {
        Ok(()) => return Ok(()),
        Err(error) => error,
    };
    if !is_of_the_data(&error) {
        return Err(error.into());
    }
    for record in records {
        match insert_all(&audit.pool, &[record]).await {
            Ok(()) => {}
            Err(error) if is_of_the_data(&error) => {
                tracing::error!(%error, "a record that the database refuses is lost");
                audit.lose(1, "refused");
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

async fn insert_all(pool: &PgPool, records: &[&[u8]]) -> sqlx::Result<()> {
    let mut list = Vec::with_capacity(records.iter().map(|record| record.len() + 1).sum::<usize>() + 2);
    for (idx, record) in records.iter().enumerate() {
        list.push(if idx == 0 { b'[' } else { b',' });
        list.extend_from_slice(record);
    }
    list.push(b']');
    sqlx::query(INSERT)
        .bind(String::from_utf8_lossy(&list).into_owned())
        .execute(pool)
        .await
        .map(drop)
}

/// Classes 21 to 23 of SQLSTATE: it would be refused again.
fn is_of_the_data(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| ["21", "22", "23"].iter().any(|class| code.starts_with(class)))
}

fn number_of(segment: &Path) -> u64 {
    let name = segment.file_stem().and_then(|name| name.to_str());
    name.and_then(|name| name.parse().ok()).unwrap_or_default()
}
