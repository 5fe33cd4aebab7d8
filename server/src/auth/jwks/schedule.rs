//! When the key set is read again: a decision, without clock or network.
//!
//! It is read when its time is up, after a failure with growing pauses, and when a token
//! names a key that is not in it, which is how a rotation shows. The last is the only
//! cause that a stranger can bring about, so it counts once in a cool-down.

use seawall_policy::time::{MonoTime, Span};

/// A token with an unknown key causes no more than one reading in this time.
const COOL_DOWN: Span = Span::from_secs(30);

const FIRST_PAUSE: Span = Span::from_secs(1);
const LONGEST_PAUSE: Span = Span::from_secs(30);

/// What has been read, and what went wrong.
#[derive(Debug)]
pub(super) struct Schedule {
    stale_after: Span,
    /// When the set in use was read, and until when it is to be used.
    read: Option<(MonoTime, MonoTime)>,
    tried: Option<MonoTime>,
    asked_for: Option<MonoTime>,
    /// Somebody waits for a reading.
    awaited: bool,
    failures: u32,
}

/// What becomes of a token that names an unknown key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ask {
    /// The set is to be read now.
    Read,
    /// It is being read already.
    Wait,
    /// It was read too recently to be read for this.
    Refuse,
}

impl Schedule {
    pub(super) fn new(stale_after: Span) -> Self {
        Self {
            stale_after,
            read: None,
            tried: None,
            asked_for: None,
            // The first reading begins with the server.
            awaited: true,
            failures: 0,
        }
    }

    /// A reading brought a set, to be used for a while.
    pub(super) fn succeeded(&mut self, now: MonoTime, lifetime: Span) {
        self.read = Some((now, now + lifetime));
        self.tried = Some(now);
        self.awaited = false;
        self.failures = 0;
    }

    /// A reading brought nothing.
    pub(super) fn failed(&mut self, now: MonoTime) {
        self.tried = Some(now);
        self.awaited = false;
        self.failures = self.failures.saturating_add(1);
    }

    /// A token names an unknown key.
    pub(super) fn ask(&mut self, now: MonoTime) -> Ask {
        if self.awaited {
            return Ask::Wait;
        }
        let rests = self.asked_for.is_some_and(|asked| now.since(asked) < COOL_DOWN);
        // A set that was read a moment ago for another reason is as new as another reading would make it.
        let is_fresh = self.read.is_some_and(|(read, _)| now.since(read) < FIRST_PAUSE);
        if rests || is_fresh {
            return Ask::Refuse;
        }
        self.asked_for = Some(now);
        self.awaited = true;
        Ask::Read
    }

    /// When the set is to be read again by itself.
    pub(super) fn next(&self) -> MonoTime {
        let due = self.read.map_or(MonoTime::ZERO, |(_, until)| until);
        let pause = match self.failures {
            0 => Span::ZERO,
            failures => FIRST_PAUSE
                .times(1_u64 << (failures - 1).min(16))
                .min(LONGEST_PAUSE),
        };
        let rested = self.tried.map_or(MonoTime::ZERO, |tried| tried + pause);
        due.max(rested)
    }

    /// Whether nothing was read for so long that somebody should hear of it.
    pub(super) fn is_stale(&self, now: MonoTime) -> bool {
        self.failures > 0
            && self
                .read
                .is_none_or(|(read, _)| now.since(read) >= self.stale_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> MonoTime {
        MonoTime::from_millis(seconds * 1000)
    }

    fn schedule() -> Schedule {
        Schedule::new(Span::from_secs(3600))
    }

    #[test]
    fn a_set_is_read_at_once_and_again_when_its_time_is_up() {
        let mut schedule = schedule();
        assert_eq!(schedule.next(), at(0));
        schedule.succeeded(at(5), Span::from_secs(600));
        assert_eq!(schedule.next(), at(605));
    }

    #[test]
    fn failures_are_repeated_with_growing_pauses() {
        let mut schedule = schedule();
        let mut now = at(100);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            schedule.failed(now);
            pauses.push(schedule.next().since(now).as_millis_ceil() / 1000);
            now = schedule.next();
        }
        assert_eq!(pauses, [1, 2, 4, 8, 16, 30, 30]);
        schedule.succeeded(now, Span::from_secs(600));
        assert_eq!(schedule.next(), now + Span::from_secs(600));
    }

    #[test]
    fn a_storm_of_unknown_keys_causes_one_reading_in_thirty_seconds() {
        let mut schedule = schedule();
        schedule.succeeded(at(0), Span::from_secs(6000));
        let mut readings = 0;
        for second in 2..602 {
            if schedule.ask(at(second)) == Ask::Read {
                readings += 1;
                assert_eq!(schedule.ask(at(second)), Ask::Wait, "who comes meanwhile waits");
                schedule.failed(at(second));
            }
        }
        assert_eq!(readings, 20);
    }

    #[test]
    fn a_set_just_read_is_not_read_again() {
        let mut schedule = schedule();
        assert_eq!(schedule.ask(at(0)), Ask::Wait, "the first reading is under way");
        schedule.succeeded(at(10), Span::from_secs(600));
        assert_eq!(schedule.ask(at(10)), Ask::Refuse);
        assert_eq!(schedule.ask(at(11)), Ask::Read);
    }

    #[test]
    fn an_old_set_is_stale_only_while_it_cannot_be_read() {
        let mut schedule = schedule();
        assert!(!schedule.is_stale(at(0)));
        schedule.failed(at(0));
        assert!(schedule.is_stale(at(0)), "there never was one");
        schedule.succeeded(at(1), Span::from_secs(7200));
        assert!(!schedule.is_stale(at(7000)));
        schedule.failed(at(3600));
        assert!(!schedule.is_stale(at(3600)) && schedule.is_stale(at(3601)));
    }
}
