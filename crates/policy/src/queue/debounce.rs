//! Which of several calls with one key is sent, and when: the latest after a quiet while, or the first at once.
//!
//! Nobody is left hanging: a call that is not sent itself ends as the one that was sent in its place.

use crate::time::{MonoTime, Span};

/// At which edge of a burst its one call is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// The first call at once; those that follow within the wait end as it does.
    Leading,
    /// The latest call, once it was quiet for the wait; those before it end as it does.
    Trailing,
}

/// What becomes of a call that arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It is sent now.
    Send,
    /// It takes the place of whoever waits, and waits until this instant.
    Hold(MonoTime),
    /// It ends as the call that was sent.
    Join,
}

/// The calls of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debounce {
    /// Until when the burst lasts if nothing else arrives.
    quiet_at: Option<MonoTime>,
}

impl Debounce {
    /// A call arrives.
    pub fn arrive(&mut self, edge: Edge, wait: Span, now: MonoTime) -> Move {
        let follows = self.quiet_at.is_some_and(|at| now < at);
        let quiet_at = now + wait;
        self.quiet_at = Some(quiet_at);
        match edge {
            Edge::Trailing => Move::Hold(quiet_at),
            Edge::Leading if follows => Move::Join,
            Edge::Leading => Move::Send,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: Span = Span::from_millis(100);

    fn at(millis: u64) -> MonoTime {
        MonoTime::from_millis(millis)
    }

    #[test]
    fn the_latest_is_held_until_it_was_quiet() {
        let mut key = Debounce::default();
        assert_eq!(key.arrive(Edge::Trailing, WAIT, at(0)), Move::Hold(at(100)));
        assert_eq!(key.arrive(Edge::Trailing, WAIT, at(60)), Move::Hold(at(160)));
    }

    #[test]
    fn the_first_is_sent_and_the_rest_of_the_burst_joins_it() {
        let mut key = Debounce::default();
        assert_eq!(key.arrive(Edge::Leading, WAIT, at(0)), Move::Send);
        assert_eq!(key.arrive(Edge::Leading, WAIT, at(99)), Move::Join);
        assert_eq!(key.arrive(Edge::Leading, WAIT, at(198)), Move::Join);
        assert_eq!(key.arrive(Edge::Leading, WAIT, at(298)), Move::Send);
    }
}
