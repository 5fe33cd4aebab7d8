//! What an instance knows of the count that all share, and when it may count by itself.
//!
//! Pure: the shell asks Redis and tells what came of it. The bound must hold while
//! some instances reach Redis and others do not, so each is a member there by a lease.
//! An instance that gets no answer lets nothing pass until its lease has run out, and
//! from then on one share of the rate, beginning with nothing left; those who still
//! reach Redis see its lease run out and count with the rest of the rate. One that
//! returns drops what it has counted, and every burst counts as used up from then.

use seawall_policy::time::{MonoTime, Span};

/// How long an instance is a member after each answer.
pub(super) const LEASE: Span = Span::from_millis(500);
/// How long one that did not take its leave keeps its share.
pub(super) const FORGET: Span = Span::from_secs(30);

/// What this instance knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Contact {
    epoch: String,
    last: Option<Exchange>,
    apart: Option<MonoTime>,
    members: u32,
    returned: Option<MonoTime>,
}

/// One call and its answer, in this instance's time and in Redis'.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Exchange {
    sent: MonoTime,
    heard: MonoTime,
    redis_us: u64,
}

/// What a call to the script says of the instance that makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Introduction {
    pub(super) epoch: String,
    pub(super) is_apart: bool,
    pub(super) latest_us: u64,
    pub(super) members: u32,
}

/// How to count without Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alone {
    /// When every burst counts as used up.
    pub(super) since: MonoTime,
    /// One of so many shares is this instance's.
    pub(super) members: u32,
    /// Whether this begins it.
    pub(super) begins: bool,
}

impl Contact {
    /// What the next call says. `timeout` is how long its answer is waited for.
    pub(super) fn introduction(&self, now: MonoTime, timeout: Span) -> Introduction {
        let latest_us = self.last.map_or(0, |last| {
            let passed = now.since(last.sent) + timeout;
            last.redis_us.saturating_add(passed.as_nanos() / 1_000)
        });
        Introduction {
            epoch: self.epoch.clone(),
            is_apart: self.apart.is_some(),
            latest_us,
            members: if self.knows_better(now) { self.members } else { 0 },
        }
    }

    /// Takes an answer in; true if it ends a time of counting alone.
    pub(super) fn answered(
        &mut self,
        (sent, heard): (MonoTime, MonoTime),
        redis_us: u64,
        epoch: &str,
        members: u32,
    ) -> bool {
        // Calls overtake each other; the latest word counts.
        if self.last.is_none_or(|last| last.sent <= sent) {
            self.last = Some(Exchange {
                sent,
                heard,
                redis_us,
            });
        }
        if self.epoch != epoch {
            epoch.clone_into(&mut self.epoch);
        }
        let returned = self.apart.take().is_some();
        if returned {
            self.returned = Some(heard);
        }
        self.members = if self.knows_better(heard) {
            self.members.max(members)
        } else {
            members
        };
        returned
    }

    /// Redis' clock is not where it was expected: says so in the next call, so that nothing is left of any burst.
    pub(super) fn lost_track(&mut self, now: MonoTime) {
        self.last = None;
        self.apart.get_or_insert(now);
    }

    /// Redis did not answer: how to count until it does. At least `known` instances are there.
    ///
    /// One lost answer is no absence: until the lease has run out nothing passes, and nothing need be told.
    pub(super) fn unanswered(&mut self, now: MonoTime, known: u32) -> Alone {
        let leased = self.last.map_or(now, |last| last.heard + LEASE);
        let begins = self.apart.is_none() && leased <= now;
        if begins {
            self.apart = Some(leased);
        }
        let since = self.apart.unwrap_or(leased);
        Alone {
            since,
            members: self.members.max(known).max(1),
            begins,
        }
    }

    /// After an outage Redis may know fewer members than there are, until all have returned.
    fn knows_better(&self, now: MonoTime) -> bool {
        self.returned.is_some_and(|returned| now.since(returned) < FORGET)
    }

    /// Whether this instance counts alone.
    pub(super) fn is_apart(&self) -> bool {
        self.apart.is_some()
    }

    /// The instances there are, as far as this one knows.
    pub(super) fn members(&self) -> u32 {
        self.members
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    fn in_touch(members: u32) -> Contact {
        let mut contact = Contact::default();
        assert!(!contact.answered((at(100), at(101)), 5_000_000, "1", members));
        contact
    }

    #[test]
    fn alone_nothing_passes_before_the_lease_has_run_out() {
        let mut contact = in_touch(3);
        let alone = |since, begins| Alone {
            since,
            members: 3,
            begins,
        };
        assert_eq!(contact.unanswered(at(200), 1), alone(at(601), false));
        assert!(!contact.is_apart());
        assert_eq!(contact.unanswered(at(700), 1), alone(at(601), true));
        assert_eq!(contact.unanswered(at(9_000), 1), alone(at(601), false));
        assert!(contact.is_apart());
    }

    #[test]
    fn who_never_reached_redis_begins_with_nothing_left_and_the_share_it_was_told() {
        let alone = Contact::default().unanswered(at(50), 4);
        assert_eq!((alone.since, alone.members), (at(50), 4));
    }

    #[test]
    fn the_return_is_told_once_and_keeps_the_number_of_members_for_a_while() {
        let mut contact = in_touch(3);
        contact.unanswered(at(700), 1);
        assert!(contact.introduction(at(900), Span::from_millis(50)).is_apart);
        assert!(contact.answered((at(900), at(901)), 5_800_000, "2", 1));
        assert!(!contact.introduction(at(950), Span::from_millis(50)).is_apart);
        let next = contact.introduction(at(950), Span::from_millis(50));
        assert_eq!((contact.members(), next.members), (3, 3));
        contact.answered((at(31_000), at(31_001)), 9_000_000, "2", 1);
        assert_eq!(contact.members(), 1);
    }

    #[test]
    fn a_call_is_worth_nothing_once_its_sender_has_stopped_waiting() {
        let contact = in_touch(1);
        let latest = contact.introduction(at(1_100), Span::from_millis(50)).latest_us;
        assert_eq!(latest, 5_000_000 + 1_050_000);
        assert_eq!(
            Contact::default()
                .introduction(at(5), Span::from_millis(50))
                .latest_us,
            0
        );
    }

    #[test]
    fn a_clock_that_jumped_counts_as_having_been_away() {
        let mut contact = in_touch(2);
        contact.lost_track(at(500));
        let next = contact.introduction(at(501), Span::from_millis(50));
        assert!(next.is_apart && next.latest_us == 0);
    }
}
