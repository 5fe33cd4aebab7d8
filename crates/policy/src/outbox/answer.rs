//! What the answer to a replayed write means.

use super::config::OutboxConfig;
use super::write::{Form, Reason, State};
use super::{Outbox, Write};
use crate::class::{Category, Fate, Outcome, Verdict as Health};
use crate::retry::Repeat;
use crate::rng::Rng;
use crate::time::{Span, UnixTime};

/// A write that a replay was sending.
#[derive(Clone, Copy, Debug)]
pub struct Sent<'a> {
    /// Its number.
    pub id: u64,
    /// The replay that sent it.
    pub by: &'a str,
    /// What is to be done if it collides; `None`: somebody is to be asked.
    pub standing: Option<Resolution>,
}

/// How a replayed write ended.
#[derive(Clone, Copy, Debug)]
pub enum Ending<'a> {
    /// It was sent, and this came of it.
    Sent {
        /// The end, judged.
        outcome: &'a Outcome,
        /// The code in the answer's body.
        code: Option<&'a str>,
    },
    /// The guard itself refused it, or there was no network: nothing left the page.
    NotSent {
        /// How long it is to wait, if that is known.
        retry_after: Option<Span>,
        /// Whether any other write would be refused too.
        pause: bool,
    },
}

/// What is decided about a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// The write goes over what is there.
    ClientWins,
    /// The write is dropped.
    ServerWins,
    /// It is set aside until somebody decides.
    SetAside,
}

/// What becomes of the write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is done: forget it.
    Done,
    /// It was dropped, because what is there is to stay: forget it.
    Dropped,
    /// It waits until then.
    Again {
        /// When.
        at: UnixTime,
        /// Whether the service is unwell, so that no other write is to be tried before either.
        pause: bool,
    },
    /// The session is no good; it waits for another one of the same user.
    Session,
    /// It collides, was set aside, and somebody is to be asked: see [`Outbox::resolve`].
    Ask,
    /// It was set aside.
    SetAside(Reason),
}

/// A row it refers to is not there: it may be one that waits in the outbox.
const MISSING_REFERENCE: &str = "23503";

impl Resolution {
    /// The resolution of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "clientWins" => Some(Self::ClientWins),
            "serverWins" => Some(Self::ServerWins),
            "setAside" => Some(Self::SetAside),
            _ => None,
        }
    }
}

impl Outbox {
    /// Takes the end of a write. `None` if that replay was not sending it: the answer is another's affair.
    pub fn answered(
        &mut self,
        sent: &Sent<'_>,
        ending: &Ending<'_>,
        now: UnixTime,
        rng: &mut impl Rng,
    ) -> Option<Verdict> {
        let id = sent.id;
        let earlier_waits = self.earlier_waits(id);
        let config = self.config;
        let write = self.find(id)?;
        if !matches!(&write.state, State::Sending { by, .. } if by == sent.by) {
            return None;
        }
        let verdict = match judge(write, ending, earlier_waits) {
            Judgement::Done => Verdict::Done,
            Judgement::Conflict => write.collide(sent.standing),
            Judgement::Session => write.wait_for_session(),
            Judgement::SetAside(reason) => write.set_aside(reason),
            Judgement::Again(again) => write.try_again(&config, &again, now, rng),
        };
        self.take_note(id, verdict);
        Some(verdict)
    }

    /// Decides about a write that was set aside as a conflict. `None` if it was not.
    pub fn resolve(&mut self, id: u64, resolution: Resolution) -> Option<Verdict> {
        let write = self.find(id)?;
        if write.state != State::SetAside(Reason::Conflict) {
            return None;
        }
        let verdict = write.collide(Some(resolution));
        self.take_note(id, verdict);
        Some(verdict)
    }

    fn take_note(&mut self, id: u64, verdict: Verdict) {
        match verdict {
            Verdict::Done | Verdict::Dropped => self.writes.retain(|write| write.id != id),
            Verdict::Again { .. } | Verdict::Session | Verdict::Ask | Verdict::SetAside(_) => {
                self.touched.push(id);
            }
        }
    }

    /// Whether an older write of the same user waits, in whichever lane.
    fn earlier_waits(&self, id: u64) -> bool {
        let who = self.write(id).map(|write| write.who.as_str());
        self.writes
            .iter()
            .take_while(|write| write.id < id)
            .any(|write| write.is_queued() && Some(write.who.as_str()) == who)
    }
}

enum Judgement {
    Done,
    Conflict,
    Session,
    SetAside(Reason),
    Again(Again),
}

