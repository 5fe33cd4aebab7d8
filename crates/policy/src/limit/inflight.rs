//! A cap on how many attempts are under way, and the line of those who wait for a place.
//!
//! The cap adapts ([`super::adaptive`]): a server that slows down gets fewer at a time, and what waits here waits
//! by priority instead of in a queue of the server's that knows none. A place that becomes free belongs to the
//! first in line from that instant: [`Inflight::poll_ready`] names it, and no newcomer can take it.
//!
//! A place is a number. One that is forgotten comes back by itself once its attempt must long be over; one that
//! is given back twice, or forged, changes nothing.

use alloc::vec::Vec;

use super::adaptive::{Adaptive, Signal};
use crate::queue::Priority;
use crate::time::{MonoTime, Span};

/// The bounds of the cap and of the line; by default there is no cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InflightConfig {
    /// Never fewer than this at a time.
    pub min: u32,
    /// Never more than this at a time; 0: no cap at all.
    pub max: u32,
    /// Most that wait for a place.
    pub max_queue: u32,
}

/// A place among those under way, or in the line for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(u32);

/// The answer to "is there a place?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Place {
    /// This one.
    Taken(Slot),
    /// One will be called when there is; until then it stands in line.
    InLine(Slot),
    /// No, and the line is full.
    Full,
}

/// The attempts under way to one backend.
#[derive(Clone, Debug)]
pub struct Inflight {
    config: InflightConfig,
    cap: Adaptive,
    taken: Vec<Taken>,
    line: Vec<Waiting>,
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Taken {
    slot: Slot,
    until: MonoTime,
}

#[derive(Clone, Copy, Debug)]
struct Waiting {
    slot: Slot,
    place: MonoTime,
}

impl Inflight {
    /// With how many it begins: more than any browser opens connections of HTTP/1.1 to one host, fewer than the
    /// streams that servers of HTTP/2 allow.
    pub const START: u32 = 16;
    /// A place is taken back so long after its attempt should have ended; one that was called and never came, too.
    pub const GRACE: Span = Span::from_secs(120);

    /// Nobody under way.
    #[must_use]
    pub fn new(config: InflightConfig) -> Self {
        Self {
            config,
            cap: Adaptive::new(config.min, Self::START, config.max),
            taken: Vec::new(),
            line: Vec::new(),
            next: 0,
        }
    }

    /// Asks for a place.
    pub fn ask(&mut self, priority: Priority, now: MonoTime) -> Place {
        let slot = Slot(self.next);
        self.next = self.next.wrapping_add(1);
        if self.line.is_empty() && self.has_room(now) {
            self.take(slot, now);
            return Place::Taken(slot);
        }
        if self.line.len() >= self.config.max_queue as usize {
            return Place::Full;
        }
        let place = priority.place(now);
        let index = self.line.partition_point(|waiting| waiting.place <= place);
        self.line.insert(index, Waiting { slot, place });
        Place::InLine(slot)
    }

    /// Sends the last in line away, and names it, if the line is full and one of that priority that joins now would
    /// stand before it.
    pub fn displace(&mut self, priority: Priority, now: MonoTime) -> Option<Slot> {
        let last = *self.line.last()?;
        let is_full = self.line.len() >= self.config.max_queue as usize;
        if !is_full || last.place <= priority.place(now) {
            return None;
        }
        self.line.pop();
        Some(last.slot)
    }

    /// Whether this place is taken: asked anew, or called from the line.
    #[must_use]
    pub fn holds(&self, slot: Slot) -> bool {
        self.taken.iter().any(|taken| taken.slot == slot)
    }

    /// Says when the attempt in this place will be given up.
    pub fn expect(&mut self, slot: Slot, end: MonoTime) {
        if let Some(taken) = self.taken.iter_mut().find(|taken| taken.slot == slot) {
            taken.until = end + Self::GRACE;
        }
    }

    /// Gives a place back, or leaves the line.
    pub fn leave(&mut self, slot: Slot) {
        if let Some(place) = self.taken.iter().position(|taken| taken.slot == slot) {
            self.taken.swap_remove(place);
        }
        if let Some(place) = self.line.iter().position(|waiting| waiting.slot == slot) {
            self.line.remove(place);
        }
    }

    /// Takes in what came of an attempt sent at `sent_at`. Call it before the attempt leaves.
    pub fn feel(&mut self, signal: Signal, sent_at: MonoTime, now: MonoTime) {
        let in_use = self.under_way();
        self.cap.feel(signal, sent_at, now, in_use);
    }

    /// Gives a place that has become free to the first in line, and names it. Ask until there is none.
    pub fn poll_ready(&mut self, now: MonoTime) -> Option<Slot> {
        let first = *self.line.first()?;
        if !self.has_room(now) {
            return None;
        }
        self.line.remove(0);
        self.take(first.slot, now);
        Some(first.slot)
    }

    /// Takes up other bounds; nobody loses a place.
    pub fn reconfigure(&mut self, config: InflightConfig) {
        if config == self.config {
            return;
        }
        if self.config.max == 0 {
            self.cap = Adaptive::new(config.min, Self::START, config.max);
        }
        self.config = config;
        self.cap.rebound(config.min, config.max);
    }

    /// How many may be under way now.
    #[must_use]
    pub const fn cap(&self) -> u32 {
        self.cap.value()
    }

    /// How many are.
    #[must_use]
    pub fn under_way(&self) -> u32 {
        u32::try_from(self.taken.len()).unwrap_or(u32::MAX)
    }

