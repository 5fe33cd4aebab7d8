//! Which write goes next, and what to do about those that were being sent when their page went.

use super::Outbox;
use super::lane::Lanes;
use super::write::{Form, State, Write};
use crate::time::UnixTime;

/// Who replays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Desk<'a> {
    /// The replay's own name, new each time.
    pub me: &'a str,
    /// Whether it is certain that no other page replays.
    pub alone: bool,
    /// Whose sessions the page has.
    pub sessions: &'a [String],
}

/// What to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Store the change, then send this write in this form.
    Send {
        /// The write.
        id: u64,
        /// How it goes out.
        form: Form,
    },
    /// Come back then.
    Wait {
        /// When.
        until: UnixTime,
    },
    /// The writes that wait are those of users who have no session here.
    Session,
    /// Nothing waits.
    Idle,
}

impl Desk<'_> {
    fn serves(&self, who: &str) -> bool {
        self.sessions.iter().any(|known| known == who)
    }
}

impl Outbox {
    /// Takes over what was being sent by pages that are gone.
    pub fn recover(&mut self, desk: &Desk<'_>, now: UnixTime) {
        let longest = self.config.longest_wait();
        let patience = if desk.alone {
            self.config.grace
        } else {
            self.config.lease
        };
        for write in &mut self.writes {
            let State::Sending { by, at } = &write.state else {
                continue;
            };
            let until = at.plus(patience);
            if by != desk.me && (until <= now || until.since(now) > longest) {
                write.lose_sight();
                self.touched.push(write.id);
            }
        }
    }

    /// The next thing to do. A write to be sent is marked as being sent.
    pub fn next(&mut self, desk: &Desk<'_>, now: UnixTime) -> Next {
        match self.ready(desk, now).and_then(|id| self.find(id)) {
            Some(write) => {
                write.state = State::Sending {
                    by: desk.me.to_owned(),
                    at: now,
                };
                let (id, form) = (write.id, write.form);
                self.touched.push(id);
                Next::Send { id, form }
            }
            None => self.waiting(desk, now),
        }
    }

    /// The oldest write that nothing keeps from being sent.
    fn ready(&self, desk: &Desk<'_>, now: UnixTime) -> Option<u64> {
        let mut lanes = Lanes::new(self.config.order);
        for write in &self.writes {
            let is_ready = write.is_queued()
                && desk.serves(&write.who)
                && self.wait_of(write, now).is_none()
                && !lanes.hold_back(&write.who, &write.lane, &write.rows);
            if is_ready {
                return Some(write.id);
            }
            lanes.pass(write);
        }
        None
    }

    /// Until when a queued write is not to be sent. An instant too far away is from before the clock was set back.
    fn wait_of(&self, write: &Write, now: UnixTime) -> Option<UnixTime> {
        let wait = write.not_before.since(now);
        (!wait.is_zero() && wait <= self.config.longest_wait()).then_some(write.not_before)
    }

    fn waiting(&self, desk: &Desk<'_>, now: UnixTime) -> Next {
        let patience = if desk.alone {
            self.config.grace
        } else {
            self.config.lease
        };
        let instants = self.writes.iter().filter_map(|write| match &write.state {
            State::Queued if desk.serves(&write.who) => self.wait_of(write, now),
            State::Sending { by, at } if by != desk.me => Some(at.plus(patience)),
            State::Queued | State::Sending { .. } | State::SetAside(_) => None,
        });
        match instants.min() {
            Some(until) => Next::Wait { until },
            None if self.of_others(desk) => Next::Session,
            None => Next::Idle,
        }
    }

    fn of_others(&self, desk: &Desk<'_>) -> bool {
        self.writes
            .iter()
            .any(|write| write.is_queued() && !desk.serves(&write.who))
    }
}
