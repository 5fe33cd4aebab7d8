//! One breaker in several tabs: what one has learnt the others take up, and one of them probes.
//!
//! A tab tells its transitions as snapshots. Another takes one up only if it is younger than its own last
//! transition: a message that comes late never overrides what is known better. Taken up it opens or closes the
//! circuit there like a transition of its own, so answers to calls admitted before are stragglers there too.
//!
//! Half-open, a tab that follows has no leave to probe: it refuses, and wishes for leave. The tab that leads
//! lends it to one at a time, for as long as a probe may take, and does not probe itself meanwhile. What the
//! probe finds is a transition, and ends every leave.

use alloc::vec::Vec;

use super::circuit::Circuit;
use super::{Breaker, Mode, Snapshot};
use crate::event::{Cause, State};
use crate::rng::Rng;
use crate::time::{MonoTime, Span, UnixTime};

/// Who may probe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Leave {
    /// This one.
    #[default]
    Own,
    /// Another, until then.
    Lent(MonoTime),
    /// This one only with leave, which it wishes for or not.
    None { wished: bool },
    /// This one, until then.
    Borrowed(MonoTime),
}

impl Breaker {
    /// A follower that was refused for want of leave hears of it within this time, or asks again.
    const HEARSAY: Span = Span::from_millis(100);

    /// The grain of a wall clock, and of what is read off it twice.
    const COARSE: Span = Span::from_millis(2);

    /// From now on it probes only with the leader's leave.
    pub const fn follow(&mut self) {
        self.leave = Leave::None { wished: false };
    }

    /// From now on it lends leave to probe, or probes itself.
    pub const fn lead(&mut self) {
        self.leave = Leave::Own;
    }

    /// Whether a call was refused because there was no leave to probe, since this was last asked.
    pub fn poll_wish(&mut self) -> bool {
        let wished = self.leave == Leave::None { wished: true };
        if wished {
            self.leave = Leave::None { wished: false };
        }
        wished
    }

    /// The leader gives leave: for as long as a probe may take.
    pub fn grant_leave(&mut self, now: MonoTime) {
        let now = self.clock.read(now);
        if matches!(self.leave, Leave::None { .. }) {
            self.leave = Leave::Borrowed(now + self.config.settings().probe_timeout);
        }
    }

    /// The leader is asked for leave: true if the circuit is half-open and nobody else probes it.
    pub fn lend_leave(&mut self, now: MonoTime, rng: &mut impl Rng) -> bool {
        let now = self.clock.read(now);
        self.advance(now, rng);
        let mine = match self.leave {
            Leave::Own => true,
            Leave::Lent(until) => until <= now,
            Leave::None { .. } | Leave::Borrowed(_) => false,
        };
        let free = mine && self.state() == State::HalfOpen && self.probes_under_way() == 0;
        if free {
            self.leave = Leave::Lent(now + self.config.settings().probe_timeout);
        }
        free
    }

    /// What this one has found, as of the moment it found it: to be told to other tabs.
    #[must_use]
    pub fn told(&self, now: MonoTime, unix: UnixTime) -> Snapshot {
        let now = self.clock.to_steady(now).max(self.clock.last());
        let age = now.since(self.changed_at);
        let remaining = match self.circuit {
            Circuit::Open { until } => until.since(self.changed_at),
            Circuit::Closed { .. } | Circuit::HalfOpen(_) => Span::ZERO,
        };
        Snapshot {
            saved: UnixTime::from_millis(unix.as_millis().saturating_sub(age.as_millis())),
            state: self.circuit_state(),
            remaining,
            trips: self.trips,
            closed_for: Span::ZERO,
            failure_ages: Vec::new(),
            slices: Vec::new(),
        }
    }

