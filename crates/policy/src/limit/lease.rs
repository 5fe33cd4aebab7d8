//! One limit held by several tabs: the one that keeps the window lends the others what they may send.
//!
//! The keeper counts what it lends at once, at the last instant at which it can be sent. The borrower sends
//! without asking anybody while its lease lasts, and what it has not sent by then it may not send any more. It
//! counts the lease from the moment it *asked*, before the keeper did anything, by its own clock: so no two
//! clocks have to agree, and a lease that is late, lost or of a tab that died is only unused.
//!
//! The bound: **in no window of the quota's length do all tabs together send more than the limit**, whatever
//! messages are delayed or lost. For take the last grant `g` behind what is sent from `s` to `s + window`: it is
//! before `s + window`, and everything else sent in that time was counted by `g`, at `s` or later, so that the
//! window of `g` still held it. The price is that what is lent stays counted [`validity`] longer than
//! necessary.
//!
//! Before a tab knows who keeps the window it may send its [`allowance`], a twentieth and at least one. It ends when
//! a keeper is heard of, and what was sent is owed and told. A tab that has just become the keeper sets aside what nine
//! others may owe until all who are there have told it ([`SlidingWindow::settle`]); of one that says nothing for long
//! ([`SETTLING`]) it counts the allowance as sent. So ten tabs that open at the same moment stay within a limit of ten
//! or more as well, however busy the machine is. Who would not wait for a turn still waits to hear whether there is
//! one ([`FINDING_OUT`]).

use super::quota::Quota;
use super::window::SlidingWindow;
use crate::time::{MonoTime, Span, Steady};

/// What another tab lets this one send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lease {
    left: u32,
    until: MonoTime,
    retry_at: MonoTime,
    /// Since the last grant.
    spent: u32,
    /// What was sent without leave, and not told yet.
    owes: u32,
}

/// How long what is lent may be sent: an eighth of the window, within reason.
#[must_use]
pub fn validity(quota: Quota) -> Span {
    let eighth = Span::from_nanos(quota.window().as_nanos() / 8);
    eighth.clamp(Span::from_millis(100), Span::from_millis(2_000))
}

/// How long a new keeper waits at most for what others owe: a tab that says nothing for longer sleeps.
pub const SETTLING: Span = Span::from_secs(3);

/// Tabs that may open at the same moment, beside the one that becomes the keeper.
const OTHERS: u32 = 9;

/// What a tab may send before it knows of the others.
#[must_use]
pub const fn allowance(quota: Quota) -> u32 {
    allowance_of(quota.limit())
}

/// The same, of a limit of at least one.
#[must_use]
pub const fn allowance_of(limit: u32) -> u32 {
    let part = limit / (2 * (OTHERS + 1));
    if part == 0 { 1 } else { part }
}

/// How long a call waits to hear from the keeper, however little it would wait for a turn.
pub const FINDING_OUT: Span = Span::from_secs(1);

/// The most a tab is lent beyond what waits.
const fn advance(quota: Quota) -> u32 {
    quota.limit() / 10
}

impl Lease {
    /// A borrower that hears nothing looks at the clock so often; a grant wakes it earlier.
    const PATIENCE: Span = Span::from_millis(250);

    pub(super) const fn left(&self, now: MonoTime) -> u32 {
        if self.until.as_nanos() > now.as_nanos() {
            self.left
        } else {
            0
        }
    }

    pub(super) fn turn(&self, ahead: usize, now: MonoTime) -> MonoTime {
        if ahead < self.left(now) as usize {
            now
        } else {
            self.retry_at.max(now + Self::PATIENCE)
        }
    }

    pub(super) const fn spend(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.spent = self.spent.saturating_add(1);
        // Only an allowance lasts for ever.
        if self.until.as_nanos() == MonoTime::FAR.as_nanos() {
            self.owes = self.owes.saturating_add(1);
        }
    }
}

