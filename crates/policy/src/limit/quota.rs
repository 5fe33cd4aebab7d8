//! So many in so long.

use core::num::NonZeroU32;

use crate::error::ConfigError;
use crate::time::Span;

/// A number of calls per window; neither is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    limit: NonZeroU32,
    window: Span,
}

impl Quota {
    /// So many calls in any such window.
    ///
    /// # Errors
    /// Nothing may be zero.
    pub fn try_new(limit: u32, window: Span) -> Result<Self, ConfigError> {
        let limit = NonZeroU32::new(limit).ok_or(ConfigError::QuotaLimit)?;
        if window.is_zero() {
            return Err(ConfigError::QuotaWindow);
        }
        Ok(Self { limit, window })
    }

    /// How many calls.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit.get()
    }

    /// In how long.
    #[must_use]
    pub const fn window(&self) -> Span {
        self.window
    }
}
