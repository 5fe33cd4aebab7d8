//! The table of jobs: every statement the queue makes, and no decision.
//!
//! Whoever moves a job that somebody may be carrying out asks for its lock and skips
//! it where that is held: a transaction under way holds it from `job_begin` on, so no
//! job is taken from under the statement that does its work. Times are the database's,
//! so that servers whose clocks differ agree on leases.

use std::time::Duration;

use serde_json::Value;
use sqlx::PgPool;
use sqlx::types::Json;
use uuid::Uuid;

use super::job::{Claimed, JobStatus};

/// The channel that wakes workers.
pub(super) const CHANNEL: &str = "seawall_jobs";

/// A worker that loses a job so often by dying will die of it again.
const MOST_STALLS: i16 = 16;

/// The table.
#[derive(Debug, Clone)]
pub(crate) struct Ledger {
    pool: PgPool,
}

/// Numbers of live jobs.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Depth {
    /// Jobs that wait.
    pub(crate) queued: i64,
    /// Jobs that are carried out.
    pub(crate) running: i64,
    /// Dead letters that are kept.
    pub(crate) dead: i64,
    /// Seconds since the oldest waiting one came.
    pub(crate) oldest_s: f64,
}

/// How an attempt ended that did not complete the job.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) status: u16,
    pub(super) code: &'a str,
    pub(super) headers: Value,
    pub(super) body: &'a [u8],
    pub(super) omitted: bool,
}

/// Which jobs a list holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    /// Only in this state.
    pub(crate) state: Option<String>,
    /// Only jobs made before this one.
    pub(crate) before: Option<Uuid>,
    /// At most so many.
    pub(crate) limit: u32,
}

impl Ledger {
    pub(super) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Asks the database which it is.
    pub(super) async fn which(&self, question: &'static str) -> sqlx::Result<String> {
        sqlx::query_scalar(question).fetch_one(&self.pool).await
    }

    /// Lets the role that requests log in as end jobs.
    pub(super) async fn let_end_jobs(&self, login: &str) -> sqlx::Result<()> {
        sqlx::query("select seawall.let_end_jobs($1)")
            .bind(login)
            .execute(&self.pool)
            .await
            .map(drop)
    }

