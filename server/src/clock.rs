//! The one place where the server reads a clock.
//!
//! Policies take time as an argument; this is where the shell gets it from.
//! Monotonic instants count from the moment the clock was made, so they never
//! leave the process; wall-clock time is for tokens and headers only.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_policy::time::{MonoTime, UnixTime};

/// Reads the machine's clocks.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose monotonic time begins now.
    #[must_use]
    pub fn system() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// The monotonic time since the clock was made.
    #[must_use]
    pub fn mono(&self) -> MonoTime {
        let elapsed_ns = u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX);
        MonoTime::from_nanos(elapsed_ns)
    }

    /// The wall-clock time.
    #[must_use]
    pub fn unix(&self) -> UnixTime {
        UnixTime::from_millis(u64::try_from(since_epoch().as_millis()).unwrap_or(u64::MAX))
    }

    /// The wall-clock time in whole seconds, the unit of token claims.
    #[must_use]
    pub fn unix_seconds(&self) -> u64 {
        since_epoch().as_secs()
    }
}

fn since_epoch() -> Duration {
    // A clock before 1970 is wrong either way; zero makes every token expired.
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