    /// Takes up what another tab has told. False if this one knows better, or if a hand holds it. `unix` is the wall
    /// clock at `now`.
    pub fn adopt(&mut self, told: &Snapshot, now: MonoTime, unix: UnixTime) -> bool {
        let now = self.clock.read(now);
        let age = unix.since(told.saved);
        let told_at = now.minus(age);
        let watched = matches!(self.mode, Mode::Active | Mode::MetricsOnly);
        // Wall clocks count in milliseconds: what a probe found is younger than the question all the same.
        let slack = if self.circuit_state() == State::HalfOpen {
            Self::COARSE
        } else {
            Span::ZERO
        };
        if !watched || age > self.config.shelf_life() || told_at + slack <= self.changed_at {
            return false;
        }
        match told.state {
            State::Open => {
                let remaining = told.remaining.min(self.config.longest_cool_down());
                let until = told_at + remaining;
                self.take_over(told, Circuit::Open { until }, told_at);
            }
            // It has been open, if this one has not heard of it; and it is due.
            State::HalfOpen if self.circuit_state() == State::Closed => {
                self.take_over(told, Circuit::Open { until: told_at }, told_at);
            }
            State::Closed if self.circuit_state() != State::Closed => {
                self.take_over(told, Circuit::Closed { since: told_at }, told_at);
            }
            State::HalfOpen
            | State::Closed
            | State::ForcedOpen
            | State::ForcedClosed
            | State::Disabled
            | State::MetricsOnly => return false,
        }
        true
    }

    /// Whether this one may probe now; if not for want of leave, it wishes for it.
    pub(super) fn may_probe(&mut self, now: MonoTime) -> bool {
        if let Leave::Borrowed(until) = self.leave
            && until <= now
        {
            self.leave = Leave::None { wished: false };
        }
        match &mut self.leave {
            Leave::Own | Leave::Borrowed(_) => true,
            Leave::Lent(until) => *until <= now,
            Leave::None { wished } => {
                *wished = true;
                false
            }
        }
    }

    /// When a call refused for want of leave may come again.
    pub(super) fn leave_at(&self, now: MonoTime) -> MonoTime {
        match self.leave {
            Leave::Lent(until) => until,
            Leave::Own | Leave::None { .. } | Leave::Borrowed(_) => now + Self::HEARSAY,
        }
    }

    fn take_over(&mut self, told: &Snapshot, circuit: Circuit, at: MonoTime) {
        self.trips = told.trips.min(Snapshot::MOST_TRIPS);
        if circuit.state() == self.circuit_state() {
            // The same state for another while: nothing to tell.
            self.circuit = circuit;
            self.changed_at = at;
        } else {
            self.enter(circuit, Cause::OtherTab, at);
        }
    }
}

