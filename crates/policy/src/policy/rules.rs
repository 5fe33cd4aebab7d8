//! A policy resolved for one place: every value checked, typed and ready for use.

use super::table::Key;
#[cfg(feature = "std")]
use super::values::Values;
use crate::breaker::{BreakerConfig, BreakerSettings, Mode, Share};
use crate::call::CallConfig;
use crate::class::Class;
use crate::error::ConfigError;
use crate::limit::{InflightConfig, Patience, Quota};
use crate::queue::Priority;
use crate::retry::{Backoff, BudgetConfig, RetryConfig};
use crate::time::Span;

/// The rules for one service or endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Its breaker.
    pub breaker: BreakerConfig,
    /// Its retries.
    pub retry: RetryConfig,
    /// Whether it has a breaker apart from its service's.
    pub own_breaker: bool,
    /// The share of a quota that stress leaves.
    pub floor: Share,
    /// How many attempts may be under way; the same everywhere.
    pub inflight: InflightConfig,
    timeouts: [Span; 4],
    quotas: [Quota; 4],
    deadline: Span,
    patience: Patience,
    slot_wait: Span,
    hold_off: Span,
    max_hold: Span,
}

impl Rules {
    /// The rules that a value for every setting gives, in the order of the table; what is missing is zero.
    ///
    /// # Errors
    /// Two settings contradict each other.
    pub fn try_new(numbers: &[f64], own_breaker: bool) -> Result<Self, ConfigError> {
        Numbers(numbers).rules(own_breaker)
    }

    /// The rules for one call of that class.
    #[must_use]
    pub fn call(&self, class: Class) -> CallConfig {
        let [reads, writes, rpc, auth] = self.timeouts;
        CallConfig {
            timeout: of_class(class, reads, writes, rpc, auth),
            deadline: self.deadline,
            retry: self.retry,
            patience: self.patience,
            slot_wait: self.slot_wait,
            hold_off: self.hold_off,
            max_hold: self.max_hold,
        }
    }

    /// The quota of that class, for each user and endpoint.
    #[must_use]
    pub const fn quota(&self, class: Class) -> Quota {
        let [reads, writes, rpc, auth] = &self.quotas;
        *of_class(class, reads, writes, rpc, auth)
    }
}

const fn of_class<T: Copy>(class: Class, reads: T, writes: T, rpc: T, auth: T) -> T {
    match class {
        Class::Reads => reads,
        Class::Writes => writes,
        Class::Rpc => rpc,
        Class::Auth => auth,
    }
}

/// A value for every setting, to be read; in the order of the table, and what is missing is zero.
#[derive(Clone, Copy, Debug)]
pub struct Numbers<'a>(&'a [f64]);

impl<'a> Numbers<'a> {
    /// So many numbers as there are.
    #[must_use]
    pub const fn new(numbers: &'a [f64]) -> Self {
        Self(numbers)
    }

    #[cfg(feature = "std")]
    pub(super) const fn of(values: &'a Values) -> Self {
        Self(&values.numbers)
    }

    /// What two settings contradict, each within its own bounds: the same as [`Rules::try_new`] finds, without making
    /// any.
    #[must_use]
    pub fn contradiction(self) -> Option<ConfigError> {
        let watches = self.mode() != Mode::Disabled;
        let opens = [
            Key::BreakerFailureThreshold,
            Key::BreakerFailureRate,
            Key::BreakerSlowCallRate,
        ];
        if self.number(Key::BreakerResetTimeout) > self.number(Key::BreakerMaxResetTimeout) {
            Some(ConfigError::MaxResetTimeout)
        } else if watches && opens.iter().all(|key| self.number(*key) == 0.0) {
            Some(ConfigError::Toothless)
        } else if self.number(Key::RetryBaseDelay) > self.number(Key::RetryMaxDelay) {
            Some(ConfigError::MaxDelay)
        } else {
            None
        }
    }

    /// How many calls of that class pass in its window.
    pub(crate) fn limit(self, class: Class) -> u32 {
        self.count(of_class(
            class,
            Key::LimitsReadsLimit,
            Key::LimitsWritesLimit,
            Key::LimitsRpcLimit,
            Key::LimitsAuthLimit,
        ))
    }

    /// The window of that class.
    pub(crate) fn window(self, class: Class) -> Span {
        self.span(of_class(
            class,
            Key::LimitsReadsWindow,
            Key::LimitsWritesWindow,
            Key::LimitsRpcWindow,
            Key::LimitsAuthWindow,
        ))
    }

