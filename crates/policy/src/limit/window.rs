//! A sliding window that remembers each call, and the queue of those who wait for their turn.
//!
//! Exact: in no window of the quota's length are more calls admitted than its limit, and the wait that is
//! told is the wait that is needed, unless somebody more urgent comes. A caller that wants to wait reserves a
//! turn; turns are for different instants and go by priority ([`crate::queue::priority`]), so nobody wakes to
//! find it taken by its equals. A turn redeemed late (hidden tabs sleep for a minute) counts when it is
//! used, not when it was planned.
//!
//! The server's word goes before the local count, downwards only: a 429 holds everything, a
//! `RateLimit` header lowers what is left, and stress lowers the limit itself for a while
//! ([`super::adaptive`]). A header cannot raise a limit; the policy document can.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::adaptive::{Adaptive, Signal};
use super::lease::Lease;
use super::quota::Quota;
use crate::breaker::Share;
use crate::class::hint::RateHint;
use crate::queue::Priority;
use crate::time::{MonoTime, Span, Steady};

/// How long, in what company and how urgently a caller is ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest wait; zero waits for nothing.
    pub max_wait: Span,
    /// Most callers waiting, this one included.
    pub max_queue: u32,
    /// Who goes first.
    pub priority: Priority,
}

/// A reserved turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket(u32);

/// The answer to "is it my turn?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Turn {
    /// Yes; it has been counted.
    Now {
        /// How many more would pass at this instant.
        remaining: u32,
    },
    /// At that instant, with this ticket.
    At(Ticket, MonoTime),
    /// No.
    Refused {
        /// When a call would pass, if those who wait take their turns.
        retry_at: MonoTime,
        /// Why waiting is no answer.
        reason: Refusal,
    },
}

/// Why there is no turn to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The wait would be longer than the caller's patience.
    TooLong,
    /// Too many wait already.
    QueueFull,
}

/// A sliding window over one key's calls.
#[derive(Clone, Debug)]
pub struct SlidingWindow {
    pub(super) quota: Quota,
    floor: Share,
    limit: Adaptive,
    pub(super) clock: Steady,
    /// When calls were made, in order; of what was lent, when it can be made at the latest.
    pub(super) sent: VecDeque<MonoTime>,
    pub(super) queue: Vec<Waiting>,
    next_ticket: u32,
    hold: Hold,
    told: Option<Told>,
    /// What another tab lets this one send; without one, this window is its own.
    pub(super) lease: Option<Lease>,
    /// Until then it does not know what other tabs have sent.
    pub(super) settled_at: MonoTime,
}

/// One who waits for its turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    ticket: Ticket,
    place: MonoTime,
    at: MonoTime,
}

/// What a 429 imposed.
#[derive(Clone, Copy, Debug, Default)]
struct Hold {
    until: MonoTime,
    in_a_row: u32,
}

/// What a header said is left.
#[derive(Clone, Copy, Debug)]
struct Told {
    remaining: u64,
    until: MonoTime,
}

impl Patience {
    /// Waits for nothing.
    pub const NONE: Self = Self {
        max_wait: Span::ZERO,
        max_queue: 0,
        priority: Priority::Normal,
    };
}

impl SlidingWindow {
    /// A reserved turn that nobody redeems is given up after so long: a hidden tab wakes once a minute.
    pub const GRACE: Span = Span::from_secs(120);

