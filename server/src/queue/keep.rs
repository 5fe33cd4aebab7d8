//! The queue's housekeeping: signs of life, recovery, forgetting, figures, being woken.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgListener;

use super::Queue;
use super::ledger::CHANNEL;
use super::work::Leases;
use crate::app::{App, Parts};

/// Never busier than this, however short the lease.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// How often what was kept long enough is forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(10);

/// Says that this instance is alive and looks after jobs whose instance is not.
pub(super) async fn keep_forever(app: App, leases: Arc<Leases>) {
    let Some(queue) = &app.queue else { return };
    let pause = (queue.config.lease / 3).max(SHORTEST_PAUSE);
    let mut purged = std::time::Instant::now();
    loop {
        if let Err(error) = keep(queue, &leases).await {
            tracing::debug!(%error, "the queue could not be looked after");
        }
        if purged.elapsed() >= PURGE_EVERY.min(queue.config.keep_completed) {
            purged = std::time::Instant::now();
            let kept = (queue.config.keep_completed, queue.config.keep_dead);
            if let Err(error) = queue.ledger.purge(kept.0, kept.1).await {
                tracing::debug!(%error, "old jobs could not be forgotten");
            }
        }
        tokio::time::sleep(pause.min(Duration::from_secs(5))).await;
    }
}

async fn keep(queue: &Queue, leases: &Leases) -> sqlx::Result<()> {
    let held = leases.held();
    if !held.is_empty() {
        queue.ledger.beat(&held, queue.config.lease).await?;
    }
    let (recovered, buried) = queue.ledger.recover().await?;
    if recovered > 0 {
        queue.metrics.jobs("stalled", recovered);
        queue.metrics.jobs("dead", buried);
        tracing::warn!(
            recovered,
            buried,
            "jobs of a worker that gave no sign of life are queued again"
        );
        queue.wake.notify_one();
    }
    let depth = queue.ledger.depth().await?;
    queue.metrics.queue_depth(&depth);
    Ok(())
}

/// Wakes workers when a job comes on any instance; polling finds what is missed.
pub(super) async fn listen_forever(app: App) {
    loop {
        if let Err(error) = listen(&app).await {
            tracing::debug!(%error, "the queue is not woken; it looks by itself");
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn listen(app: &Parts) -> sqlx::Result<()> {
    let Some(queue) = &app.queue else { return Ok(()) };
    let mut ear = PgListener::connect_with(queue.ledger.pool()).await?;
    ear.listen(CHANNEL).await?;
    queue.wake.notify_one();
    while ear.try_recv().await?.is_some() {
        queue.wake.notify_one();
    }
    Ok(())
}