/// Another try.
#[derive(Clone, Copy)]
struct Again {
    /// Whether it is one of the tries that a write has.
    counted: bool,
    /// Whether it may have been done already.
    may_be_done: bool,
    /// How long somebody asked to be left alone.
    told: Option<Span>,
    pause: bool,
}

fn judge(write: &Write, ending: &Ending<'_>, earlier_waits: bool) -> Judgement {
    let (outcome, code) = match *ending {
        Ending::Sent { outcome, code } => (outcome, code),
        Ending::NotSent { retry_after, pause } => {
            return Judgement::Again(Again {
                counted: false,
                may_be_done: false,
                told: retry_after,
                pause,
            });
        }
    };
    let again = Again {
        counted: !is_elsewhere(outcome),
        may_be_done: outcome.fate == Fate::Unknown,
        told: outcome.retry_after,
        pause: concerns_all(outcome),
    };
    match outcome.category {
        None => Judgement::Done,
        Some(Category::Auth) => Judgement::Session,
        Some(Category::Conflict) if !outcome.transient => collision(code, earlier_waits, again),
        Some(_) if again.may_be_done && write.repeat == Repeat::IfNotDone => {
            Judgement::SetAside(Reason::Unknown)
        }
        Some(_) if !outcome.transient && !again.may_be_done => Judgement::SetAside(Reason::Refused),
        Some(_) => Judgement::Again(again),
    }
}

fn collision(code: Option<&str>, earlier_waits: bool, again: Again) -> Judgement {
    match code {
        Some(MISSING_REFERENCE) if earlier_waits => Judgement::Again(Again {
            counted: false,
            ..again
        }),
        Some(MISSING_REFERENCE) => Judgement::SetAside(Reason::Refused),
        Some(_) | None => Judgement::Conflict,
    }
}

/// Whether the failure says nothing about this write: the network, a quota, a service that names its return.
fn is_elsewhere(outcome: &Outcome) -> bool {
    outcome.verdict == Health::Unavailable
        || outcome.category.is_some_and(|category| match category {
            Category::Network
            | Category::Offline
            | Category::RateLimited
            | Category::CircuitOpen
            | Category::Aborted => true,
            Category::Timeout
            | Category::Auth
            | Category::Permission
            | Category::NotFound
            | Category::Conflict
            | Category::Validation
            | Category::DatabaseTransient
            | Category::DatabasePermanent
            | Category::Server => false,
        })
}

impl Write {
    fn set_aside(&mut self, reason: Reason) -> Verdict {
        self.state = State::SetAside(reason);
        Verdict::SetAside(reason)
    }

    fn wait_for_session(&mut self) -> Verdict {
        self.state = State::Queued;
        Verdict::Session
    }

    /// A write that was forced and collides all the same cannot be forced.
    fn collide(&mut self, resolution: Option<Resolution>) -> Verdict {
        match resolution {
            Some(Resolution::ServerWins) => Verdict::Dropped,
            Some(Resolution::ClientWins) if self.form != Form::Forced => {
                self.requeue();
                self.form = Form::Forced;
                Verdict::Again {
                    at: self.not_before,
                    pause: false,
                }
            }
            Some(Resolution::ClientWins | Resolution::SetAside) => self.set_aside(Reason::Conflict),
            None => {
                self.state = State::SetAside(Reason::Conflict);
                Verdict::Ask
            }
        }
    }

    fn try_again(
        &mut self,
        config: &OutboxConfig,
        again: &Again,
        now: UnixTime,
        rng: &mut impl Rng,
    ) -> Verdict {
        self.waits = self.waits.saturating_add(1);
        self.tries = self.tries.saturating_add(u32::from(again.counted));
        if again.may_be_done {
            self.lose_sight();
        } else {
            self.state = State::Queued;
        }
        if again.counted && self.tries >= config.tries {
            return self.set_aside(Reason::Exhausted);
        }
        let told = OutboxConfig::heeded(again.told);
        let least = if again.may_be_done {
            told.max(config.grace)
        } else {
            told
        };
        self.not_before = now.plus(least.plus(config.backoff.delay(self.waits, rng)));
        Verdict::Again {
            at: self.not_before,
            pause: again.pause,
        }
    }
}

/// Whether any other write would meet the same: no network, no database, a service that names its return.
fn concerns_all(outcome: &Outcome) -> bool {
    match outcome.verdict {
        Health::Unavailable | Health::Local => true,
        Health::Failure => matches!(
            outcome.category,
            Some(Category::Network | Category::DatabaseTransient)
        ),
        Health::Healthy | Health::Neutral => false,
    }
}
