//! Writes that wait for the network: which goes next, under whom, and what its answer means.
//!
//! The outbox is a list in the order in which the writes were made. One page at a time replays it: it asks
//! [`Outbox::next`], stores that the write is being sent, sends it, and tells [`Outbox::answered`]. Whatever stops
//! it in between leaves a write that is *being sent* by a page that is gone: its fate is unknown, and
//! [`Outbox::recover`] queues it again where twice is as good as once, and sets it aside where it is not.
//!
//! What it promises, if the caller stores each change before it acts on it:
//!
//! - A write is applied once, if the server applies its repetition to no effect; a write whose repetition would
//!   have an effect is sent at most once more than it is known not to have been done.
//! - Of one user's writes in one lane none overtakes another; with [`Order::Row`] only those that may meet in a row
//!   keep their order.
//! - What can never succeed is set aside, holds back only later writes that name the same row, and stays until somebody
//!   decides about it.
//! - A write is sent under the user who made it and under nobody else.
//!
//! It does not know what a body is, and stores nothing: times are the wall clock's, because they outlive the page.

mod answer;
mod config;
pub mod form;
mod lane;
mod next;
mod rows;
mod write;

#[cfg(test)]
mod tests;

pub use answer::{Ending, Resolution, Sent, Verdict};
pub use config::{Full, Order, OutboxConfig};
pub use next::{Desk, Next};
pub use rows::Rows;
pub use write::{Form, Reason, State, Write};

use lane::Lanes;

/// The queued writes, oldest first.
#[derive(Clone, Debug)]
pub struct Outbox {
    config: OutboxConfig,
    writes: Vec<Write>,
    /// Writes that were changed and not yet stored.
    touched: Vec<u64>,
}

impl Outbox {
    /// An outbox of stored writes, oldest first.
    #[must_use]
    pub const fn new(config: OutboxConfig, writes: Vec<Write>) -> Self {
        Self {
            config,
            writes,
            touched: Vec::new(),
        }
    }

    /// All writes, oldest first.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// The write of that number.
    #[must_use]
    pub fn write(&self, id: u64) -> Option<&Write> {
        self.writes.iter().find(|write| write.id == id)
    }

    /// Queues a write behind all others; its number must be the highest yet.
    pub fn add(&mut self, write: Write) {
        self.touched.push(write.id);
        self.writes.push(write);
    }

    /// Whether a write of this user in this lane would overtake one that waits, if it were sent now.
    #[must_use]
    pub fn holds_back(&self, who: &str, lane: &str, rows: &Rows) -> bool {
        let mut lanes = Lanes::new(self.config.order);
        for write in &self.writes {
            lanes.pass(write);
        }
        lanes.hold_back(who, lane, rows)
    }

    /// Queues a write again that was set aside, in its old place. False if there is none such.
    pub fn retry(&mut self, id: u64) -> bool {
        let Some(write) = self.writes.iter_mut().find(|write| write.id == id) else {
            return false;
        };
        let State::SetAside(reason) = write.state else {
            return false;
        };
        if reason == Reason::Corrupt {
            return false;
        }
        write.requeue();
        self.touched.push(id);
        true
    }

    /// Sets aside a write of which what is stored cannot be sent.
    pub fn spoil(&mut self, id: u64) {
        if let Some(write) = self.find(id) {
            write.state = State::SetAside(Reason::Corrupt);
            self.touched.push(id);
        }
    }

    /// Whether a write may be thrown away: not while it is being sent, for that could not be called back.
    #[must_use]
    pub fn may_discard(&self, id: u64) -> bool {
        self.write(id)
            .is_some_and(|write| !matches!(write.state, State::Sending { .. }))
    }

    /// The changed writes that are still there, once each.
    pub fn take_touched(&mut self) -> Vec<&Write> {
        let touched = core::mem::take(&mut self.touched);
        self.writes
            .iter()
            .filter(|write| touched.contains(&write.id))
            .collect()
    }

    fn find(&mut self, id: u64) -> Option<&mut Write> {
        self.writes.iter_mut().find(|write| write.id == id)
    }
}