    /// How many wait for a place.
    #[must_use]
    pub const fn waiting(&self) -> usize {
        self.line.len()
    }

    fn has_room(&mut self, now: MonoTime) -> bool {
        if self.config.max == 0 {
            return true;
        }
        if self.under_way() >= self.cap() {
            while let Some(place) = self.taken.iter().position(|taken| taken.until <= now) {
                self.taken.swap_remove(place);
            }
        }
        self.under_way() < self.cap()
    }

    fn take(&mut self, slot: Slot, now: MonoTime) {
        let until = now + Self::GRACE;
        self.taken.push(Taken { slot, until });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: MonoTime = MonoTime::from_millis(1_000);

    fn two_at_a_time() -> Inflight {
        Inflight::new(InflightConfig {
            min: 2,
            max: 2,
            max_queue: 3,
        })
    }

    fn taken(place: Place) -> Slot {
        match place {
            Place::Taken(slot) => slot,
            Place::InLine(_) | Place::Full => panic!("{place:?}"),
        }
    }

    fn in_line(place: Place) -> Slot {
        match place {
            Place::InLine(slot) => slot,
            Place::Taken(_) | Place::Full => panic!("{place:?}"),
        }
    }

    #[test]
    fn those_beyond_the_cap_stand_in_line_and_beyond_that_are_refused() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let _second = taken(inflight.ask(Priority::Normal, NOW));
        let third = in_line(inflight.ask(Priority::Normal, NOW));
        let fourth = in_line(inflight.ask(Priority::Normal, NOW));
        let _fifth = in_line(inflight.ask(Priority::Normal, NOW));
        assert_eq!(inflight.ask(Priority::Critical, NOW), Place::Full);
        assert_eq!(inflight.poll_ready(NOW), None);
        inflight.leave(first);
        assert_eq!(inflight.poll_ready(NOW), Some(third));
        assert!(inflight.holds(third) && !inflight.holds(fourth));
        assert_eq!(inflight.poll_ready(NOW), None);
    }

    #[test]
    fn a_place_that_became_free_is_the_first_in_lines_and_no_newcomers() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let _second = taken(inflight.ask(Priority::Normal, NOW));
        let waiting = in_line(inflight.ask(Priority::Low, NOW));
        inflight.leave(first);
        let newcomer = in_line(inflight.ask(Priority::Low, NOW));
        assert_eq!(inflight.poll_ready(NOW), Some(waiting));
        assert!(!inflight.holds(newcomer));
    }

    #[test]
    fn the_urgent_go_first_and_who_leaves_is_not_called() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let second = taken(inflight.ask(Priority::Normal, NOW));
        let low = in_line(inflight.ask(Priority::Low, NOW));
        let high = in_line(inflight.ask(Priority::High, NOW));
        let critical = in_line(inflight.ask(Priority::Critical, NOW));
        inflight.leave(high);
        inflight.leave(first);
        inflight.leave(second);
        assert_eq!(inflight.poll_ready(NOW), Some(critical));
        assert_eq!(inflight.poll_ready(NOW), Some(low));
    }

    #[test]
    fn where_the_line_is_full_the_urgent_send_the_last_away() {
        let mut inflight = two_at_a_time();
        for _ in 0..2 {
            let _ = taken(inflight.ask(Priority::Normal, NOW));
        }
        let waiting: Vec<Slot> = (0..3)
            .map(|_| in_line(inflight.ask(Priority::Low, NOW)))
            .collect();
        assert_eq!(inflight.displace(Priority::Low, NOW), None);
        assert_eq!(inflight.displace(Priority::High, NOW), waiting.last().copied());
        let _ = in_line(inflight.ask(Priority::High, NOW));
        // Who has waited long enough is not sent away any more.
        let later = NOW + Priority::Low.handicap();
        assert_eq!(inflight.displace(Priority::High, later), None);
    }

    #[test]
    fn a_forgotten_place_comes_back() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let second = taken(inflight.ask(Priority::Normal, NOW));
        inflight.expect(first, MonoTime::FAR);
        inflight.expect(second, NOW + Span::from_secs(10));
        let late = NOW + Span::from_secs(130);
        assert!(matches!(inflight.ask(Priority::Normal, NOW), Place::InLine(_)));
        assert!(inflight.poll_ready(late).is_some());
        assert!(inflight.holds(first) && !inflight.holds(second));
    }

    #[test]
    fn a_place_given_back_twice_frees_one() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let _second = taken(inflight.ask(Priority::Normal, NOW));
        inflight.leave(first);
        inflight.leave(first);
        assert_eq!(inflight.under_way(), 1);
    }

    #[test]
    fn without_a_cap_everybody_passes() {
        let mut inflight = Inflight::new(InflightConfig {
            min: 2,
            max: 0,
            max_queue: 0,
        });
        for _ in 0..1_000 {
            taken(inflight.ask(Priority::Low, NOW));
        }
    }

    #[test]
    fn a_smaller_cap_takes_no_place_away() {
        let mut inflight = two_at_a_time();
        let first = taken(inflight.ask(Priority::Normal, NOW));
        let second = taken(inflight.ask(Priority::Normal, NOW));
        inflight.reconfigure(InflightConfig {
            min: 1,
            max: 1,
            max_queue: 3,
        });
        let third = in_line(inflight.ask(Priority::Normal, NOW));
        inflight.leave(first);
        assert_eq!(inflight.poll_ready(NOW), None);
        inflight.leave(second);
        assert_eq!(inflight.poll_ready(NOW), Some(third));
    }
}