impl SlidingWindow {
    /// From now on this window borrows. Until it hears from the keeper it may send its allowance, if nobody is known
    /// to keep the window, or nothing. One that was its own until now owes what it has counted.
    pub fn borrow(&mut self, keeper_known: bool) {
        if self.sent.is_empty() && self.queue.is_empty() {
            // What a keeper sets aside is counted before the page's clock began.
            self.clock = Steady::with_head_room(self.quota.window());
        }
        let sent = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        let (left, owes) = if keeper_known {
            (0, sent)
        } else {
            (allowance(self.quota).min(self.limit().saturating_sub(sent)), 0)
        };
        self.lease = Some(Lease {
            left,
            until: MonoTime::FAR,
            retry_at: MonoTime::ZERO,
            spent: 0,
            owes,
        });
    }

    /// A keeper has been heard of: the allowance ends, what was sent of it is owed.
    pub fn hear(&mut self) {
        if let Some(lease) = self.lease.as_mut().filter(|lease| lease.until == MonoTime::FAR) {
            (lease.left, lease.until) = (0, MonoTime::ZERO);
        }
    }

    /// From now on this window is its own, and the others'. What they may owe is set aside until then.
    pub fn keep(&mut self, settled_at: MonoTime, now: MonoTime) {
        let now = self.begin(now);
        if self.lease.take().is_some() {
            let settled_at = self.clock.to_steady(settled_at);
            self.settled_at = settled_at;
            if settled_at > now {
                self.log(
                    settled_at.minus(self.quota.window()),
                    OTHERS * allowance(self.quota),
                );
            }
        }
        self.plan(0, now);
    }

    /// The keeper has heard what everybody owes, but for so many who say nothing: they have sent their allowance.
    pub fn settle(&mut self, silent: u32, now: MonoTime) {
        let now = self.begin(now);
        if self.settled_at > now {
            let aside = self.settled_at.minus(self.quota.window());
            let mut rest = OTHERS * allowance(self.quota);
            self.sent.retain(|at| {
                let is_aside = *at == aside && rest > 0;
                rest -= u32::from(is_aside);
                !is_aside
            });
            self.settled_at = now;
        }
        self.log(now, silent.min(OTHERS) * allowance(self.quota));
        self.plan(0, now);
    }

    /// Whether it borrows.
    #[must_use]
    pub const fn is_borrowed(&self) -> bool {
        self.lease.is_some()
    }

    /// How long to wait at least, because it is not known yet whether there is a turn.
    #[must_use]
    pub fn finding_out(&self, now: MonoTime) -> Span {
        let now = self.clock.to_steady(now).max(self.clock.last());
        let asks = self
            .lease
            .is_some_and(|lease| lease.left(now) == 0 && lease.retry_at <= now);
        if self.settled_at > now {
            // Mostly much shorter: whoever is there answers within a moment.
            SETTLING + FINDING_OUT
        } else if asks {
            FINDING_OUT
        } else {
            Span::ZERO
        }
    }

    /// What the borrower sent without leave, to be told with its next request.
    #[must_use]
    pub fn owes(&self) -> u32 {
        self.lease.map_or(0, |lease| lease.owes)
    }

    /// The same, told now to a keeper that hears it.
    pub fn tell_owed(&mut self) -> u32 {
        self.lease
            .as_mut()
            .map_or(0, |lease| core::mem::take(&mut lease.owes))
    }

    /// How many the borrower should ask for: enough for those who wait, and as many as it has just sent.
    #[must_use]
    pub fn wanted(&self, now: MonoTime) -> u32 {
        let Some(lease) = self.lease else { return 0 };
        let now = self.clock.to_steady(now).max(self.clock.last());
        let waiting = u32::try_from(self.queue.len()).unwrap_or(u32::MAX);
        let soon = lease.spent.min(advance(self.quota));
        let left = lease.left(now);
        if lease.retry_at > now {
            // The keeper has nothing before then.
            0
        } else if left < waiting || left * 2 < soon {
            (waiting + soon).saturating_sub(left)
        } else {
            0
        }
    }

