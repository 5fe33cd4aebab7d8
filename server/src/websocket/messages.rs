//! What each message must pass before it goes on.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use seawall_policy::limit::gcra::{Gcra, Pass};
use seawall_policy::time::MonoTime;

use crate::config::WebSocketConfig;

/// The count of a client's messages and the time of its last one.
pub(super) struct Meter {
    gcra: Gcra,
    arrival: Mutex<MonoTime>,
    last: AtomicU64,
    idle_ns: u64,
}

impl Meter {
    pub(super) fn new(config: &WebSocketConfig, now: MonoTime) -> Self {
        Self {
            gcra: Gcra::new(config.messages),
            arrival: Mutex::new(MonoTime::ZERO),
            last: AtomicU64::new(now.as_nanos()),
            idle_ns: u64::try_from(config.idle_timeout.as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// Counts a message; false where it is one too many.
    pub(super) fn admits(&self, now: MonoTime) -> bool {
        self.last.store(now.as_nanos(), Ordering::Relaxed);
        let mut arrival = self.arrival.lock().unwrap_or_else(PoisonError::into_inner);
        matches!(self.gcra.check(&mut arrival, now, 1), Pass::Admitted { .. })
    }

    /// How much longer the client may be silent; nothing when its time is over.
    pub(super) fn patience(&self, now: MonoTime) -> Option<Duration> {
        let silent_ns = now.as_nanos().saturating_sub(self.last.load(Ordering::Relaxed));
        let left_ns = self.idle_ns.saturating_sub(silent_ns);
        (left_ns > 0).then(|| Duration::from_nanos(left_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Source};

    fn meter() -> Meter {
        let source = Source::from_pairs([
            ("DATABASE_URL", "postgres://u@127.0.0.1/x"),
            ("SEAWALL_WEBSOCKET_MESSAGE_RATE", "10"),
            ("SEAWALL_WEBSOCKET_IDLE_TIMEOUT", "1000"),
        ]);
        Meter::new(&Config::load(source).unwrap().websocket, MonoTime::ZERO)
    }

    #[test]
    fn a_second_has_as_many_messages_as_it_may() {
        let meter = meter();
        let passed = (0..50).filter(|_| meter.admits(MonoTime::from_millis(5))).count();
        assert_eq!(passed, 10);
        assert!(meter.admits(MonoTime::from_millis(106)));
    }

    #[test]
    fn a_word_ends_a_silence() {
        let meter = meter();
        assert_eq!(
            meter.patience(MonoTime::from_millis(400)),
            Some(Duration::from_millis(600))
        );
        assert_eq!(meter.patience(MonoTime::from_millis(1000)), None);
        meter.admits(MonoTime::from_millis(1000));
        assert_eq!(
            meter.patience(MonoTime::from_millis(1000)),
            Some(Duration::from_secs(1))
        );
    }
}
