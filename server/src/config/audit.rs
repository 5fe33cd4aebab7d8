//! The audit: what is recorded, where it waits, what is left out.

use std::path::PathBuf;
use std::time::Duration;

use super::key;
use super::{ConfigError, Source};

/// How much of an address is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addresses {
    /// All of it.
    Full,
    /// Its network: the first three numbers, or the first 48 bits of IPv6.
    Network,
    /// Nothing.
    None,
}

/// What is recorded of requests.
#[derive(Debug, Clone)]
pub struct AuditConfig {
    /// Whether requests are recorded, where there is a store.
    pub enabled: bool,
    /// Folder of records that are not in the database yet.
    pub dir: PathBuf,
    /// Most bytes that wait there.
    pub spill_limit: u64,
    /// Paths, and all below them, that are not recorded.
    pub excluded: Vec<String>,
    /// Whether bodies of writes are recorded, without what is personal or secret.
    pub bodies: bool,
    /// How much of the caller's address is kept.
    pub addresses: Addresses,
    /// Further names whose values are never kept.
    pub redacted: Vec<String>,
    /// How long an answer waits for its record.
    pub wait: Duration,
    /// Requests of one caller in a minute that are unusual.
    pub volume: u32,
}

/// What is open to everyone and says nothing about anybody.
const EXCLUDED: [&str; 9] = [
    "/health",
    "/live",
    "/ready",
    "/metrics",
    "/policy",
    "/docs",
    "/openapi.json",
    "/ingest",
    "/assets",
];

impl AuditConfig {
    pub(super) fn read(source: &Source, postgrest: bool) -> Result<Self, ConfigError> {
        let choices = [
            ("full", Addresses::Full),
            ("network", Addresses::Network),
            ("none", Addresses::None),
        ];
        Ok(Self {
            enabled: source.flag(&key::AUDIT, !postgrest)?,
            dir: source
                .text(&key::AUDIT_DIR)?
                .map_or_else(|| std::env::temp_dir().join("seawall-audit"), PathBuf::from),
            spill_limit: source
                .number(&key::AUDIT_SPILL_LIMIT, 1 << 16..=1 << 40)?
                .unwrap_or(256 << 20),
            excluded: source
                .list(&key::AUDIT_EXCLUDED)?
                .unwrap_or_else(|| EXCLUDED.map(str::to_owned).to_vec()),
            bodies: source.flag(&key::AUDIT_BODIES, false)?,
            addresses: source.choice(&key::AUDIT_ADDRESSES, &choices, Addresses::Full)?,
            redacted: source.list(&key::AUDIT_REDACTED)?.unwrap_or_default(),
            wait: source.millis(&key::AUDIT_WAIT, 1..=60_000, 100)?,
            volume: source
                .number(&key::AUDIT_VOLUME, 10..=100_000_000)?
                .unwrap_or(3_000),
        })
    }

    /// Whether requests for a path are recorded.
    #[must_use]
    pub fn records(&self, path: &str) -> bool {
        !self.excluded.iter().any(|excluded| {
            path.strip_prefix(excluded.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_left_out_with_all_below_it_and_nothing_beside_it() {
        let source = Source::from_pairs([("SEAWALL_AUDIT_EXCLUDED", "/health,/a/b")]);
        let config = AuditConfig::read(&source, false).unwrap();
        for left_out in ["/health", "/health/detailed", "/a/b"] {
            assert!(!config.records(left_out), "{left_out}");
        }
        for recorded in ["/healthy", "/a", "/rest/v1/health", "/"] {
            assert!(config.records(recorded), "{recorded}");
        }
    }
}
