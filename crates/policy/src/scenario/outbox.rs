//! The outbox in scenarios: what happens to each queued write, page after page.
//!
//! A page is a name; a step of a page that died earlier is simply never written. Wall-clock times are shown as
//! spans since the scenario began.

use super::line::{outcome, span, time};
use crate::outbox::{
    Desk, Ending, Form, Next, Outbox, OutboxConfig, Resolution, Rows, Sent, State, Verdict, Write,
};
use crate::retry::Repeat;
use crate::rng::Rng;
use crate::time::{MonoTime, Span, UnixTime};

/// The wall clock where the scenario's time is zero.
const BEGAN: UnixTime = UnixTime::from_secs(1_700_000_000);

pub(super) struct Replayed {
    outbox: Outbox,
    made: u64,
}

impl Default for Replayed {
    fn default() -> Self {
        Self {
            outbox: Outbox::new(OutboxConfig::default(), Vec::new()),
            made: 0,
        }
    }
}

impl Replayed {
    pub(super) fn step(&mut self, now: MonoTime, words: &[&str], rng: &mut impl Rng) -> Option<String> {
        let now = BEGAN.plus(Span::from_nanos(now.as_nanos()));
        match *words {
            ["queue", lane, row, repeat] => self.queue(lane, row, repeat, ""),
            ["queue", lane, row, repeat, who] => self.queue(lane, row, repeat, who),
            ["replay", page] => Some(self.replay(page, &[String::new()], now)),
            ["replay", page, "nobody"] => Some(self.replay(page, &[], now)),
            ["replay", page, who] => Some(self.replay(page, &[who.to_owned()], now)),
            ["heard", page, id, end] => self.heard(&by(page, id, None)?, end, now, rng),
            ["heard", page, id, end, resolution] => {
                let standing = Some(Resolution::from_name(resolution)?);
                self.heard(&by(page, id, standing)?, end, now, rng)
            }
            ["unsent", page, id, wait] => {
                let ending = Ending::NotSent {
                    retry_after: Some(span(wait)?),
                    pause: false,
                };
                let sent = by(page, id, None)?;
                Some(shown(self.outbox.answered(&sent, &ending, now, rng)))
            }
            ["resolve", id, resolution] => {
                let resolution = Resolution::from_name(resolution)?;
                Some(shown(self.outbox.resolve(id.parse().ok()?, resolution)))
            }
            ["put_back", id] => {
                self.outbox.retry(id.parse().ok()?);
                self.look(id)
            }
            ["look", id] => self.look(id),
            _ => None,
        }
    }

    fn queue(&mut self, lane: &str, row: &str, repeat: &str, who: &str) -> Option<String> {
        self.made += 1;
        self.outbox.add(Write {
            id: self.made,
            lane: lane.to_owned(),
            rows: match row {
                "any" => Rows::Any,
                "new" => Rows::New,
                key => Rows::Named(vec![key.to_owned()]),
            },
            who: who.to_owned(),
            repeat: match repeat {
                "safe" => Repeat::Safe,
                "once" => Repeat::IfNotDone,
                _ => return None,
            },
            form: Form::AsMade,
            state: State::Queued,
            tries: 0,
            waits: 0,
            not_before: UnixTime::default(),
        });
        Some(format!("queued {}", self.made))
    }

    fn replay(&mut self, page: &str, sessions: &[String], now: UnixTime) -> String {
        let desk = Desk {
            me: page,
            alone: true,
            sessions,
        };
        self.outbox.recover(&desk, now);
        match self.outbox.next(&desk, now) {
            Next::Send { id, form } => format!("send {id} {}", form.name()),
            Next::Wait { until } => format!("wait until {}", wall(until)),
            Next::Session => "session".to_owned(),
            Next::Idle => "idle".to_owned(),
        }
    }

    fn heard(&mut self, sent: &Sent<'_>, end: &str, now: UnixTime, rng: &mut impl Rng) -> Option<String> {
        let ending = Ending::Sent {
            outcome: &outcome(end)?,
            code: end.split_once('/').map(|(_, code)| code),
        };
        Some(shown(self.outbox.answered(sent, &ending, now, rng)))
    }

    fn look(&self, id: &str) -> Option<String> {
        let write = self.outbox.write(id.parse().ok()?);
        Some(match write.map(|write| &write.state) {
            None => "gone".to_owned(),
            Some(State::Queued) => "queued".to_owned(),
            Some(State::Sending { .. }) => "sending".to_owned(),
            Some(State::SetAside(reason)) => format!("set_aside {}", reason.name()),
        })
    }
}

fn by<'a>(page: &'a str, id: &str, standing: Option<Resolution>) -> Option<Sent<'a>> {
    let id = id.parse().ok()?;
    Some(Sent {
        id,
        by: page,
        standing,
    })
}

fn shown(verdict: Option<Verdict>) -> String {
    match verdict {
        None => "another's".to_owned(),
        Some(Verdict::Done) => "done".to_owned(),
        Some(Verdict::Dropped) => "dropped".to_owned(),
        Some(Verdict::Again { at, pause: false }) => format!("again until {}", wall(at)),
        Some(Verdict::Again { at, pause: true }) => format!("again until {} pause", wall(at)),
        Some(Verdict::Session) => "session".to_owned(),
        Some(Verdict::Ask) => "ask".to_owned(),
        Some(Verdict::SetAside(reason)) => format!("set_aside {}", reason.name()),
    }
}

fn wall(instant: UnixTime) -> String {
    time(MonoTime::from_nanos(instant.since(BEGAN).as_nanos()))
}
