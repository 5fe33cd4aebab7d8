//! A sliding window that remembers each call, and the queue of those who wait for their turn.
//!
//! Exact: in no window of the quota's length are more calls admitted than its limit, and the wait that is
//! told is the wait that is needed. A caller that wants to wait reserves a turn; turns are handed out in
//! order and for different instants, so nobody wakes to find it taken. A turn redeemed late (hidden tabs
//! sleep for a minute) counts when it is used, not when it was planned.
//!
//! The server's word goes before the local count, downwards only: a 429 holds everything, a
//! `RateLimit` header lowers what is left. A header cannot raise a limit; the policy document can.

use std::collections::VecDeque;

use super::quota::Quota;
use crate::class::hint::RateHint;
use crate::time::{MonoTime, Span, Steady};

/// How long and in what company a caller is ready to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest wait; zero waits for nothing.
    pub max_wait: Span,
    /// Most callers waiting, this one included.
    pub max_queue: u32,
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
    quota: Quota,
    clock: Steady,
    sent: VecDeque<MonoTime>,
    queue: VecDeque<(Ticket, MonoTime)>,
    next_ticket: u32,
    hold: Hold,
    told: Option<Told>,
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
    };
}

impl SlidingWindow {
    /// A reserved turn that nobody redeems is given up after so long: a hidden tab wakes once a minute.
    pub const GRACE: Span = Span::from_secs(120);

    /// An unused window.
    #[must_use]
    pub fn new(quota: Quota) -> Self {
        Self {
            quota,
            clock: Steady::default(),
            sent: VecDeque::new(),
            queue: VecDeque::new(),
            next_ticket: 0,
            hold: Hold::default(),
            told: None,
        }
    }

    /// Counts a call if it may be made at this instant.
    pub fn take(&mut self, now: MonoTime) -> Turn {
        self.reserve(now, Patience::NONE)
    }

    /// Counts a call if it may be made at this instant, or else reserves the next turn.
    pub fn reserve(&mut self, now: MonoTime, patience: Patience) -> Turn {
        let now = self.begin(now);
        let turn_at = self.next_turn(now);
        if turn_at <= now {
            return self.count(now);
        }
        let retry_at = self.clock.to_caller(turn_at);
        if turn_at.since(now) > patience.max_wait {
            return Turn::Refused {
                retry_at,
                reason: Refusal::TooLong,
            };
        }
        if self.queue.len() >= patience.max_queue as usize {
            return Turn::Refused {
                retry_at,
                reason: Refusal::QueueFull,
            };
        }
        self.queue_up(turn_at)
    }

    /// Takes a reserved turn. Asked too early, or if the server has asked for quiet meanwhile, it gives a
    /// later turn in its place; for a ticket given up or unknown it asks anew.
    pub fn redeem(&mut self, ticket: Ticket, now: MonoTime) -> Turn {
        let now = self.begin(now);
        let place = self.queue.iter().position(|(queued, _)| *queued == ticket);
        let planned = place.and_then(|index| self.queue.remove(index)).map(|(_, at)| at);
        let Some(planned) = planned else {
            return self.reserve(
                self.clock.to_caller(now),
                Patience {
                    max_wait: Span::MAX,
                    max_queue: u32::MAX,
                },
            );
        };
        let possible = self.room_at(now).max(self.quiet_until()).max(planned);
        if possible <= now {
            self.count(now)
        } else {
            self.queue_up(possible)
        }
    }

    /// Leaves the queue.
    pub fn cancel(&mut self, ticket: Ticket) {
        self.queue.retain(|(queued, _)| *queued != ticket);
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

    /// Another quota from now on; calls already made count against it.
    pub fn set_quota(&mut self, quota: Quota) {
        self.quota = quota;
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

    /// A window in which calls of these ages were made already; any order, any number, any age.
    #[must_use]
    pub fn with_ages(quota: Quota, ages: &[Span], now: MonoTime) -> Self {
        let mut window = Self::new(quota);
        window.clock = Steady::with_head_room(quota.window());
        let now = window.clock.read(now);
        // Stored ages come in order; where they do not, each finds its place. A sort would be kilobytes of code.
        for sent in ages
            .iter()
            .filter(|age| **age < quota.window())
            .map(|age| now.minus(*age))
        {
            let place = window.sent.partition_point(|earlier| *earlier <= sent);
            window.sent.insert(place, sent);
            if window.sent.len() > quota.limit() as usize {
                window.sent.pop_front();
            }
        }
        window
    }

    fn begin(&mut self, now: MonoTime) -> MonoTime {
        let now = self.clock.read(now);
        let window = self.quota.window();
        while self
            .sent
            .front()
            .is_some_and(|oldest| now.since(*oldest) >= window)
        {
            self.sent.pop_front();
        }
        self.queue.retain(|(_, at)| now.since(*at) <= Self::GRACE);
        self.told = self.told.filter(|told| told.until > now);
        now
    }

    /// The first instant at which a newcomer may pass, behind all who wait.
    fn next_turn(&self, now: MonoTime) -> MonoTime {
        let limit = self.quota.limit() as usize;
        let ahead = self.sent.len() + self.queue.len();
        let slot = match ahead.checked_sub(limit) {
            None => now,
            Some(index) => self
                .nth(index)
                .map_or(now, |instant| instant + self.quota.window()),
        };
        let behind = self.queue.back().map_or(now, |(_, at)| *at);
        slot.max(behind)
            .max(self.room_at(now))
            .max(self.quiet_until())
            .max(now)
    }

    /// The first instant at which the calls really made leave room for one more.
    fn room_at(&self, now: MonoTime) -> MonoTime {
        let excess = self.sent.len().checked_sub(self.quota.limit() as usize);
        let oldest_in_the_way = excess.and_then(|index| self.sent.get(index));
        oldest_in_the_way.map_or(now, |instant| *instant + self.quota.window())
    }

    fn quiet_until(&self) -> MonoTime {
        let told = self
            .told
            .filter(|told| told.remaining == 0)
            .map_or(MonoTime::ZERO, |told| told.until);
        self.hold.until.max(told)
    }

    fn nth(&self, index: usize) -> Option<MonoTime> {
        let planned = |index: usize| self.queue.get(index).map(|(_, at)| *at);
        self.sent
            .get(index)
            .copied()
            .or_else(|| planned(index.checked_sub(self.sent.len())?))
    }

    fn count(&mut self, now: MonoTime) -> Turn {
        self.sent.push_back(now);
        if let Some(told) = &mut self.told {
            told.remaining = told.remaining.saturating_sub(1);
        }
        // What has left the window was dropped when this step began: nothing to count.
        let sent = u32::try_from(self.sent.len()).unwrap_or(u32::MAX);
        Turn::Now {
            remaining: self.left_after(sent, now),
        }
    }

    fn queue_up(&mut self, at: MonoTime) -> Turn {
        let ticket = Ticket(self.next_ticket);
        self.next_ticket = self.next_ticket.wrapping_add(1);
        let place = self.queue.partition_point(|(_, queued)| *queued <= at);
        self.queue.insert(place, (ticket, at));
        Turn::At(ticket, self.clock.to_caller(at))
    }

    fn left_after(&self, sent: u32, now: MonoTime) -> u32 {
        if self.hold.until > now || !self.queue.is_empty() {
            return 0;
        }
        let local = self.quota.limit().saturating_sub(sent);
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