    /// The borrower has been lent so many, which it asked for at `asked_at` and may send for `valid`; if none, the
    /// keeper expects some after `retry`. Those who wait have new turns.
    pub fn lent(&mut self, count: u32, asked_at: MonoTime, valid: Span, retry: Span, now: MonoTime) {
        let now = self.begin(now);
        let until = self.clock.to_steady(asked_at) + valid;
        if let Some(lease) = &mut self.lease {
            // Of two leases that overlap the older is dropped, or both end with it: never longer than lent.
            let rest = lease.left(now);
            let (left, until) = if count >= rest {
                (count, until)
            } else {
                (rest.saturating_add(count), until.min(lease.until))
            };
            *lease = Lease {
                left,
                until,
                retry_at: if count == 0 { now + retry } else { MonoTime::ZERO },
                spent: if count == 0 { lease.spent } else { 0 },
                owes: 0,
            };
            self.plan(0, now);
        }
    }

    /// The keeper lends up to `want`; it leaves half of what there is to those who wait here.
    pub fn lend(&mut self, want: u32, now: MonoTime) -> u32 {
        let now = self.begin(now);
        if self.lease.is_some() {
            return 0;
        }
        let left = self.left_at(now);
        let free = if self.waiting() > 0 {
            left.div_ceil(2)
        } else {
            left
        };
        let count = want.min(free);
        self.log(now + validity(self.quota), count);
        self.plan(0, now);
        count
    }

    /// How long until the keeper may have something to lend.
    #[must_use]
    pub fn lends_in(&self, now: MonoTime) -> Span {
        let steady = self.clock.to_steady(now).max(self.clock.last());
        self.turn(self.waiting(), steady, steady).since(steady)
    }

