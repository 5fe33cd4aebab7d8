//! A breaker's settings, checked once.

use crate::error::ConfigError;
use crate::time::Span;

/// A share, in parts per million: rates without floating numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u32);

/// How a breaker takes part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Watches and refuses.
    #[default]
    Active,
    /// Watches, changes state and reports, but refuses nothing: to try a policy on live traffic.
    MetricsOnly,
    /// Refuses everything, by hand.
    ForcedOpen,
    /// Admits everything, by hand; counts still run.
    ForcedClosed,
    /// Neither watches nor refuses.
    Disabled,
}

/// What [`BreakerConfig::try_new`] checks. Zero switches a rule off where the text says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// The mode a breaker starts in and resets to.
    pub mode: Mode,
    /// Opens at so many failures within the monitoring period; 0: not by count.
    pub failure_threshold: u32,
    /// The sliding window that failures and rates are measured in.
    pub monitoring_period: Span,
    /// Opens at this share of failures; 0: not by rate.
    pub failure_rate: Share,
    /// Rates mean nothing below so many calls in the window.
    pub minimum_throughput: u32,
    /// Opens at this share of slow calls; 0: not by slowness.
    pub slow_call_rate: Share,
    /// A call that takes this long is slow.
    pub slow_call_duration: Span,
    /// The first cool-down.
    pub reset_timeout: Span,
    /// The longest cool-down before jitter, and the furthest a server's `Retry-After` is followed.
    pub max_reset_timeout: Span,
    /// Each further cool-down is so many times the last, in parts per million.
    pub reset_multiplier: Share,
    /// A cool-down is lengthened by a random part of up to this share.
    pub jitter: Share,
    /// A circuit closed for so long starts again with the first cool-down.
    pub healthy_period: Span,
    /// Closes after so many successful probes.
    pub success_threshold: u32,
    /// Probes under way at the same time.
    pub half_open_probes: u32,
    /// A probe without an answer for so long has failed.
    pub probe_timeout: Span,
}

/// Valid settings of a breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BreakerConfig(BreakerSettings);

impl Share {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// All of it.
    pub const ONE: Self = Self(1_000_000);

    /// So many parts of a million.
    #[must_use]
    pub const fn from_ppm(ppm: u32) -> Self {
        Self(ppm)
    }

    /// So many parts of a hundred.
    #[must_use]
    pub const fn from_percent(percent: u32) -> Self {
        Self(percent.saturating_mul(10_000))
    }

    /// Parts per million.
    #[must_use]
    pub const fn ppm(self) -> u32 {
        self.0
    }

    /// Whether `part` of `whole` is at least this share; never of nothing.
    #[must_use]
    pub fn is_reached(self, part: u32, whole: u32) -> bool {
        whole > 0 && u64::from(part) * 1_000_000 >= u64::from(self.0) * u64::from(whole)
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            mode: Mode::Active,
            failure_threshold: 5,
            monitoring_period: Span::from_secs(10),
            failure_rate: Share::from_percent(50),
            minimum_throughput: 10,
            slow_call_rate: Share::from_percent(80),
            slow_call_duration: Span::from_secs(5),
            reset_timeout: Span::from_secs(30),
            max_reset_timeout: Span::from_secs(300),
            reset_multiplier: Share::from_percent(200),
            jitter: Share::from_percent(25),
            healthy_period: Span::from_secs(60),
            success_threshold: 2,
            half_open_probes: 2,
            probe_timeout: Span::from_secs(15),
        }
    }
}

impl BreakerConfig {
    /// The most failures a threshold may ask for: each is remembered by its instant.
    pub const MAX_THRESHOLD: u32 = 1_000;
    /// The most probes that may be under way at once.
    pub const MAX_PROBES: u32 = 100;

    /// Checks the settings.
    ///
    /// # Errors
    /// Names the first setting that is out of its bounds or contradicts another.
    pub fn try_new(settings: BreakerSettings) -> Result<Self, ConfigError> {
        let s = &settings;
        let by_rate = s.failure_rate > Share::ZERO || s.slow_call_rate > Share::ZERO;
        let watches = matches!(s.mode, Mode::Active | Mode::MetricsOnly);
        let rules = [
            (
                s.failure_threshold <= Self::MAX_THRESHOLD,
                ConfigError::FailureThreshold,
            ),
            (!s.monitoring_period.is_zero(), ConfigError::MonitoringPeriod),
            (s.failure_rate <= Share::ONE, ConfigError::FailureRate),
            (s.minimum_throughput > 0, ConfigError::MinimumThroughput),
            (s.slow_call_rate <= Share::ONE, ConfigError::SlowCallRate),
            (!s.reset_timeout.is_zero(), ConfigError::ResetTimeout),
            (
                s.reset_timeout <= s.max_reset_timeout,
                ConfigError::MaxResetTimeout,
            ),
            (s.reset_multiplier >= Share::ONE, ConfigError::ResetMultiplier),
            (s.jitter <= Share::ONE, ConfigError::Jitter),
            (s.success_threshold > 0, ConfigError::SuccessThreshold),
            (
                (1..=Self::MAX_PROBES).contains(&s.half_open_probes),
                ConfigError::HalfOpenProbes,
            ),
            (!s.probe_timeout.is_zero(), ConfigError::ProbeTimeout),
            (
                !watches || s.failure_threshold > 0 || by_rate,
                ConfigError::Toothless,
            ),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            Some((_, error)) => Err(error),
            None => Ok(Self(settings)),
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &BreakerSettings {
        &self.0
    }

    /// The longest a circuit stays open for one reason, jitter included.
    #[must_use]
    pub fn longest_cool_down(&self) -> Span {
        self.0.max_reset_timeout + self.0.max_reset_timeout.parts_per_million(self.0.jitter.ppm())
    }

    /// How old a stored state may be and still say anything.
    #[must_use]
    pub fn shelf_life(&self) -> Span {
        self.longest_cool_down() + self.0.monitoring_period + self.0.healthy_period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut BreakerSettings)) -> Option<ConfigError> {
        let mut settings = BreakerSettings::default();
        change(&mut settings);
        BreakerConfig::try_new(settings).err()
    }

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(refused(|_| ()), None);
        assert_eq!(
            BreakerConfig::default(),
            BreakerConfig::try_new(BreakerSettings::default()).unwrap()
        );
    }

    #[test]
    fn the_offending_setting_is_named() {
        assert_eq!(
            refused(|s| s.half_open_probes = 0),
            Some(ConfigError::HalfOpenProbes)
        );
        assert_eq!(
            refused(|s| s.max_reset_timeout = Span::from_secs(1)),
            Some(ConfigError::MaxResetTimeout)
        );
        assert_eq!(
            refused(|s| s.failure_rate = Share::from_percent(101)),
            Some(ConfigError::FailureRate)
        );
    }

    #[test]
    fn a_breaker_that_nothing_can_open_is_refused_unless_it_is_off() {
        let toothless = |s: &mut BreakerSettings| {
            s.failure_threshold = 0;
            s.failure_rate = Share::ZERO;
            s.slow_call_rate = Share::ZERO;
        };
        assert_eq!(refused(toothless), Some(ConfigError::Toothless));
        assert_eq!(
            refused(|s| {
                toothless(s);
                s.mode = Mode::Disabled;
            }),
            None
        );
    }

    #[test]
    fn a_share_of_nothing_is_never_reached() {
        assert!(!Share::ZERO.is_reached(0, 0));
        assert!(Share::from_percent(50).is_reached(5, 10));
        assert!(!Share::from_percent(50).is_reached(4, 10));
    }
}
