//! Taking jobs in: many callers, one statement.
//!
//! A caller is told only when its job is on disk, and a flush to disk costs
//! milliseconds. So whoever comes while one is under way goes with the next, in one
//! transaction, which also holds all instances to the common depth exactly.

use std::collections::HashMap;

use sqlx::types::Json;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::job::{NewJob, pairs};
use super::ledger::{CHANNEL, Ledger};
use crate::auth::Digest;

/// Callers that wait at once; more are told to come back.
pub(super) const MOST_WAITING: usize = 2_048;

/// Jobs and bytes of one statement.
const MOST_TOGETHER: usize = 500;
const MOST_BYTES: usize = 4 << 20;

/// One server at a time counts and adds.
const DEPTH_LOCK: i64 = 0x5ea_0b5;

/// What became of a job that wanted to be queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// It will be carried out.
    New(Uuid),
    /// It was already, under this id.
    Already(Uuid),
    /// Its key was used for another request.
    OtherRequest,
    /// There are too many.
    Full,
    /// The database could not be asked.
    Unavailable,
}

/// A job and who waits to hear of it.
pub(super) struct Waiting {
    pub(super) job: NewJob,
    pub(super) told: oneshot::Sender<Accepted>,
}

/// Takes jobs in as long as somebody can send any.
pub(super) async fn run(ledger: Ledger, depth: u32, mut waiting: mpsc::Receiver<Waiting>) {
    let mut together = Vec::new();
    while let Some(first) = waiting.recv().await {
        let mut bytes = first.job.request.body.len();
        together.push(first);
        while together.len() < MOST_TOGETHER && bytes < MOST_BYTES {
            let Ok(next) = waiting.try_recv() else { break };
            bytes += next.job.request.body.len();
            together.push(next);
        }
        // Who has gone away meanwhile is not worth a job: he was told nothing.
        together.retain(|waiting| !waiting.told.is_closed());
        let jobs: Vec<&NewJob> = together.iter().map(|waiting| &waiting.job).collect();
        let outcomes = add_all(&ledger, depth, &jobs).await;
        for (waiting, outcome) in together.drain(..).zip(outcomes) {
            let _gone = waiting.told.send(outcome);
        }
    }
}

/// All together, or each by itself where one of them is what the database refuses.
async fn add_all(ledger: &Ledger, depth: u32, jobs: &[&NewJob]) -> Vec<Accepted> {
    let error = match add(ledger, depth, jobs).await {
        Ok(outcomes) => return outcomes,
        Err(error) => error,
    };
    tracing::error!(%error, jobs = jobs.len(), "jobs could not be queued");
    if jobs.len() < 2 || error.as_database_error().is_none() {
        return vec![Accepted::Unavailable; jobs.len()];
    }
    let mut outcomes = Vec::with_capacity(jobs.len());
    for job in jobs {
        let outcome = add(ledger, depth, &[job]).await;
        outcomes.push(
            outcome
                .ok()
                .and_then(|told| told.first().copied())
                .unwrap_or(Accepted::Unavailable),
        );
    }
    outcomes
}