    /// Takes up to so many jobs whose time has come.
    pub(super) async fn claim(
        &self,
        most: usize,
        lease: Uuid,
        span: Duration,
        worker: &str,
    ) -> sqlx::Result<Vec<Claimed>> {
        let mut jobs: Vec<Claimed> = sqlx::query_as(
            "with next as (
               select id from seawall.jobs where state = 'queued' and run_at <= now()
               order by place limit $1 for update skip locked
             )
             update seawall.jobs job set
               state = 'running', lease = $2, lease_until = now() + $3 * interval '1 millisecond', worker = $4,
               started_at = now(), attempts = attempts + 1
             from next where job.id = next.id
             returning job.id, attempts, role, claims, authenticated, organisation, token, mount, method, target, headers,
               body, request_id, created_at, place",
        )
        .bind(i64::try_from(most).unwrap_or(i64::MAX))
        .bind(lease)
        .bind(millis(span))
        .bind(worker)
        .fetch_all(&self.pool)
        .await?;
        jobs.sort_by_key(|job| job.place);
        Ok(jobs)
    }

    /// A sign of life for every job of these leases.
    pub(super) async fn beat(&self, leases: &[Uuid], span: Duration) -> sqlx::Result<()> {
        sqlx::query(
            "update seawall.jobs set lease_until = now() + $2 * interval '1 millisecond'
             where id in (
               select id from seawall.jobs where lease = any($1) and state = 'running' for no key update skip locked
             )",
        )
        .bind(leases)
        .bind(millis(span))
        .execute(&self.pool)
        .await
        .map(drop)
    }

    /// Gives jobs without a sign of life back; says how many, and how many of them were buried.
    pub(super) async fn recover(&self) -> sqlx::Result<(u64, u64)> {
        let states: Vec<String> = sqlx::query_scalar(
            "update seawall.jobs set
               state = case when stalls + 1 >= $1 then 'dead' else 'queued' end,
               finished_at = case when stalls + 1 >= $1 then now() end,
               status = case when stalls + 1 >= $1 then 500 end,
               result_code = case when stalls + 1 >= $1 then 'SEAWALL_JOB_STALLED' end,
               stalls = stalls + 1, attempts = greatest(attempts - 1, 0), lease = null, lease_until = null
             where id in (
               select id from seawall.jobs where state = 'running' and lease_until < now() for update skip locked
             )
             returning state",
        )
        .bind(MOST_STALLS)
        .fetch_all(&self.pool)
        .await?;
        let buried = states.iter().filter(|state| *state == "dead").count();
        Ok((count(states.len()), count(buried)))
    }

    /// Puts a job back that failed or was not begun; says whether it was still ours.
    pub(super) async fn put_back(
        &self,
        id: Uuid,
        lease: Uuid,
        wait: Duration,
        counted: bool,
        code: &str,
    ) -> sqlx::Result<bool> {
        sqlx::query(
            "update seawall.jobs set
               state = 'queued', run_at = now() + $3 * interval '1 millisecond', lease = null, lease_until = null,
               attempts = case when $4 then attempts else greatest(attempts - 1, 0) end, result_code = $5
             where id = (
               select id from seawall.jobs where id = $1 and lease = $2 and state = 'running' for update skip locked
             )",
        )
        .bind(id)
        .bind(lease)
        .bind(millis(wait))
        .bind(counted)
        .bind(code)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() > 0)
    }

    /// Gives back whatever is still held under these leases and has not begun.
    pub(super) async fn release(&self, leases: &[Uuid]) -> sqlx::Result<u64> {
        sqlx::query(
            "update seawall.jobs set
               state = 'queued', lease = null, lease_until = null, attempts = greatest(attempts - 1, 0)
             where id in (
               select id from seawall.jobs where lease = any($1) and state = 'running' for update skip locked
             )",
        )
        .bind(leases)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
    }

    /// Makes a dead letter of a job, with the answer that ended it; says whether it was still ours.
    pub(super) async fn bury(&self, id: Uuid, lease: Uuid, ending: &Ending<'_>) -> sqlx::Result<bool> {
        sqlx::query(
            "update seawall.jobs set
               state = 'dead', finished_at = now(), lease = null, lease_until = null, status = $3, result_code = $4,
               result_headers = $5, result_body = $6, result_omitted = $7
             where id = (
               select id from seawall.jobs where id = $1 and lease = $2 and state = 'running' for update skip locked
             )",
        )
        .bind(id)
        .bind(lease)
        .bind(i16::try_from(ending.status).unwrap_or(500))
        .bind(ending.code)
        .bind(Json(&ending.headers))
        .bind(ending.body)
        .bind(ending.omitted)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() > 0)
    }

    /// Cancels a job that has not begun; says whether it did.
    pub(super) async fn cancel(&self, id: Uuid) -> sqlx::Result<bool> {
        sqlx::query(
            "update seawall.jobs set
               state = 'canceled', finished_at = now(), lease = null, lease_until = null
             where id = (
               select id from seawall.jobs where id = $1 and state in ('queued', 'running') for update skip locked
             )",
        )
        .bind(id)
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected() > 0)
    }

    /// Queues a dead or cancelled job again, with all its attempts; says whether it did.
    pub(super) async fn retry(&self, id: Uuid) -> sqlx::Result<bool> {
        let revived = sqlx::query(
            "update seawall.jobs set
               state = 'queued', run_at = now(), finished_at = null, attempts = 0, stalls = 0, status = null,
               result_code = null, result_headers = null, result_body = null, result_omitted = false
             where id = (
               select id from seawall.jobs where id = $1 and state in ('dead', 'canceled') for update skip locked
             )",
        )
        .bind(id)
        .execute(&self.pool)
        .await?
        .rows_affected()
            > 0;
        if revived {
            sqlx::query("select pg_notify($1, '')")
                .bind(CHANNEL)
                .execute(&self.pool)
                .await?;
        }
        Ok(revived)
    }

    /// One job.
    pub(super) async fn find(&self, id: Uuid) -> sqlx::Result<Option<JobStatus>> {
        sqlx::query_as(
            "select id, state, owner, priority, attempts, stalls, method, target, created_at, run_at, started_at,
               finished_at, status, result_code, result_headers, result_body, result_omitted
             from seawall.jobs where id = $1",
        )
        .bind(id)
        .fetch_optional(&self.pool)
        .await
    }

    /// A page of jobs, the youngest first, without their results.
    pub(super) async fn list(&self, wanted: &Wanted) -> sqlx::Result<Vec<JobStatus>> {
        sqlx::query_as(
            "select id, state, owner, priority, attempts, stalls, method, target, created_at, run_at, started_at,
               finished_at, status, result_code, null::jsonb as result_headers, null::bytea as result_body,
               result_omitted
             from seawall.jobs
             where ($1::text is null or state = $1)
               and ($2::uuid is null
                 or (created_at, id) < (select created_at, id from seawall.jobs where id = $2))
             order by created_at desc, id desc limit $3",
        )
        .bind(wanted.state.as_deref())
        .bind(wanted.before)
        .bind(i64::from(wanted.limit.clamp(1, 1000)))
        .fetch_all(&self.pool)
        .await
    }

    /// How many wait, run and lie dead.
    pub(super) async fn depth(&self) -> sqlx::Result<Depth> {
        let (queued, running, dead, oldest_s): (i64, i64, i64, f64) = sqlx::query_as(
            "select count(*) filter (where state = 'queued'), count(*) filter (where state = 'running'),
               (select count(*) from seawall.jobs where state = 'dead'),
               coalesce(extract(epoch from now() - min(created_at) filter (where state = 'queued')), 0)::float8
             from seawall.jobs where state in ('queued', 'running')",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(Depth {
            queued,
            running,
            dead,
            oldest_s,
        })
    }

    /// Forgets what was kept long enough.
    pub(super) async fn purge(&self, completed: Duration, dead: Duration) -> sqlx::Result<u64> {
        sqlx::query(
            "delete from seawall.jobs where id in (
               select id from seawall.jobs
               where (state in ('completed', 'canceled') and finished_at < now() - $1 * interval '1 millisecond')
                 or (state = 'dead' and finished_at < now() - $2 * interval '1 millisecond')
               limit 5000 for update skip locked
             )",
        )
        .bind(millis(completed))
        .bind(millis(dead))
        .execute(&self.pool)
        .await
        .map(|done| done.rows_affected())
    }
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
