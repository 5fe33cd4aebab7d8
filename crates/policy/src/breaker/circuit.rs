//! Being tripped: the circuit's three states, its probes and its cool-downs.

use alloc::vec::Vec;

use super::config::BreakerConfig;
use crate::event::State;
use crate::rng::Rng;
use crate::time::{MonoTime, Span};

/// The circuit proper, apart from what a hand may force upon it.
#[derive(Clone, Debug)]
pub(super) enum Circuit {
    /// Everything passes since that instant.
    Closed {
        /// When it closed.
        since: MonoTime,
    },
    /// Nothing passes until that instant.
    Open {
        /// When the cool-down ends.
        until: MonoTime,
    },
    /// Probes pass.
    HalfOpen(Probes),
}

/// The probes under way and what came of those before.
#[derive(Clone, Debug, Default)]
pub(super) struct Probes {
    under_way: Vec<Probe>,
    next_serial: u16,
    successes: u32,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    serial: u16,
    deadline: MonoTime,
}

impl Circuit {
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Closed { .. } => State::Closed,
            Self::Open { .. } => State::Open,
            Self::HalfOpen(_) => State::HalfOpen,
        }
    }
}

impl Probes {
    /// Starts a probe, unless as many as allowed are under way; gives its serial number.
    pub(super) fn start(&mut self, config: &BreakerConfig, now: MonoTime) -> Option<u16> {
        let settings = config.settings();
        if self.under_way.len() >= settings.half_open_probes as usize {
            return None;
        }
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        self.under_way.push(Probe {
            serial,
            deadline: now + settings.probe_timeout,
        });
        Some(serial)
    }

    /// Ends a probe; false if no such probe is under way.
    pub(super) fn end(&mut self, serial: u16) -> bool {
        let found = self.under_way.iter().position(|probe| probe.serial == serial);
        found.map(|index| self.under_way.swap_remove(index)).is_some()
    }

    /// Counts a success; true if it was the last one needed.
    pub(super) fn succeed(&mut self, config: &BreakerConfig) -> bool {
        self.successes += 1;
        self.successes >= config.settings().success_threshold
    }

    /// How many probes succeeded.
    pub(super) const fn successes(&self) -> u32 {
        self.successes
    }

    /// How many probes are under way.
    pub(super) const fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// When the first probe under way counts as lost.
    pub(super) fn deadline(&self) -> Option<MonoTime> {
        self.under_way.iter().map(|probe| probe.deadline).min()
    }
}

/// The cool-down after `trips` earlier ones: exponential, capped, and only then lengthened at random, so
/// that clients that have reached the cap do not come back together.
pub(super) fn cool_down(config: &BreakerConfig, trips: u32, rng: &mut impl Rng) -> Span {
    let settings = config.settings();
    let mut span = settings.reset_timeout;
    for _ in 0..trips {
        if span >= settings.max_reset_timeout {
            break;
        }
        span = span.parts_per_million(settings.reset_multiplier.ppm());
    }
    lengthened(config, span.min(settings.max_reset_timeout), rng)
}

/// The wait a server asked for, believed up to the cap, never shortened, and spread like a cool-down.
pub(super) fn told_wait(config: &BreakerConfig, wait: Span, rng: &mut impl Rng) -> Span {
    lengthened(config, wait.min(config.settings().max_reset_timeout), rng)
}

fn lengthened(config: &BreakerConfig, span: Span, rng: &mut impl Rng) -> Span {
    span + rng.span_up_to(span.parts_per_million(config.settings().jitter.ppm()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::SplitMix64;

    /// Always the largest number: the end of every jitter.
    struct Highest;

    impl Rng for Highest {
        fn next_u64(&mut self) -> u64 {
            u64::MAX
        }
    }

    /// Always zero: no jitter.
    struct Lowest;

    impl Rng for Lowest {
        fn next_u64(&mut self) -> u64 {
            0
        }
    }

    #[test]
    fn cool_downs_double_up_to_the_cap() {
        let config = BreakerConfig::default();
        let seconds: Vec<u64> = (0..6)
            .map(|trips| cool_down(&config, trips, &mut Lowest).as_millis() / 1_000)
            .collect();
        assert_eq!(seconds, [30, 60, 120, 240, 300, 300]);
        assert_eq!(cool_down(&config, u32::MAX, &mut Lowest), Span::from_secs(300));
    }

    #[test]
    fn jitter_lengthens_at_the_cap_too_and_never_shortens() {
        let config = BreakerConfig::default();
        assert_eq!(cool_down(&config, 9, &mut Highest), config.longest_cool_down());
        assert_eq!(cool_down(&config, 0, &mut Highest), Span::from_millis(37_500));
    }

    #[test]
    fn a_servers_wait_is_kept_in_full_and_capped() {
        let config = BreakerConfig::default();
        let mut rng = SplitMix64::new(1);
        assert!(told_wait(&config, Span::from_secs(7), &mut rng) >= Span::from_secs(7));
        assert_eq!(told_wait(&config, Span::MAX, &mut Lowest), Span::from_secs(300));
    }

    #[test]
    fn probes_are_counted_out_and_given_back() {
        let config = BreakerConfig::default();
        let mut probes = Probes::default();
        let now = MonoTime::ZERO;
        let first = probes.start(&config, now).unwrap();
        let second = probes.start(&config, now).unwrap();
        assert_eq!(probes.start(&config, now), None);
        assert!(probes.end(first) && !probes.end(first));
        assert_ne!(probes.start(&config, now), Some(second));
        assert_eq!(probes.deadline(), Some(MonoTime::from_millis(15_000)));
    }
}
