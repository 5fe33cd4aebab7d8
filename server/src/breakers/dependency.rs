//! What the server leans on, and how patient it is with each.

use seawall_policy::breaker::{BreakerConfig, BreakerSettings, Mode, Share};
use seawall_policy::time::Span;

/// Something outside this process that a request may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dependency {
    /// The database of direct mode.
    Postgres,
    /// Limits, caches and messages shared between instances.
    Redis,
    /// The upstream's auth service.
    Auth,
    /// The upstream's REST service.
    Rest,
    /// The upstream's storage service.
    Storage,
    /// The upstream's functions.
    Functions,
    /// The upstream's realtime service.
    Realtime,
    /// The malware scanner.
    Clamd,
}

impl Dependency {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 8] = [
        Self::Postgres,
        Self::Redis,
        Self::Auth,
        Self::Rest,
        Self::Storage,
        Self::Functions,
        Self::Realtime,
        Self::Clamd,
    ];

    /// The name in metrics, health, events and the admin API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::Auth => "auth",
            Self::Rest => "rest",
            Self::Storage => "storage",
            Self::Functions => "functions",
            Self::Realtime => "realtime",
            Self::Clamd => "clamd",
        }
    }

    /// The dependency of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dependency| dependency.name() == name)
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }

    /// A database serves many at once and comes back quickly, so it is probed sooner than a page probes a server, and
    /// its slowness is the pool's business. Redis is asked on every request and can be done without: three failures
    /// are enough to stop waiting for it. An auth service is given up by its rate of failures, as its own clients do.
    pub(super) fn config(self, enabled: bool) -> BreakerConfig {
        let common = BreakerSettings {
            mode: if enabled { Mode::Active } else { Mode::Disabled },
            slow_call_rate: Share::ZERO,
            ..BreakerSettings::default()
        };
        let settings = match self {
            Self::Postgres => BreakerSettings {
                reset_timeout: Span::from_secs(2),
                max_reset_timeout: Span::from_secs(10),
                half_open_probes: 3,
                ..common
            },
            Self::Redis => BreakerSettings {
                failure_threshold: 3,
                failure_rate: Share::ZERO,
                reset_timeout: Span::from_millis(500),
                max_reset_timeout: Span::from_secs(5),
                probe_timeout: Span::from_secs(1),
                success_threshold: 1,
                half_open_probes: 1,
                ..common
            },
            Self::Auth => BreakerSettings {
                failure_threshold: 0,
                failure_rate: Share::from_percent(50),
                minimum_throughput: 5,
                reset_timeout: Span::from_secs(30),
                max_reset_timeout: Span::from_secs(120),
                ..common
            },
            Self::Clamd => BreakerSettings {
                failure_threshold: 3,
                reset_timeout: Span::from_secs(5),
                max_reset_timeout: Span::from_secs(30),
                ..common
            },
            Self::Rest | Self::Storage | Self::Functions | Self::Realtime => BreakerSettings {
                reset_timeout: Span::from_secs(5),
                max_reset_timeout: Span::from_secs(30),
                half_open_probes: 3,
                ..common
            },
        };
        BreakerConfig::try_new(settings).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_places_are_their_own() {
        for (place, dependency) in Dependency::ALL.into_iter().enumerate() {
            assert_eq!(dependency.index(), place);
            assert_eq!(Dependency::named(dependency.name()), Some(dependency));
        }
    }

    #[test]
    fn every_configuration_is_valid() {
        for dependency in Dependency::ALL {
            let settings = *dependency.config(true).settings();
            assert_eq!(settings.slow_call_rate, Share::ZERO, "{}", dependency.name());
        }
    }
}
