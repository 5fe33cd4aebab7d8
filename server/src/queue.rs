//! Writes that are accepted now and carried out later: `Prefer: respond-async` (RFC 7240).
//!
//! A caller is told 202 when its write is on disk in PostgreSQL. A worker of any
//! instance carries it out along the path of a live request: parsed, planned, bounded,
//! in the caller's own role and claims, under row-level security. The statement and
//! the note that the job is done are one transaction, so that a crash at any moment
//! leaves both or neither; who holds a job meanwhile is a matter of speed, not of right.
//!
//! The queue is our own rather than a library's because of that one transaction: a
//! library marks its jobs on a connection of its own, after the work, and a crash in
//! between does the work twice. What is left besides is a table and six statements.

mod accept;
pub(crate) mod job;
mod keep;
mod ledger;
mod place;
mod standing;
mod submit;
mod verdict;
mod wish;
mod work;

pub(crate) use job::JobStatus;
pub(crate) use ledger::{Depth, Wanted};
pub(crate) use submit::{Submission, submit};
pub(crate) use wish::{Wish, take as take_wish};
pub(crate) use work::run;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use seawall_policy::retry::Backoff;
use seawall_policy::time::Span;
use tokio::sync::{Notify, mpsc, oneshot, watch};
use uuid::Uuid;

use crate::config::QueueConfig;
use crate::store::Store;
use crate::telemetry::Metrics;
use accept::{Accepted, MOST_WAITING, Waiting};
use job::NewJob;
use ledger::Ledger;
use place::Place;

/// The longest wait between attempts.
const LONGEST_BACKOFF: Span = Span::from_secs(600);

/// How long a write waits for the queue to know where it is; it does from the first moments on.
const PATIENCE: Duration = Duration::from_secs(5);

/// The queue of one instance.
pub(crate) struct Queue {
    ledger: Ledger,
    config: QueueConfig,
    backoff: Backoff,
    metrics: Metrics,
    entrance: mpsc::Sender<Waiting>,
    waiting: Mutex<Option<mpsc::Receiver<Waiting>>>,
    wake: Arc<Notify>,
    place: watch::Sender<Place>,
}

/// What became of a wish to change a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changed {
    /// It was done.
    Done,
    /// There is no such job.
    Unknown,
    /// Its state does not allow it, or it is being carried out this moment.
    NotNow,
}

impl Queue {
    /// The queue, where it is switched on and there is a store.
    pub(crate) fn new(config: &QueueConfig, store: Option<&Store>, metrics: &Metrics) -> Option<Self> {
        let store = store.filter(|_| config.enabled)?;
        // The configuration bounds it, so this only makes the types agree.
        let base = Span::from_millis(u64::try_from(config.backoff.as_millis()).unwrap_or(1_000).max(1));
        let backoff = Backoff::try_new(base.min(LONGEST_BACKOFF), LONGEST_BACKOFF).ok()?;
        let (entrance, waiting) = mpsc::channel(MOST_WAITING);
        metrics.queue_starts_at_zero();
        Some(Self {
            ledger: Ledger::new(store.pool().clone()),
            config: config.clone(),
            backoff,
            metrics: metrics.clone(),
            entrance,
            waiting: Mutex::new(Some(waiting)),
            wake: Arc::new(Notify::new()),
            place: watch::Sender::new(Place::Unknown),
        })
    }

    /// One job.
    pub(crate) async fn find(&self, id: Uuid) -> sqlx::Result<Option<JobStatus>> {
        self.ledger.find(id).await
    }

    /// A page of jobs, the youngest first, without their results.
    pub(crate) async fn list(&self, wanted: &Wanted) -> sqlx::Result<Vec<JobStatus>> {
        self.ledger.list(wanted).await
    }

    /// How many wait, run and lie dead.
    pub(crate) async fn depth(&self) -> sqlx::Result<Depth> {
        self.ledger.depth().await
    }

    /// Cancels a job whose transaction has not begun.
    pub(crate) async fn cancel(&self, id: Uuid) -> sqlx::Result<Changed> {
        let done = self.ledger.cancel(id).await?;
        self.changed(id, done, "canceled").await
    }

    /// Queues a dead or cancelled job again, with all its attempts.
    pub(crate) async fn retry(&self, id: Uuid) -> sqlx::Result<Changed> {
        let done = self.ledger.retry(id).await?;
        self.wake.notify_one();
        self.changed(id, done, "revived").await
    }

    async fn changed(&self, id: Uuid, done: bool, word: &'static str) -> sqlx::Result<Changed> {
        if done {
            self.metrics.job(word);
            return Ok(Changed::Done);
        }
        Ok(match self.ledger.find(id).await? {
            Some(_) => Changed::NotNow,
            None => Changed::Unknown,
        })
    }

    /// Whether writes may be queued at all: not where the store is another database than requests go to.
    pub(crate) fn may_work(&self) -> bool {
        *self.place.borrow() != Place::Elsewhere
    }

    /// Waits until it is known where the queue is.
    async fn is_here(&self) -> bool {
        let mut place = self.place.subscribe();
        let known = place.wait_for(|place| *place != Place::Unknown);
        let known = tokio::time::timeout(PATIENCE, known).await;
        matches!(known, Ok(Ok(place)) if *place == Place::Here)
    }

    /// Waits until the job is on disk or refused.
    async fn add(&self, job: NewJob) -> Accepted {
        if !self.is_here().await {
            return Accepted::Unavailable;
        }
        let (told, hears) = oneshot::channel();
        if self.entrance.try_send(Waiting { job, told }).is_err() {
            return Accepted::Full;
        }
        let outcome = hears.await.unwrap_or(Accepted::Unavailable);
        if matches!(outcome, Accepted::New(_)) {
            self.wake.notify_one();
        }
        outcome
    }

    fn take_entrance(&self) -> Option<mpsc::Receiver<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
