//! Every fact about a breaker that is worth telling: its states, its transitions and their causes.

use crate::time::{MonoTime, Span};

/// A breaker's state as it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Calls pass.
    Closed,
    /// Calls are refused until the cool-down has passed.
    Open,
    /// A few probes pass, the rest is refused.
    HalfOpen,
    /// Calls are refused, by hand.
    ForcedOpen,
    /// Calls pass, by hand.
    ForcedClosed,
    /// Nothing is watched.
    Disabled,
    /// Calls pass while the circuit changes state for show.
    MetricsOnly,
}

/// Why a breaker changed its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// So many failures within the monitoring period.
    FailureCount {
        /// How many.
        failures: u32,
    },
    /// Too large a share of calls failed.
    FailureRate {
        /// How many failed.
        failures: u32,
        /// Of how many.
        total: u32,
    },
    /// Too large a share of calls was slow.
    SlowCallRate {
        /// How many were slow.
        slow: u32,
        /// Of how many.
        total: u32,
    },
    /// The server said how long it will be away.
    ServerAsked {
        /// What it asked for.
        wait: Span,
    },
    /// The cool-down has passed.
    CoolDownElapsed,
    /// A probe failed.
    ProbeFailed,
    /// A probe got no answer in time.
    ProbeTimedOut,
    /// Enough probes succeeded.
    ProbesSucceeded {
        /// How many.
        successes: u32,
    },
    /// Somebody decided.
    Manual,
    /// A stored state was taken up again.
    Restored,
    /// The policy changed.
    PolicyChanged,
    /// Another tab has found it so.
    OtherTab,
}

/// One change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When, on the caller's clock.
    pub at: MonoTime,
    /// The state left.
    pub from: State,
    /// The state entered.
    pub to: State,
    /// Why.
    pub cause: Cause,
    /// When it will change again by itself, if it will: the end of a cool-down.
    pub until: Option<MonoTime>,
    /// Whether it is for show only, because the breaker refuses nothing.
    pub metrics_only: bool,
}

impl State {
    /// Every state, in the order of their codes.
    pub const ALL: [Self; 7] = [
        Self::Closed,
        Self::Open,
        Self::HalfOpen,
        Self::ForcedOpen,
        Self::ForcedClosed,
        Self::Disabled,
        Self::MetricsOnly,
    ];

    /// The name used in events, metrics and snapshots.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::ForcedOpen => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Disabled => "disabled",
            Self::MetricsOnly => "metrics_only",
        }
    }

    /// A small number for the state, stable across versions.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl Cause {
    /// The name used in events, metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::FailureCount { .. } => "failure_count",
            Self::FailureRate { .. } => "failure_rate",
            Self::SlowCallRate { .. } => "slow_call_rate",
            Self::ServerAsked { .. } => "server_asked",
            Self::CoolDownElapsed => "cool_down_elapsed",
            Self::ProbeFailed => "probe_failed",
            Self::ProbeTimedOut => "probe_timed_out",
            Self::ProbesSucceeded { .. } => "probes_succeeded",
            Self::Manual => "manual",
            Self::Restored => "restored",
            Self::PolicyChanged => "policy_changed",
            Self::OtherTab => "other_tab",
        }
    }

    /// The numbers behind the cause: how many of how many, zero where there are none.
    #[must_use]
    pub const fn figures(&self) -> (u32, u32) {
        match *self {
            Self::FailureCount { failures } => (failures, 0),
            Self::FailureRate { failures, total } => (failures, total),
            Self::SlowCallRate { slow, total } => (slow, total),
            Self::ProbesSucceeded { successes } => (successes, 0),
            Self::ServerAsked { .. }
            | Self::CoolDownElapsed
            | Self::ProbeFailed
            | Self::ProbeTimedOut
            | Self::Manual
            | Self::Restored
            | Self::PolicyChanged
            | Self::OtherTab => (0, 0),
        }
    }
}
