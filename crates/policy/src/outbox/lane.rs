//! Who stands before whom: one walk over the writes, oldest first.

use super::config::Order;
use super::rows::Rows;
use super::write::{State, Write};

/// What was seen so far of the writes of each user to each place.
pub(super) struct Lanes<'a> {
    order: Order,
    seen: Vec<Lane<'a>>,
}

struct Lane<'a> {
    who: &'a str,
    name: &'a str,
    /// Writes that go on as soon as they can.
    waiting: Vec<&'a Rows>,
    /// Writes that were set aside, and those that stay behind one of them.
    parked: Vec<&'a Rows>,
}

impl<'a> Lanes<'a> {
    pub(super) const fn new(order: Order) -> Self {
        Self {
            order,
            seen: Vec::new(),
        }
    }

    /// Whether a write made now must stay behind those seen so far.
    pub(super) fn hold_back(&self, who: &str, name: &str, rows: &Rows) -> bool {
        self.lane(who, name).is_some_and(|lane| {
            let waits = match self.order {
                Order::Table => !lane.waiting.is_empty(),
                Order::Row => lane.waiting.iter().any(|earlier| earlier.may_meet(rows)),
            };
            waits || lane.park(rows)
        })
    }

    /// Takes the next write into account.
    pub(super) fn pass(&mut self, write: &'a Write) {
        let known = self.seen.iter_mut().find(|lane| lane.is_of(write));
        match known {
            Some(lane) => lane.pass(write),
            None => {
                let mut lane = Lane {
                    who: &write.who,
                    name: &write.lane,
                    waiting: Vec::new(),
                    parked: Vec::new(),
                };
                lane.pass(write);
                self.seen.push(lane);
            }
        }
    }

    fn lane(&self, who: &str, name: &str) -> Option<&Lane<'a>> {
        self.seen.iter().find(|lane| lane.who == who && lane.name == name)
    }
}

impl<'a> Lane<'a> {
    fn is_of(&self, write: &Write) -> bool {
        self.who == write.who && self.name == write.lane
    }

    fn pass(&mut self, write: &'a Write) {
        let parks = match write.state {
            State::SetAside(_) => true,
            State::Queued => self.park(&write.rows),
            State::Sending { .. } => false,
        };
        let rows = if parks {
            &mut self.parked
        } else {
            &mut self.waiting
        };
        rows.push(&write.rows);
    }

    /// Whether a write to these rows stays behind one that was set aside.
    fn park(&self, rows: &Rows) -> bool {
        self.parked.iter().any(|earlier| earlier.surely_meets(rows))
    }
}
