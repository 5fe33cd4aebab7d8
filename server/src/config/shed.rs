//! How many requests are worked on at once, how many wait, and for how long.

use std::time::Duration;

use seawall_policy::limit::InflightConfig;

use super::key;
use super::{ConfigError, Source};

/// The bounds of adaptive concurrency and of the queue before it.
#[derive(Debug, Clone, Copy)]
pub struct ShedConfig {
    /// Most and least at once, and most that wait.
    pub bounds: InflightConfig,
    /// How long one waits.
    pub timeout: Duration,
}

impl ShedConfig {
    /// By default twice the pool is let through at most, so that the pool is always busy and its own queue,
    /// which knows no tiers, short.
    pub(super) fn read(source: &Source, pool: usize, postgrest: bool) -> Result<Self, ConfigError> {
        let pool = u32::try_from(pool).unwrap_or(u32::MAX);
        let most = if postgrest {
            0
        } else {
            pool.saturating_mul(2).max(8)
        };
        let max = source.number(&key::ADAPTIVE_MAX, 0..=1_000_000)?.unwrap_or(most);
        Ok(Self {
            bounds: InflightConfig {
                min: source
                    .number(&key::ADAPTIVE_MIN, 1..=1_000_000)?
                    .unwrap_or(pool.div_ceil(4).max(2)),
                max,
                max_queue: source.number(&key::LINE_DEPTH, 0..=1_000_000)?.unwrap_or(1_000),
            },
            timeout: source.millis(&key::LINE_TIMEOUT, 1..=600_000, 5_000)?,
        })
    }
}