    /// The longest an attempt of that class may take; zero is none.
    #[must_use]
    pub fn timeout_of(self, class: Class) -> Span {
        self.timeout(of_class(
            class,
            Key::TimeoutReads,
            Key::TimeoutWrites,
            Key::TimeoutRpc,
            Key::TimeoutAuth,
        ))
    }

    pub(crate) fn mode(self) -> Mode {
        match self.count(Key::BreakerMode) {
            0 => Mode::Active,
            1 => Mode::MetricsOnly,
            _ => Mode::Disabled,
        }
    }

    pub(super) fn number(self, key: Key) -> f64 {
        self.0.get(key as usize).copied().unwrap_or_default()
    }

    pub(super) fn rules(self, own_breaker: bool) -> Result<Rules, ConfigError> {
        Ok(Rules {
            breaker: self.breaker()?,
            retry: self.retry()?,
            own_breaker,
            floor: self.share(Key::LimitsFloor),
            inflight: InflightConfig {
                min: self.count(Key::InflightMin),
                max: self.count(Key::InflightMax),
                max_queue: self.count(Key::InflightMaxQueue),
            },
            timeouts: [
                self.timeout(Key::TimeoutReads),
                self.timeout(Key::TimeoutWrites),
                self.timeout(Key::TimeoutRpc),
                self.timeout(Key::TimeoutAuth),
            ],
            quotas: [
                self.quota(Key::LimitsReadsLimit, Key::LimitsReadsWindow)?,
                self.quota(Key::LimitsWritesLimit, Key::LimitsWritesWindow)?,
                self.quota(Key::LimitsRpcLimit, Key::LimitsRpcWindow)?,
                self.quota(Key::LimitsAuthLimit, Key::LimitsAuthWindow)?,
            ],
            deadline: self.span(Key::Deadline),
            patience: Patience {
                max_wait: self.span(Key::LimitsMaxWait),
                max_queue: self.count(Key::LimitsMaxQueue),
                priority: Priority::Normal,
            },
            slot_wait: self.span(Key::InflightMaxWait),
            hold_off: self.span(Key::LimitsHoldOff),
            max_hold: self.span(Key::LimitsMaxHold),
        })
    }

    pub(super) fn quota(self, limit: Key, window: Key) -> Result<Quota, ConfigError> {
        Quota::try_new(self.count(limit), self.span(window))
    }

    fn breaker(self) -> Result<BreakerConfig, ConfigError> {
        BreakerConfig::try_new(BreakerSettings {
            mode: self.mode(),
            failure_threshold: self.count(Key::BreakerFailureThreshold),
            monitoring_period: self.span(Key::BreakerMonitoringPeriod),
            failure_rate: self.share(Key::BreakerFailureRate),
            minimum_throughput: self.count(Key::BreakerMinimumThroughput),
            slow_call_rate: self.share(Key::BreakerSlowCallRate),
            slow_call_duration: self.span(Key::BreakerSlowCallDuration),
            reset_timeout: self.span(Key::BreakerResetTimeout),
            max_reset_timeout: self.span(Key::BreakerMaxResetTimeout),
            reset_multiplier: self.share(Key::BreakerResetMultiplier),
            jitter: self.share(Key::BreakerJitter),
            healthy_period: self.span(Key::BreakerHealthyPeriod),
            success_threshold: self.count(Key::BreakerSuccessThreshold),
            half_open_probes: self.count(Key::BreakerHalfOpenProbes),
            probe_timeout: self.span(Key::BreakerProbeTimeout),
        })
    }

    fn retry(self) -> Result<RetryConfig, ConfigError> {
        let backoff = Backoff::try_new(self.span(Key::RetryBaseDelay), self.span(Key::RetryMaxDelay))?;
        let share = self.share(Key::RetryBudgetRatio);
        let budget = BudgetConfig {
            share,
            reserve: self.count(Key::RetryBudgetReserve),
        };
        RetryConfig::try_new(self.count(Key::RetryAttempts), backoff, budget)
    }

    fn timeout(self, class: Key) -> Span {
        let own = self.span(class);
        if own.is_zero() {
            self.span(Key::Timeout)
        } else {
            own
        }
    }

    // Called for nearly every setting: written out each time, they are the largest function of the page's module.
    #[inline(never)]
    pub(crate) fn span(self, key: Key) -> Span {
        Span::from_millis_f64(self.number(key))
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the table bounds every number to what fits"
    )]
    #[inline(never)]
    pub(crate) fn count(self, key: Key) -> u32 {
        self.number(key) as u32
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the table bounds every ratio to ten"
    )]
    #[inline(never)]
    fn share(self, key: Key) -> Share {
        Share::from_ppm((self.number(key) * 1e6 + 0.5) as u32)
    }
}
