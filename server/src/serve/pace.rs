//! How slowly a peer may move bytes: a stall is allowed, and a trickle is not.
//!
//! A peer has an allowance of waiting. Waiting for it uses the allowance up, and each
//! byte it moves earns some back, never more than there was at first. So one number
//! bounds a single stall, and the rate bounds how long a trickle can last; what is
//! spent on our side is not waiting and costs a peer nothing.

use std::time::Duration;

/// What a peer has left.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    left: Duration,
    most: Duration,
    bytes_per_second: u64,
}

impl Pace {
    /// A full allowance; the rate is at least one byte a second.
    pub(crate) fn new(most: Duration, bytes_per_second: u64) -> Self {
        Self {
            left: most,
            most,
            bytes_per_second: bytes_per_second.max(1),
        }
    }

    /// How long the peer may be waited for from now on.
    pub(crate) fn left(&self) -> Duration {
        self.left
    }

    /// The peer was waited for.
    pub(crate) fn waited(&mut self, span: Duration) {
        self.left = self.left.saturating_sub(span);
    }

    /// The peer moved bytes.
    pub(crate) fn moved(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let earned_ns = bytes.saturating_mul(1_000_000_000) / self.bytes_per_second;
        self.left = self
            .left
            .saturating_add(Duration::from_nanos(earned_ns))
            .min(self.most);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_single_stall_is_bounded() {
        let mut pace = Pace::new(10 * SECOND, 100);
        pace.moved(1 << 30);
        assert_eq!(pace.left(), 10 * SECOND, "nothing is saved up");
        pace.waited(9 * SECOND);
        assert_eq!(pace.left(), SECOND);
        pace.waited(2 * SECOND);
        assert_eq!(pace.left(), Duration::ZERO);
    }

    #[test]
    fn a_trickle_below_the_rate_runs_out_and_one_at_the_rate_does_not() {
        let lasts = |bytes: usize| {
            let mut pace = Pace::new(10 * SECOND, 100);
            (0..10_000)
                .take_while(|_| {
                    let is_waited_for = pace.left() >= SECOND;
                    pace.waited(SECOND);
                    pace.moved(bytes);
                    is_waited_for
                })
                .count()
        };
        assert_eq!(lasts(100), 10_000);
        assert!(lasts(50) <= 20, "{}", lasts(50));
    }
}