impl Leave {
    /// After a transition whatever was lent has served its purpose.
    pub(super) const fn after_transition(self) -> Self {
        match self {
            Self::Own | Self::Lent(_) => Self::Own,
            Self::None { .. } | Self::Borrowed(_) => Self::None { wished: false },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::{Admission, BreakerConfig, BreakerSettings, Share};
    use crate::class::Outcome;
    use crate::rng::SplitMix64;

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    const fn wall(millis: u64) -> UnixTime {
        UnixTime::from_millis(1_700_000_000_000 + millis)
    }

    fn breaker() -> Breaker {
        let settings = BreakerSettings {
            failure_threshold: 1,
            jitter: Share::ZERO,
            success_threshold: 1,
            half_open_probes: 1,
            ..BreakerSettings::default()
        };
        Breaker::new(BreakerConfig::try_new(settings).unwrap())
    }

    fn rng() -> SplitMix64 {
        SplitMix64::new(1)
    }

    fn call(breaker: &mut Breaker, outcome: &Outcome, now: MonoTime) -> bool {
        let Admission::Admitted(permit) = breaker.admit(now, &mut rng()) else {
            return false;
        };
        breaker.settle(permit, outcome, Span::ZERO, now, &mut rng());
        true
    }

    /// Two tabs, of which the first has opened its circuit and the second has heard of it.
    fn opened() -> (Breaker, Breaker) {
        let (mut leader, mut follower) = (breaker(), breaker());
        follower.follow();
        assert!(call(&mut leader, &Outcome::NETWORK, at(1_000)));
        let told = leader.told(at(1_000), wall(1_000));
        // The other tab's clock began at another moment.
        assert!(follower.adopt(&told, at(51_005), wall(1_005)));
        (leader, follower)
    }

    #[test]
    fn a_circuit_opened_in_one_tab_is_open_in_the_other_for_as_long() {
        let (_, mut follower) = opened();
        assert_eq!(follower.state(), State::Open);
        assert!(matches!(
            follower.admit(at(52_000), &mut rng()),
            Admission::Rejected { retry_at, .. } if retry_at == at(81_000)
        ));
        assert_eq!(
            follower.poll_event().map(|event| event.cause),
            Some(Cause::OtherTab)
        );
    }

    #[test]
    fn one_tab_probes_and_the_other_hears_what_it_found() {
        let (mut leader, mut follower) = opened();
        assert!(!call(&mut follower, &Outcome::SUCCESS, at(81_000)));
        assert!(follower.poll_wish() && !follower.poll_wish());
        assert!(leader.lend_leave(at(31_001), &mut rng()));
        assert!(!leader.lend_leave(at(31_002), &mut rng()));
        assert!(!call(&mut leader, &Outcome::SUCCESS, at(31_002)));
        follower.grant_leave(at(81_003));
        assert!(call(&mut follower, &Outcome::SUCCESS, at(81_004)));
        assert_eq!(follower.state(), State::Closed);
        let told = follower.told(at(81_004), wall(31_004));
        assert!(leader.adopt(&told, at(31_005), wall(31_005)));
        assert!(call(&mut leader, &Outcome::SUCCESS, at(31_006)));
    }

    #[test]
    fn leave_that_is_not_used_comes_back() {
        let (mut leader, mut follower) = opened();
        assert!(!call(&mut follower, &Outcome::SUCCESS, at(81_000)));
        assert!(leader.lend_leave(at(31_000), &mut rng()));
        follower.grant_leave(at(81_000));
        assert!(!call(&mut leader, &Outcome::SUCCESS, at(45_999)));
        assert!(call(&mut leader, &Outcome::SUCCESS, at(46_000)));
        // The follower's leave, from when it heard of it, is over as well.
        assert!(!call(&mut follower, &Outcome::SUCCESS, at(96_000)));
    }

    #[test]
    fn an_older_message_never_overrides_a_newer_state() {
        let (mut leader, mut follower) = opened();
        let open = leader.told(at(1_000), wall(1_000));
        assert!(call(&mut leader, &Outcome::SUCCESS, at(31_000)));
        let closed = leader.told(at(31_000), wall(31_000));
        assert!(follower.adopt(&closed, at(81_002), wall(31_002)));
        assert!(!follower.adopt(&open, at(81_900), wall(31_900)));
        assert!(!follower.adopt(&closed, at(81_900), wall(31_900)));
        assert_eq!(follower.state(), State::Closed);
    }

    #[test]
    fn what_was_found_long_ago_is_old_however_late_it_is_told() {
        let (mut leader, mut follower) = opened();
        assert!(call(&mut leader, &Outcome::SUCCESS, at(31_000)));
        // The follower has not heard of it, and tells what it knows now: that the circuit is half-open since 31 s.
        assert!(!call(&mut follower, &Outcome::SUCCESS, at(81_500)));
        let stale = follower.told(at(82_000), wall(32_000));
        assert!(!leader.adopt(&stale, at(32_001), wall(32_001)));
        let news = leader.told(at(32_002), wall(32_002));
        assert!(follower.adopt(&news, at(82_003), wall(32_003)));
        assert_eq!((leader.state(), follower.state()), (State::Closed, State::Closed));
    }

    #[test]
    fn what_a_hand_has_forced_is_not_moved_by_others() {
        let (leader, _) = opened();
        let open = leader.told(at(1_000), wall(1_000));
        let mut forced = breaker();
        forced.force_closed(at(0));
        assert!(!forced.adopt(&open, at(5), wall(1_001)));
        assert_eq!(forced.state(), State::ForcedClosed);
    }

    #[test]
    fn a_forged_message_locks_out_no_longer_than_the_policy_could() {
        let text = Snapshot::sealed("b1;1700000001000;o;99999999999;9;0;;");
        let told = Snapshot::decode(&text).unwrap();
        let mut victim = breaker();
        assert!(victim.adopt(&told, at(1), wall(1_000)));
        let longest = victim.config().longest_cool_down();
        assert!(
            matches!(victim.admit(at(1), &mut rng()), Admission::Rejected { retry_at, .. } if retry_at <= at(1) + longest)
        );
    }
}
