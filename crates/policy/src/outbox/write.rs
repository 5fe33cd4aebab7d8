//! One queued write, as far as decisions need to know it.

use super::rows::Rows;
use crate::retry::Repeat;
use crate::time::UnixTime;

/// A write that waits, is being sent, or was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Its number; a later write has a higher one.
    pub id: u64,
    /// What it goes to: server and table.
    pub lane: String,
    /// What it touches there.
    pub rows: Rows,
    /// Who made it; empty for nobody known.
    pub who: String,
    /// Whether it may be sent when it may have been done already.
    pub repeat: Repeat,
    /// How it goes out next.
    pub form: Form,
    /// Where it stands.
    pub state: State,
    /// Answers that asked for another try, and were about this write.
    pub tries: u32,
    /// How often in a row it had to wait, for whatever reason.
    pub waits: u32,
    /// Not to be sent before.
    pub not_before: UnixTime,
}

/// How a write goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As its caller made it: it was not delivered yet.
    AsMade,
    /// It may have been delivered: in a form that does nothing if it was.
    Again,
    /// Over whatever is there, because somebody decided so.
    Forced,
}

/// Where a write stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits.
    Queued,
    /// It is on its way.
    Sending {
        /// The replay that sends it.
        by: String,
        /// Since when.
        at: UnixTime,
    },
    /// It is not sent any more unless somebody asks for it.
    SetAside(Reason),
}

/// Why a write was set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server refused it for good.
    Refused,
    /// It collides with what is there.
    Conflict,
    /// It may have been done or not, and must not be done twice.
    Unknown,
    /// It was tried often enough.
    Exhausted,
    /// What is stored of it cannot be read.
    Corrupt,
}

impl Form {
    /// Every form, in the order of their codes.
    pub const ALL: [Self; 3] = [Self::AsMade, Self::Again, Self::Forced];

    /// The name it is stored by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsMade => "asMade",
            Self::Again => "again",
            Self::Forced => "forced",
        }
    }

    /// The form of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name() == name)
    }
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::Refused,
        Self::Conflict,
        Self::Unknown,
        Self::Exhausted,
        Self::Corrupt,
    ];

    /// The name it is stored and shown by.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::Unknown => "unknown",
            Self::Exhausted => "exhausted",
            Self::Corrupt => "corrupt",
        }
    }

    /// The reason of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

impl Write {
    /// Back to its place, as if it had not been tried yet; what may have been delivered stays so.
    pub(super) fn requeue(&mut self) {
        self.state = State::Queued;
        self.tries = 0;
        self.waits = 0;
        self.not_before = UnixTime::default();
    }

    /// Nobody knows whether it was done: queued again in a harmless form, or set aside.
    pub(super) fn lose_sight(&mut self) {
        self.state = match self.repeat {
            Repeat::Safe => State::Queued,
            Repeat::IfNotDone => State::SetAside(Reason::Unknown),
        };
        if self.form == Form::AsMade {
            self.form = Form::Again;
        }
    }

    pub(super) const fn is_queued(&self) -> bool {
        matches!(self.state, State::Queued)
    }
}
