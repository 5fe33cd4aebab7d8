//! Logging.

use tracing::Level;

use super::key;
use super::{ConfigError, Source};

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, Copy)]
pub struct LogConfig {
    /// The least severe events that are logged.
    pub level: Level,
    /// The form of a line.
    pub format: LogFormat,
}

impl LogConfig {
    pub(super) fn read(source: &Source) -> Result<Self, ConfigError> {
        Ok(Self {
            level: source.choice(&key::LOG_LEVEL, LEVELS, Level::INFO)?,
            format: source.choice(
                &key::LOG_FORMAT,
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
                LogFormat::Text,
            )?,
        })
    }
}

/// PostgREST's words, which have one above `error`.
const LEVELS: &[(&str, Level)] = &[
    ("crit", Level::ERROR),
    ("error", Level::ERROR),
    ("warn", Level::WARN),
    ("info", Level::INFO),
    ("debug", Level::DEBUG),
    ("trace", Level::TRACE),
];
