//! The queue of writes that are carried out later.

use std::time::Duration;

use super::key;
use super::{ConfigError, Source};

/// How many, how long, how often.
#[derive(Debug, Clone)]
pub struct QueueConfig {
    /// Whether writes may be queued, where there is a store.
    pub enabled: bool,
    /// Jobs that this instance carries out at once; zero where it only accepts.
    pub workers: usize,
    /// Most jobs that wait or run, over all instances.
    pub depth: u32,
    /// How often a job that fails is tried.
    pub attempts: u16,
    /// The longest first wait between attempts; it doubles.
    pub backoff: Duration,
    /// How long a job is its worker's without a sign of life.
    pub lease: Duration,
    /// How long after its caller's token has expired a job may still begin.
    pub token_grace: Duration,
    /// How long a completed or cancelled job is kept.
    pub keep_completed: Duration,
    /// How long a dead letter is kept.
    pub keep_dead: Duration,
    /// Most bytes of an answer that are kept with its job.
    pub result_limit: usize,
}

impl QueueConfig {
    pub(super) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        Ok(Self {
            enabled: source.flag(&key::QUEUE, !postgrest)?,
            workers: source.number(&key::QUEUE_WORKERS, 0..=1000)?.unwrap_or(4),
            depth: source
                .number(&key::QUEUE_DEPTH, 1..=10_000_000)?
                .unwrap_or(10_000),
            attempts: source.number(&key::QUEUE_ATTEMPTS, 1..=100)?.unwrap_or(3),
            backoff: source.millis(&key::QUEUE_BACKOFF, 1..=600_000, 1_000)?,
            lease: source.millis(&key::QUEUE_LEASE, 500..=3_600_000, 30_000)?,
            token_grace: source.seconds(&key::QUEUE_TOKEN_GRACE, 0..=864_000, 3_600)?,
            keep_completed: source.seconds(&key::QUEUE_KEEP_COMPLETED, 1..=8_640_000, 3_600)?,
            keep_dead: source.seconds(&key::QUEUE_KEEP_DEAD, 1..=8_640_000, 86_400)?,
            result_limit: source
                .number(&key::QUEUE_RESULT_LIMIT, 0..=64 << 20)?
                .unwrap_or(1 << 20),
        })
    }
}
