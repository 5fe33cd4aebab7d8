//! How many WebSockets there may be, and what each may do.

use std::time::Duration;

use seawall_policy::limit::Quota;
use seawall_policy::time::Span;

use super::key;
use super::{ConfigError, Source};

const DAY_MS: u64 = 86_400_000;

/// The bounds of WebSockets.
#[derive(Debug, Clone)]
pub struct WebSocketConfig {
    /// Origins that may open one; empty for all.
    pub origins: Vec<String>,
    /// Open at once.
    pub most: usize,
    /// Open at once from one address (a /64 of IPv6).
    pub most_per_address: usize,
    /// Open at once of one user.
    pub most_per_user: usize,
    /// Messages a client may send.
    pub messages: Quota,
    /// Largest message in bytes, either way.
    pub message_limit: usize,
    /// A client's silence after which its socket is closed.
    pub idle_timeout: Duration,
    /// How long a peer may take over one message.
    pub stall_timeout: Duration,
}

impl WebSocketConfig {
    pub(super) fn read(source: &Source, cors_origins: &[String]) -> Result<Self, ConfigError> {
        let own = source.list(&key::WEBSOCKET_ORIGINS)?.unwrap_or_default();
        let rate = source
            .number(&key::WEBSOCKET_MESSAGE_RATE, 1..=1_000_000)?
            .unwrap_or(100);
        let messages = Quota::try_new(rate, Span::from_secs(1)).map_err(|error| {
            ConfigError::new(
                key::WEBSOCKET_MESSAGE_RATE.name,
                "websocket-message-rate",
                error.to_string(),
            )
        })?;
        Ok(Self {
            origins: if own.is_empty() {
                cors_origins.to_vec()
            } else {
                own
            },
            most: source
                .number(&key::WEBSOCKET_MAX, 1..=1_000_000)?
                .unwrap_or(10_000),
            most_per_address: source
                .number(&key::WEBSOCKET_MAX_PER_ADDRESS, 1..=1_000_000)?
                .unwrap_or(100),
            most_per_user: source
                .number(&key::WEBSOCKET_MAX_PER_USER, 1..=1_000_000)?
                .unwrap_or(20),
            messages,
            message_limit: source
                .number(&key::WEBSOCKET_MESSAGE_LIMIT, 1024..=64 << 20)?
                .unwrap_or(1 << 20),
            idle_timeout: source.millis(&key::WEBSOCKET_IDLE_TIMEOUT, 10..=DAY_MS, 60_000)?,
            stall_timeout: source.millis(&key::WEBSOCKET_STALL_TIMEOUT, 10..=DAY_MS, 10_000)?,
        })
    }
}