async fn add(ledger: &Ledger, depth: u32, jobs: &[&NewJob]) -> sqlx::Result<Vec<Accepted>> {
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let mut transaction = ledger.pool().begin().await?;
    sqlx::query("select pg_advisory_xact_lock($1)")
        .bind(DEPTH_LOCK)
        .execute(&mut *transaction)
        .await?;
    let inserted = insert(&mut transaction, depth, jobs).await?;
    let known = if inserted.len() < jobs.len() {
        known(&mut transaction, jobs).await?
    } else {
        HashMap::new()
    };
    if !inserted.is_empty() {
        sqlx::query("select pg_notify($1, '')")
            .bind(CHANNEL)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(jobs.iter().map(|job| outcome(job, &inserted, &known)).collect())
}

/// Jobs by owner and key.
type Known = HashMap<(String, String), (Uuid, Vec<u8>)>;

fn outcome(job: &NewJob, inserted: &[Uuid], known: &Known) -> Accepted {
    if inserted.contains(&job.id) {
        return Accepted::New(job.id);
    }
    let Some(key) = &job.idempotency_key else {
        return Accepted::Full;
    };
    match known.get(&(job.owner.clone(), key.clone())) {
        Some((id, fingerprint)) if *fingerprint == job.fingerprint => Accepted::Already(*id),
        Some(_) => Accepted::OtherRequest,
        None => Accepted::Full,
    }
}

async fn insert(
    transaction: &mut sqlx::PgTransaction<'_>,
    depth: u32,
    jobs: &[&NewJob],
) -> sqlx::Result<Vec<Uuid>> {
    fn column<'a, T>(jobs: &[&'a NewJob], of: impl Fn(&'a NewJob) -> T) -> Vec<T> {
        jobs.iter().map(|job| of(job)).collect()
    }
    sqlx::query_scalar(
        "with room as (
           select greatest($1 - count(*), 0) as places from seawall.jobs where state in ('queued', 'running')
         ), new as (
           select * from unnest(
             $2::uuid[], $3::smallint[], $4::float8[], $5::text[], $6::text[], $7::jsonb[], $8::boolean[], $9::text[],
             $10::text[], $11::text[], $12::jsonb[], $13::bytea[], $14::text[], $15::bytea[], $16::text[],
             $17::bytea[], $18::text[]
           ) with ordinality as new (
             id, priority, handicap, owner, role, claims, authenticated, mount, method, target, headers, body,
             idempotency_key, fingerprint, request_id, token, organisation, number
           )
         )
         insert into seawall.jobs (
           id, priority, place, owner, role, claims, authenticated, mount, method, target, headers, body,
           idempotency_key, fingerprint, request_id, token, organisation
         )
         select id, priority, clock_timestamp() + handicap * interval '1 second', owner, role, claims, authenticated,
           mount, method, target, headers, body, idempotency_key, fingerprint, request_id, token, organisation
         from new, room where number <= places order by number
         on conflict (owner, idempotency_key) where idempotency_key is not null do nothing
         returning id",
    )
    .bind(i64::from(depth))
    .bind(column(jobs, |job| job.id))
    .bind(column(jobs, |job| job.priority as i16))
    .bind(column(jobs, |job| seconds(job.priority.handicap())))
    .bind(column(jobs, |job| job.owner.as_str()))
    .bind(column(jobs, |job| &*job.identity.role))
    .bind(column(jobs, |job| Json(&*job.identity.claims)))
    .bind(column(jobs, |job| job.identity.authenticated))
    .bind(column(jobs, |job| job.request.mount.as_str()))
    .bind(column(jobs, |job| job.request.method.as_str()))
    .bind(column(jobs, |job| job.request.target.as_str()))
    .bind(column(jobs, |job| Json(pairs(&job.request.headers))))
    .bind(column(jobs, |job| &*job.request.body))
    .bind(column(jobs, |job| job.idempotency_key.as_deref()))
    .bind(column(jobs, |job| job.fingerprint.as_slice()))
    .bind(column(jobs, |job| job.request_id.as_deref()))
    .bind(column(jobs, |job| job.token.as_ref().map(Digest::as_bytes)))
    .bind(column(jobs, |job| job.identity.organisation.as_deref()))
    .fetch_all(&mut **transaction)
    .await
}

async fn known(transaction: &mut sqlx::PgTransaction<'_>, jobs: &[&NewJob]) -> sqlx::Result<Known> {
    let keyed = || {
        jobs.iter()
            .filter_map(|job| Some((job.owner.as_str(), job.idempotency_key.as_deref()?)))
    };
    let (owners, keys): (Vec<&str>, Vec<&str>) = keyed().unzip();
    let rows: Vec<(String, String, Uuid, Vec<u8>)> = sqlx::query_as(
        "select job.owner, job.idempotency_key, job.id, job.fingerprint from seawall.jobs job
         join unnest($1::text[], $2::text[]) as asked (owner, key)
           on job.owner = asked.owner and job.idempotency_key = asked.key",
    )
    .bind(owners)
    .bind(keys)
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows
        .into_iter()
        .map(|(owner, key, id, fingerprint)| ((owner, key), (id, fingerprint)))
        .collect())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "handicaps are a few seconds, far below 2^52 milliseconds"
)]
fn seconds(span: seawall_policy::time::Span) -> f64 {
    span.as_millis() as f64 / 1e3
}
