//! What can be wrong with what the crate is given: a configuration, a policy document, a stored state.
//!
//! A refusal (open circuit, used-up quota) is not an error and not here.

use core::fmt;

#[cfg(feature = "std")]
use crate::policy::Figure;

macro_rules! config_errors {
    ($($variant:ident = $key:literal, $rule:literal;)*) => {
        /// A setting that contradicts its bounds or another setting.
        ///
        /// A number with its text kept apart: a small module hands out the number and carries no text.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ConfigError {
            $(#[doc = concat!("`", $key, "` ", $rule, ".")] $variant),*
        }

        impl ConfigError {
            /// Every one, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The setting's name with its group.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// What must hold.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule),* }
            }
        }
    };
}

config_errors! {
    QuotaLimit = "limit", "must be at least 1";
    QuotaWindow = "window", "must not be zero";
    Burst = "burst", "must be at least 1";
    FailureThreshold = "breaker.failureThreshold", "must be at most 1000";
    MonitoringPeriod = "breaker.monitoringPeriod", "must not be zero";
    FailureRate = "breaker.failureRate", "must be at most 1";
    MinimumThroughput = "breaker.minimumThroughput", "must be at least 1";
    SlowCallRate = "breaker.slowCallRate", "must be at most 1";
    ResetTimeout = "breaker.resetTimeout", "must not be zero";
    MaxResetTimeout = "breaker.maxResetTimeout", "must be at least resetTimeout";
    ResetMultiplier = "breaker.resetMultiplier", "must be at least 1";
    Jitter = "breaker.jitter", "must be at most 1";
    SuccessThreshold = "breaker.successThreshold", "must be at least 1";
    HalfOpenProbes = "breaker.halfOpenProbes", "must be from 1 to 100";
    ProbeTimeout = "breaker.probeTimeout", "must not be zero";
    Toothless = "breaker.failureThreshold", "must not be 0 while failureRate and slowCallRate are 0 too: nothing could open the circuit";
    Attempts = "retry.attempts", "must be at least 1";
    BaseDelay = "retry.baseDelay", "must not be zero";
    MaxDelay = "retry.maxDelay", "must be at least baseDelay";
}

impl ConfigError {
    /// Whether settings can cause it that are each within their own bounds, as those are whose names are known.
    #[must_use]
    pub const fn is_between_settings(self) -> bool {
        matches!(self, Self::MaxResetTimeout | Self::Toothless | Self::MaxDelay)
    }

    /// A small number for it: its place in [`ConfigError::ALL`].
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.key(), self.rule())
    }
}

impl core::error::Error for ConfigError {}

/// Why a stored state was discarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is not in a form that this or an earlier version wrote.
    #[error("stored state is malformed")]
    Malformed,
    /// Another version wrote it.
    #[error("stored state is of another version")]
    Version,
    /// Its checksum does not match.
    #[error("stored state is damaged")]
    Damaged,
    /// It is too old to say anything.
    #[error("stored state has expired")]
    Expired,
    /// It says that it was stored later than now.
    #[error("stored state lies in the future")]
    Future,
}

impl SnapshotError {
    /// Every one, in the order of their codes.
    pub const ALL: [Self; 5] = [
        Self::Malformed,
        Self::Version,
        Self::Damaged,
        Self::Expired,
        Self::Future,
    ];

    /// A small number for it.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// What is wrong with a policy document.
#[cfg(feature = "std")]
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PolicyError {
    /// No setting has this name.
    #[error("{path} is not a setting{}", Suggestion(*.nearest))]
    UnknownKey {
        /// The name as it was given.
        path: String,
        /// The setting that was probably meant.
        nearest: Option<&'static str>,
    },
    /// No service has this name.
    #[error("services.{name} is not a service; there are rest, rpc, auth, storage and functions")]
    UnknownService {
        /// The name as it was given.
        name: String,
    },
    /// An endpoint must be a path.
    #[error("endpoints.{path} is not an endpoint; an endpoint is a path such as \"/rest/v1/messages\"")]
    NotAnEndpoint {
        /// The name as it was given.
        path: String,
    },
    /// The setting cannot be overridden there.
    #[error("{path} cannot be set for {place}")]
    OutOfPlace {
        /// The name as it was given.
        path: String,
        /// The kind of place.
        place: &'static str,
    },
    /// The value must be a number.
    #[error("{path} must be a number, not {found}")]
    NotANumber {
        /// The name as it was given.
        path: String,
        /// What it was.
        found: String,
    },
    /// The value must be a whole number.
    #[error("{path} must be a whole number, not {value}")]
    NotWhole {
        /// The name as it was given.
        path: String,
        /// The offending value.
        value: Figure,
    },
    /// The value is too small or too large.
    #[error("{path} must be from {min} to {max}{unit}, not {value}")]
    OutOfRange {
        /// The name as it was given.
        path: String,
        /// The offending value.
        value: Figure,
        /// The least allowed.
        min: Figure,
        /// The most allowed.
        max: Figure,
        /// The unit, with a space before it, or nothing.
        unit: &'static str,
    },
    /// The value must be yes or no.
    #[error("{path} must be true or false, not {found}")]
    NotAFlag {
        /// The name as it was given.
        path: String,
        /// What it was.
        found: String,
    },
    /// The value must be one of a few words.
    #[error("{path} must be one of {}, not {found}", Words(.words))]
    NotAChoice {
        /// The name as it was given.
        path: String,
        /// The offending value.
        found: String,
        /// The words.
        words: &'static [&'static str],
    },
    /// Two settings contradict each other.
    #[error("{scope}{conflict}")]
    Conflict {
        /// The scope it is about, with a dot, or nothing.
        scope: String,
        /// Which, and what must hold.
        conflict: ConfigError,
    },
    /// The document cannot be read at all.
    #[error("the policy document cannot be read: {0}")]
    Syntax(String),
}

#[cfg(feature = "std")]
struct Words(&'static [&'static str]);

#[cfg(feature = "std")]
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            f.write_str(word)?;
        }
        Ok(())
    }
}

#[cfg(feature = "std")]
struct Suggestion(Option<&'static str>);

#[cfg(feature = "std")]
impl fmt::Display for Suggestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |path| write!(f, "; did you mean {path}?"))
    }
}