    /// The keeper counts what another tab sent without its leave.
    pub fn owe(&mut self, count: u32, now: MonoTime) {
        let now = self.begin(now);
        self.log(now, count.min(self.quota.limit()));
        self.plan(0, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{Patience, Turn};
    use crate::queue::Priority;

    const PATIENT: Patience = Patience {
        max_wait: Span::from_secs(60),
        max_queue: 100,
        priority: Priority::Normal,
    };

    const fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    fn twenty() -> SlidingWindow {
        SlidingWindow::new(Quota::try_new(20, Span::from_secs(10)).unwrap())
    }

    fn passes(window: &mut SlidingWindow, now: MonoTime) -> bool {
        matches!(window.take(now), Turn::Now { .. })
    }

    #[test]
    fn what_is_lent_is_counted_where_it_can_last_be_sent() {
        let mut keeper = twenty();
        assert_eq!(keeper.lend(15, at(0)), 15);
        assert_eq!(keeper.lend(15, at(0)), 5);
        assert!(!passes(&mut keeper, at(0)));
        // Valid for an eighth of the window, so counted until eleven and a quarter.
        assert!(!passes(&mut keeper, at(11_249)));
        assert!(passes(&mut keeper, at(11_250)));
    }

    #[test]
    fn a_borrower_sends_its_lease_and_not_after_it_ended() {
        let mut borrower = twenty();
        borrower.borrow(true);
        assert!(!passes(&mut borrower, at(0)));
        borrower.lent(2, at(0), Span::from_millis(1_250), Span::ZERO, at(900));
        assert!(passes(&mut borrower, at(1_000)));
        assert!(!passes(&mut borrower, at(1_250)));
    }

    #[test]
    fn those_who_wait_are_told_anew_when_a_lease_comes() {
        let mut borrower = twenty();
        borrower.borrow(true);
        let Turn::At(ticket, told) = borrower.reserve(at(0), PATIENT) else {
            panic!()
        };
        assert_eq!((told, borrower.wanted(at(0))), (at(250), 1));
        borrower.lent(1, at(0), Span::from_secs(1), Span::ZERO, at(3));
        assert!(matches!(borrower.redeem(ticket, at(3)), Turn::Now { .. }));
    }

    #[test]
    fn before_a_keeper_is_known_a_twentieth_may_pass_and_is_owed() {
        let mut tab = twenty();
        tab.borrow(false);
        assert!(passes(&mut tab, at(0)) && !passes(&mut tab, at(0)));
        tab.hear();
        assert_eq!(tab.owes(), 1);
        let mut keeper = twenty();
        keeper.owe(tab.owes(), at(5));
        assert_eq!(keeper.remaining(at(5)), 19);
        tab.lent(1, at(0), Span::from_secs(1), Span::ZERO, at(6));
        assert_eq!(tab.owes(), 0);
    }

    #[test]
    fn who_would_not_wait_still_waits_to_hear_whether_there_is_a_turn() {
        let hasty = Patience {
            max_wait: Span::ZERO,
            ..PATIENT
        };
        let mut tab = twenty();
        tab.borrow(true);
        let Turn::At(ticket, _) = tab.reserve(at(0), hasty) else {
            panic!()
        };
        tab.lent(0, at(0), Span::ZERO, Span::from_secs(3), at(2));
        assert_eq!(tab.redeem(ticket, at(2)), Turn::At(ticket, at(3_002)));
        assert_eq!(tab.finding_out(at(2)), Span::ZERO);
        assert!(matches!(tab.reserve(at(2), hasty), Turn::Refused { .. }));
    }

    #[test]
    fn an_allowance_ends_when_a_keeper_is_heard_of() {
        let mut tab = twenty();
        tab.borrow(false);
        tab.hear();
        assert!(!passes(&mut tab, at(0)));
        assert_eq!(tab.owes(), 0);
    }

    #[test]
    fn a_new_keeper_sets_aside_what_nine_others_may_owe_until_it_has_heard_them() {
        let mut keeper = twenty();
        keeper.borrow(false);
        keeper.keep(at(5) + SETTLING, at(5));
        assert_eq!(keeper.remaining(at(5)), 11);
        assert_eq!(keeper.remaining(at(3_005)), 20);
    }

    #[test]
    fn a_keeper_that_has_heard_everybody_has_all_that_is_left_at_once() {
        let mut keeper = twenty();
        keeper.borrow(false);
        assert!(passes(&mut keeper, at(0)));
        keeper.keep(at(5) + SETTLING, at(5));
        keeper.owe(2, at(7));
        assert_eq!(keeper.remaining(at(7)), 8);
        keeper.settle(0, at(8));
        assert_eq!(keeper.remaining(at(8)), 17);
        assert_eq!(keeper.finding_out(at(8)), Span::ZERO);
    }

    #[test]
    fn a_tab_that_says_nothing_has_sent_its_allowance() {
        let mut keeper = twenty();
        keeper.borrow(false);
        keeper.keep(at(5) + SETTLING, at(5));
        keeper.settle(2, at(2_000));
        assert_eq!(keeper.remaining(at(2_000)), 18);
        assert_eq!(keeper.remaining(at(12_000)), 20);
    }

    #[test]
    fn a_keeper_that_steps_down_owes_what_it_counted() {
        let mut keeper = twenty();
        assert!(passes(&mut keeper, at(0)) && passes(&mut keeper, at(1)));
        keeper.borrow(true);
        assert_eq!(keeper.owes(), 2);
    }

    #[test]
    fn a_refusal_says_when_to_ask_again() {
        let mut keeper = twenty();
        assert_eq!(keeper.lend(20, at(0)), 20);
        let wait = keeper.lends_in(at(1_000));
        assert_eq!(wait, Span::from_millis(10_250));
        let mut borrower = twenty();
        borrower.borrow(true);
        borrower.lent(0, at(1_000), Span::ZERO, wait, at(1_000));
        assert_eq!(borrower.wanted(at(11_249)), 0);
        let Turn::At(_, told) = borrower.reserve(at(1_000), PATIENT) else {
            panic!()
        };
        assert_eq!(told, at(11_250));
    }

    #[test]
    fn the_keeper_shares_with_those_who_wait_at_home() {
        let mut keeper = twenty();
        for _ in 0..20 {
            assert!(passes(&mut keeper, at(0)));
        }
        assert!(matches!(keeper.reserve(at(1), PATIENT), Turn::At(..)));
        assert_eq!(keeper.lend(20, at(10_000)), 10);
    }

    #[test]
    fn a_tab_that_keeps_the_window_again_lets_its_queue_go() {
        let mut tab = twenty();
        tab.borrow(true);
        let Turn::At(ticket, _) = tab.reserve(at(0), PATIENT) else {
            panic!()
        };
        tab.keep(at(10), at(10));
        assert!(matches!(tab.redeem(ticket, at(10)), Turn::Now { .. }));
    }
}
