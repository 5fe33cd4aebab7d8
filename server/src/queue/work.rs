//! The workers of one instance: take jobs, carry them out, say what became of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::BodyExt as _;
use seawall_policy::class::Target;
use seawall_policy::rng::SplitMix64;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::job::{Claimed, headers, pairs};
use super::ledger::Ending;
use super::place::{self, Place};
use super::standing::{self, Refused};
use super::verdict::{Failed, Next, after, judged};
use super::{Queue, accept, keep};
use crate::app::{App, Parts};
use crate::breakers::Dependency;
use crate::cache::Touched;
use crate::error::ErrorReport;
use crate::plain_path::plain;
use crate::rest;

/// How long a worker that was not woken waits before it looks by itself.
const POLL: Duration = Duration::from_millis(500);

/// Leases this instance holds, with the jobs under way of each.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Uuid, usize>>);

impl Leases {
    pub(super) fn held(&self) -> Vec<Uuid> {
        self.lock().keys().copied().collect()
    }

    fn take(&self, lease: Uuid, jobs: usize) {
        self.lock().insert(lease, jobs);
    }

    fn ended(&self, lease: Uuid) {
        let mut leases = self.lock();
        if let Some(jobs) = leases.get_mut(&lease) {
            *jobs = jobs.saturating_sub(1);
            if *jobs == 0 {
                leases.remove(&lease);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Accepts and carries out as long as the server runs; then finishes what is under way.
pub(crate) async fn run(app: App, mut stopped: watch::Receiver<bool>) {
    let Some(queue) = &app.queue else { return };
    if let Some(entrance) = queue.take_entrance() {
        // Requests under way may still queue something while the server drains; it ends with the last sender.
        tokio::spawn(accept::run(queue.ledger.clone(), queue.config.depth, entrance));
    }
    if !is_where_it_must_be(&app, queue, &mut stopped).await {
        return stop(&mut stopped).await;
    }
    let leases = Arc::new(Leases::default());
    let mut tasks = JoinSet::new();
    tasks.spawn(keep::keep_forever(app.clone(), Arc::clone(&leases)));
    tasks.spawn(keep::listen_forever(app.clone()));
    if queue.config.workers > 0 && let_end_jobs(&app, queue, &mut stopped).await {
        carry_out_all(&app, queue, &leases, &mut stopped).await;
    }
    stop(&mut stopped).await;
    tasks.shutdown().await;
}

fn is_stopped(stopped: &watch::Receiver<bool>) -> bool {
    *stopped.borrow()
}

/// Ends when the server is told to stop; where nobody can tell it any more, never.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    if stopped.wait_for(|stopped| *stopped).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Asks until both databases have answered; false when the queue cannot work, or the server stops first.
async fn is_where_it_must_be(app: &Parts, queue: &Queue, stopped: &mut watch::Receiver<bool>) -> bool {
    let mut wait = Duration::from_millis(50);
    while !is_stopped(stopped) {
        match place::find(app, queue).await {
            Ok(Place::Unknown) => {}
            Ok(place) => {
                queue.place.send_replace(place);
                if place == Place::Elsewhere {
                    tracing::error!(
                        "the write queue is off, and writes are carried out at once: store-database-url is another \
                         database than requests go to, and a job and its effect must be one transaction"
                    );
                }
                return place == Place::Here;
            }
            Err(cause) => tracing::debug!(cause, "the queue does not know yet where it is"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(5)),
            () = stop(stopped) => {}
        }
    }
    false
}

/// The login role gets its grants from the store's; false when the server stops first.
async fn let_end_jobs(app: &Parts, queue: &Queue, stopped: &mut watch::Receiver<bool>) -> bool {
    let mut wait = Duration::from_millis(200);
    while !is_stopped(stopped) {
        let granted = match rest::login_role(app).await {
            Ok(login) => queue
                .ledger
                .let_end_jobs(&login)
                .await
                .map_err(|error| error.to_string()),
            Err(cause) => Err(cause),
        };
        match granted {
            Ok(()) => return true,
            Err(cause) => tracing::warn!(cause, "the queue cannot work yet: its grants are missing"),
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(Duration::from_secs(15)),
            () = stop(stopped) => {}
        }
    }
    false
}

async fn carry_out_all(app: &App, queue: &Queue, leases: &Arc<Leases>, stopped: &mut watch::Receiver<bool>) {
    let worker = format!("{}/{}", std::process::id(), Uuid::new_v4());
    let most = queue.config.workers;
    let places = Arc::new(tokio::sync::Semaphore::new(most));
    let mut under_way: JoinSet<()> = JoinSet::new();
    while !is_stopped(stopped) {
        // One more load than is carried out waits here, so that no worker waits for the table.
        let free = (2 * most).saturating_sub(under_way.len());
        let claimed = claim(app, queue, free, &worker).await;
        let got = claimed.jobs.len();
        if got > 0 {
            leases.take(claimed.lease, got);
        }
        for job in claimed.jobs {
            let (app, places, leases) = (app.clone(), Arc::clone(&places), Arc::clone(leases));
            let lease = claimed.lease;
            under_way.spawn(async move {
                if let Ok(_place) = places.acquire().await {
                    carry_out(&app, &job, lease).await;
                }
                leases.ended(lease);
            });
        }
        let hungry = free > 0 && got == free;
        tokio::select! {
            Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
            () = queue.wake.notified(), if free > 0 && !hungry => {}
            () = tokio::time::sleep(POLL) => {}
            () = stop(stopped) => {}
        }
        while under_way.try_join_next().is_some() {}
    }
    drain(app, queue, leases, &places, under_way).await;
}

/// Finishes what has begun and gives the rest back.
async fn drain(
    app: &Parts,
    queue: &Queue,
    leases: &Leases,
    places: &tokio::sync::Semaphore,
    mut under_way: JoinSet<()>,
) {
    let held = leases.held();
    places.close();
    let finished = async { while under_way.join_next().await.is_some() {} };
    if tokio::time::timeout(app.config.server.drain_timeout, finished)
        .await
        .is_err()
    {
        under_way.shutdown().await;
    }
    // Whatever is locked is still ending by itself, and is skipped.
    if let Err(error) = queue.ledger.release(&held).await {
        tracing::warn!(%error, "jobs could not be given back; others take them when their leases end");
    }
}

struct Claims {
    lease: Uuid,
    jobs: Vec<Claimed>,
}

async fn claim(app: &Parts, queue: &Queue, most: usize, worker: &str) -> Claims {
    let lease = Uuid::new_v4();
    let spared = app.breakers.of(Dependency::Postgres).is_open() || !app.rest.is_loaded();
    if most == 0 || spared {
        return Claims {
            lease,
            jobs: Vec::new(),
        };
    }
    let claimed = queue.ledger.claim(most, lease, queue.config.lease, worker).await;
    let jobs = claimed.unwrap_or_else(|error| {
        tracing::warn!(%error, "no jobs could be taken");
        Vec::new()
    });
    Claims { lease, jobs }
}

/// One attempt, from the claim to what became of it.
async fn carry_out(app: &App, job: &Claimed, lease: Uuid) {
    let Some(queue) = &app.queue else { return };
    let started = std::time::Instant::now();
    let answer = match standing::refusal(app, queue, job).await {
        Some(refused) => Answer::refused(refused),
        None => attempt(app, queue, job, lease).await,
    };
    queue.metrics.job_attempt(started.elapsed());
    if answer.status < 400 {
        // The job was completed in the very transaction.
        queue.metrics.job("completed");
        let waited = time::OffsetDateTime::now_utc() - job.created_at;
        queue.metrics.job_took(waited.as_seconds_f64().max(0.0));
        return;
    }
    if let Err(error) = conclude(queue, job, lease, &answer).await {
        tracing::warn!(%error, job = %job.id, "what became of a job could not be written down; its lease will end");
    }
}

/// How an attempt was answered.
struct Answer {
    status: u16,
    code: String,
    headers: Value,
    body: bytes::Bytes,
}

impl Answer {
    fn refused(
        Refused {
            status,
            code,
            message,
        }: Refused,
    ) -> Self {
        let body = json!({"code": code, "message": message, "details": null, "hint": null});
        Self {
            status,
            code: code.to_owned(),
            headers: json!([["content-type", "application/json; charset=utf-8"]]),
            body: body.to_string().into(),
        }
    }

    fn failed(code: &'static str, status: u16) -> Self {
        let message = "the job was not carried out";
        Self::refused(Refused {
            status,
            code,
            message,
        })
    }
}

async fn attempt(app: &App, queue: &Queue, job: &Claimed, lease: Uuid) -> Answer {
    let ticket = match app.breakers.of(Dependency::Postgres).admit() {
        Ok(ticket) => ticket,
        Err(_) => return Answer::failed("SEAWALL_CIRCUIT_OPEN", 503),
    };
    let limit = app.config.server.request_timeout;
    let sealed = rest::JobSeal {
        job: job.id,
        lease,
        result_limit: queue.config.result_limit,
    };
    let answered = tokio::time::timeout(limit, rest::carry_out(app, job, sealed)).await;
    // Whatever became of it, what it may have changed is not given from memory any more.
    let response = answered.as_ref().ok();
    let touched = response.and_then(|response| response.extensions().get::<Touched>().cloned());
    forget(app, job, touched).await;
    let Ok(response) = answered else {
        return Answer::failed("SEAWALL_DEADLINE", 504);
    };
    let status = response.status().as_u16();
    let code = response
        .extensions()
        .get::<Arc<ErrorReport>>()
        .map(|report| report.code.clone())
        .unwrap_or_default();
    ticket.settle(&judged(status, &code));
    let headers = pairs(response.headers());
    let body = response
        .into_body()
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes);
    Answer {
        status,
        code,
        headers,
        body: body.unwrap_or_default(),
    }
}

/// Throws away the kept answers that the job may have made untrue.
async fn forget(app: &Parts, job: &Claimed, touched: Option<Touched>) {
    let Some(cache) = &app.cache else { return };
    let touched = touched.unwrap_or_else(|| {
        let path = plain(job.target.split('?').next().unwrap_or_default());
        let target = Target::of(&job.method, &path);
        cache.may_have_written(
            app.rest.graph().as_deref(),
            &headers(&job.headers),
            target.endpoint,
        )
    });
    let now_ms = app.clock.unix().as_millis();
    let by = touched.transaction.as_ref();
    cache
        .invalidate(&cache.written(&touched), by, &app.bus, now_ms)
        .await;
}

async fn conclude(queue: &Queue, job: &Claimed, lease: Uuid, answer: &Answer) -> sqlx::Result<()> {
    let ledger = &queue.ledger;
    let failed = Failed {
        status: answer.status,
        code: &answer.code,
        attempts: u16::try_from(job.attempts).unwrap_or(1),
    };
    let next = after(
        failed,
        queue.config.attempts,
        &queue.backoff,
        &mut SplitMix64::new(seed()),
    );
    let (ours, word) = match next {
        Next::Leave => (true, "lost"),
        Next::Retry(wait) => (
            ledger.put_back(job.id, lease, wait, true, &answer.code).await?,
            "retried",
        ),
        Next::PutOff(wait) => (
            ledger.put_back(job.id, lease, wait, false, &answer.code).await?,
            "put_off",
        ),
        Next::Bury => (bury(queue, job, lease, answer).await?, "dead"),
    };
    // Not ours any more: its transaction committed though nobody could tell us, or it was cancelled.
    queue.metrics.job(if ours { word } else { "lost" });
    let request_id = job.request_id.as_deref().unwrap_or_default();
    tracing::info!(
        job = %job.id, request_id, status = answer.status, code = answer.code, attempts = job.attempts, outcome = word,
        "a job's attempt failed"
    );
    Ok(())
}

async fn bury(queue: &Queue, job: &Claimed, lease: Uuid, answer: &Answer) -> sqlx::Result<bool> {
    let omitted = answer.body.len() > queue.config.result_limit;
    let ending = Ending {
        status: answer.status,
        code: &answer.code,
        headers: answer.headers.clone(),
        body: if omitted { b"" } else { &answer.body },
        omitted,
    };
    queue.ledger.bury(job.id, lease, &ending).await
}

fn seed() -> u64 {
    Uuid::new_v4().as_u64_pair().0
}
