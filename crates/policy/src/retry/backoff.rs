//! Exponential backoff with full jitter.
//!
//! The wait is drawn evenly from nothing to the bound: of all jitters this one spreads the most, and
//! clients that failed together do not come back together.

use crate::error::ConfigError;
use crate::rng::Rng;
use crate::time::Span;

/// The bounds of the waits between attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Span,
    max: Span,
}

impl Backoff {
    /// Waits of up to `base`, then twice that, and so on up to `max`.
    ///
    /// # Errors
    /// `base` must not be zero nor above `max`.
    pub fn try_new(base: Span, max: Span) -> Result<Self, ConfigError> {
        if base.is_zero() {
            return Err(ConfigError::BaseDelay);
        }
        if max < base {
            return Err(ConfigError::MaxDelay);
        }
        Ok(Self { base, max })
    }

    #[cfg(feature = "std")]
    /// Bounds that are known to be possible.
    pub(crate) const fn known(base: Span, max: Span) -> Self {
        Self { base, max }
    }

    /// The longest wait after so many attempts.
    #[must_use]
    pub fn bound(&self, attempts_made: u32) -> Span {
        let doublings = attempts_made.saturating_sub(1).min(62);
        self.base.times(1 << doublings).min(self.max)
    }

    /// A wait after so many attempts.
    pub fn delay(&self, attempts_made: u32, rng: &mut impl Rng) -> Span {
        rng.span_up_to(self.bound(attempts_made))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SplitMix64;

    fn backoff() -> Backoff {
        Backoff::try_new(Span::from_millis(200), Span::from_millis(5_000)).unwrap()
    }

    #[test]
    fn the_bound_doubles_up_to_the_cap() {
        let millis: Vec<u64> = (1..8).map(|made| backoff().bound(made).as_millis()).collect();
        assert_eq!(millis, [200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
        assert_eq!(backoff().bound(u32::MAX), Span::from_millis(5_000));
    }

    #[test]
    fn the_jitter_is_full() {
        let mut rng = SplitMix64::new(3);
        let delays: Vec<u64> = (0..1_000)
            .map(|_| backoff().delay(1, &mut rng).as_millis())
            .collect();
        assert!(delays.iter().min() < Some(&10) && delays.iter().max() > Some(&190));
        let mean = delays.iter().sum::<u64>() / 1_000;
        assert!((90..110).contains(&mean), "{mean}");
    }

    #[test]
    fn impossible_bounds_are_refused() {
        assert!(Backoff::try_new(Span::ZERO, Span::from_secs(1)).is_err());
        assert!(Backoff::try_new(Span::from_secs(2), Span::from_secs(1)).is_err());
    }
}