    /// An unused window, whose limit does not give way.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            floor: Share::ONE,
            limit: Adaptive::new(quota.limit(), quota.limit(), quota.limit()),
            clock: Steady::default(),
            sent: VecDeque::new(),
            queue: Vec::new(),
            next_ticket: 0,
            hold: Hold::default(),
            told: None,
            lease: None,
            settled_at: MonoTime::ZERO,
        }
    }

    /// The same, with a limit that gives way to stress, down to this share of it.
    #[must_use]
    pub fn adapting(mut self, floor: Share) -> Self {
        self.set_floor(floor);
        self
    }

    /// Counts a call if it may be made at this instant.
    pub fn take(&mut self, now: MonoTime) -> Turn {
        self.reserve(now, Patience::NONE)
    }

    /// Counts a call if it may be made at this instant, or else reserves the next turn.
    pub fn reserve(&mut self, now: MonoTime, patience: Patience) -> Turn {
        let now = self.begin(now);
        self.line_up(patience.priority.place(now), now, patience)
    }

    /// Takes a reserved turn. Asked too early, overtaken, or if the server has asked for quiet meanwhile, it
    /// gives a later turn in its place; for a ticket given up or unknown it asks anew.
    pub fn redeem(&mut self, ticket: Ticket, now: MonoTime) -> Turn {
        let now = self.begin(now);
        let Some(index) = self.queue.iter().position(|waiting| waiting.ticket == ticket) else {
            let patience = Patience {
                max_wait: Span::MAX,
                max_queue: u32::MAX,
                priority: Priority::Normal,
            };
            return self.line_up(patience.priority.place(now), now, patience);
        };
        let possible = self.turn(0, MonoTime::ZERO, now);
        let planned = self.queue.get(index).map_or(now, |waiting| waiting.at);
        let at = planned.max(possible);
        if at <= now {
            self.queue.remove(index);
            return self.count(now);
        }
        if let Some(waiting) = self.queue.get_mut(index) {
            waiting.at = at;
        }
        self.plan(index + 1, now);
        Turn::At(ticket, self.clock.to_caller(at))
    }

    /// Leaves the queue.
    pub fn cancel(&mut self, ticket: Ticket) {
        if let Some(index) = self.queue.iter().position(|waiting| waiting.ticket == ticket) {
            self.queue.remove(index);
        }
    }

    /// Takes in what came of a call made at `sent_at`: under stress the limit falls for a while.
    pub fn feel(&mut self, signal: Signal, sent_at: MonoTime, now: MonoTime) {
        let now = self.begin(now);
        let in_use = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        let sent_at = self.clock.to_steady(sent_at);
        self.limit.feel(signal, sent_at, now, in_use);
    }

    /// Takes a 429 in: nothing passes for as long as it says, up to `longest`. If it says nothing,
    /// `unsaid`, doubled for each such answer in a row.
    pub fn hold(&mut self, now: MonoTime, told: Option<Span>, unsaid: Span, longest: Span) {
        let now = self.begin(now);
        let guess = unsaid.times(1 << self.hold.in_a_row.min(16));
        self.hold.in_a_row = self.hold.in_a_row.saturating_add(1);
        let until = now + told.unwrap_or(guess).min(longest);
        self.hold.until = self.hold.until.max(until);
    }

    /// Takes a rate-limit header in; it holds for one window of the server's, at most `longest`.
    pub fn learn(&mut self, now: MonoTime, hint: RateHint, longest: Span) {
        let now = self.begin(now);
        self.hold.in_a_row = 0;
        let lasts = hint
            .reset
            .or(hint.window)
            .unwrap_or(self.quota.window())
            .min(longest);
        self.told = Some(Told {
            remaining: hint.remaining,
            until: now + lasts,
        });
    }

    /// How long the server's quiet still lasts.
    pub(super) fn held_for(&self, now: MonoTime) -> Span {
        let now = self.clock.to_steady(now).max(self.clock.last());
        self.hold.until.since(now)
    }

    pub(super) fn hold_until(&mut self, until: MonoTime) {
        self.hold.until = self.hold.until.max(until);
    }

    /// Takes in that the server served a call: 429s are no longer in a row.
    pub fn served(&mut self) {
        self.hold.in_a_row = 0;
    }

    /// How many calls would pass at this instant.
    #[must_use]
    pub fn remaining(&self, now: MonoTime) -> u32 {
        let now = self.clock.to_steady(now).max(self.clock.last());
        self.left_after(self.sent_within(now), now)
    }

    /// When the window will have forgotten all calls made so far, and the server's quiet is over.
    #[must_use]
    pub fn full_at(&self, now: MonoTime) -> MonoTime {
        let now_steady = self.clock.to_steady(now).max(self.clock.last());
        let newest = self
            .sent
            .back()
            .map_or(now_steady, |last| *last + self.quota.window());
        self.clock.to_caller(newest.max(self.hold.until).max(now_steady))
    }

    /// How many wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// The quota.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// What holds now of the quota's limit: less while the server is under stress.
    #[must_use]
    pub const fn limit(&self) -> u32 {
        self.limit.value()
    }

    /// Another quota from now on; calls already made count against it.
    pub fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
        self.set_floor(self.floor);
    }

    /// Another share of the limit that stress leaves.
    pub fn set_floor(&mut self, floor: Share) {
        self.floor = floor;
        let whole = Span::from_nanos(u64::from(self.quota.limit()));
        let floor = u32::try_from(whole.parts_per_million(floor.ppm()).as_nanos()).unwrap_or(u32::MAX);
        self.limit.rebound(floor, self.quota.limit());
    }

    /// The ages of the calls within the window, newest first: what a store keeps and other tabs need.
    pub fn ages(&self, now: MonoTime) -> impl Iterator<Item = Span> + '_ {
        let now = self.clock.to_steady(now).max(self.clock.last());
        self.sent
            .iter()
            .rev()
            .map(move |instant| now.since(*instant))
            .take_while(|age| *age < self.quota.window())
    }

    pub(super) fn begin(&mut self, now: MonoTime) -> MonoTime {
        let now = self.clock.read(now);
        let window = self.quota.window();
        while self
            .sent
            .front()
            .is_some_and(|oldest| now.since(*oldest) >= window)
        {
            self.sent.pop_front();
        }
        let is_late = |waiting: &Waiting| now.since(waiting.at) > Self::GRACE;
        while let Some(index) = self.queue.iter().position(is_late) {
            self.queue.remove(index);
        }
        self.told = self.told.filter(|told| told.until > now);
        now
    }

    /// Counts the call if its place in the queue is at hand, or queues it there; all behind it move back.
    fn line_up(&mut self, place: MonoTime, now: MonoTime, patience: Patience) -> Turn {
        let index = self.queue.partition_point(|waiting| waiting.place <= place);
        let before = index.checked_sub(1).and_then(|index| self.queue.get(index));
        let at = self
            .turn(index, before.map_or(now, |waiting| waiting.at), now)
            .max(now);
        if at <= now {
            let turn = self.count(now);
            self.plan(index, now);
            return turn;
        }
        let retry_at = self.clock.to_caller(at);
        let refused = |reason| Turn::Refused { retry_at, reason };
        if at.since(now) > patience.max_wait.max(self.finding_out(self.clock.to_caller(now))) {
            return refused(Refusal::TooLong);
        }
        if self.queue.len() >= patience.max_queue as usize {
            return refused(Refusal::QueueFull);
        }
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.wrapping_add(1);
        self.queue.insert(index, Waiting { ticket, place, at });
        self.plan(index + 1, now);
        Turn::At(ticket, retry_at)
    }

    /// Plans the turns of those from `first` on anew. A turn that has come stays: who never takes it is forgotten
    /// in the end.
    pub(super) fn plan(&mut self, first: usize, now: MonoTime) {
        for index in first..self.queue.len() {
            let before = index.checked_sub(1).and_then(|index| self.queue.get(index));
            let at = self.turn(index, before.map_or(now, |waiting| waiting.at), now);
            if let Some(waiting) = self.queue.get_mut(index).filter(|waiting| waiting.at > now) {
                waiting.at = at;
            }
        }
    }

    /// The first instant at which one with so many in the queue before it may pass, not before `behind`.
    pub(super) fn turn(&self, ahead: usize, behind: MonoTime, now: MonoTime) -> MonoTime {
        let after = |index: Option<usize>| {
            let in_the_way = index.and_then(|index| self.nth(index));
            in_the_way.map_or(now, |instant| instant + self.quota.window())
        };
        let limit = self.limit() as usize;
        // Turns that nobody took when they came stand in the past: those really taken have the last word.
        let really = after(self.sent.len().checked_sub(limit));
        let room = after((self.sent.len() + ahead).checked_sub(limit)).max(really);
        let lent = self.lease.map_or(now, |lease| lease.turn(ahead, now));
        room.max(behind).max(lent).max(self.quiet_until())
    }

    fn quiet_until(&self) -> MonoTime {
        let told = self
            .told
            .filter(|told| told.remaining == 0)
            .map_or(MonoTime::ZERO, |told| told.until);
        self.hold.until.max(told)
    }

    fn nth(&self, index: usize) -> Option<MonoTime> {
        let planned = |index: usize| self.queue.get(index).map(|waiting| waiting.at);
        self.sent
            .get(index)
            .copied()
            .or_else(|| planned(index.checked_sub(self.sent.len())?))
    }

    fn count(&mut self, now: MonoTime) -> Turn {
        self.log(now, 1);
        if let Some(told) = &mut self.told {
            told.remaining = told.remaining.saturating_sub(1);
        }
        if let Some(lease) = &mut self.lease {
            lease.spend();
        }
        // What has left the window was dropped when this step began: nothing to count.
        let sent = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        Turn::Now {
            remaining: self.left_after(sent, now),
        }
    }

    /// Counts calls at an instant; most come last.
    pub(super) fn log(&mut self, at: MonoTime, times: u32) {
        for _ in 0..times {
            self.sent.push_back(at);
            let mut place = self.sent.len() - 1;
            while place > 0 && self.sent.get(place - 1).is_some_and(|earlier| *earlier > at) {
                self.sent.swap(place - 1, place);
                place -= 1;
            }
        }
    }

    /// How many more the limit and the server allow at this instant, whoever waits.
    pub(super) fn left_at(&self, now: MonoTime) -> u32 {
        if self.quiet_until() > now {
            return 0;
        }
        let sent = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        let local = self.limit().saturating_sub(sent);
        let told = self.told.filter(|told| told.until > now);
        told.map_or(local, |told| {
            local.min(u32::try_from(told.remaining).unwrap_or(u32::MAX))
        })
    }

    fn left_after(&self, sent: u32, now: MonoTime) -> u32 {
        if self.hold.until > now || !self.queue.is_empty() {
            return 0;
        }
        let local = self.limit().saturating_sub(sent);
        let local = self.lease.map_or(local, |lease| local.min(lease.left(now)));
        match self.told {
            Some(told) if told.until > now => local.min(u32::try_from(told.remaining).unwrap_or(u32::MAX)),
            _ => local,
        }
    }

    fn sent_within(&self, now: MonoTime) -> u32 {
        let within = self
            .sent
            .iter()
            .rev()
            .take_while(|instant| now.since(**instant) < self.quota.window());
        u32::try_from(within.count()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
