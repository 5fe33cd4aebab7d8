//! What the package asks of the outbox, decided in one go: the reply, and what is to be stored.

use js_sys::Array;
use seawall_policy::class::{self, Category, Outcome, Service, classify, hint};
use seawall_policy::outbox::{
    Desk, Ending, Next, Order, Outbox, OutboxConfig, Resolution, Sent, State, Verdict,
};
use seawall_policy::rng::SplitMix64;
use seawall_policy::time::{Span, UnixTime};
use wasm_bindgen::prelude::JsValue;

use super::empty;
use super::head::{Head, count, float, number, rows, unix};
use crate::object::{field, list, number as number_in, set, text, texts};

/// One thing to be done.
pub(super) enum Command {
    /// Queues a write.
    Add { head: Head },
    /// Tells whether a write made now would overtake one that waits.
    HoldsBack {
        who: String,
        lane: String,
        rows: Vec<String>,
    },
    /// Gives the next thing to do to a replay.
    Take {
        me: String,
        alone: bool,
        sessions: Vec<String>,
        now: UnixTime,
    },
    /// Takes the end of a write that a replay was sending.
    Answered {
        me: String,
        id: u64,
        answer: Answer,
        now: UnixTime,
        seed: u64,
    },
    /// Decides about a conflict.
    Resolve { id: u64, resolution: Resolution },
    /// Sets aside what makes no sense.
    Spoil { id: u64 },
    /// Queues again what was set aside.
    Retry { id: u64 },
    /// Throws a write away that is not on its way.
    Discard { id: u64 },
    /// Throws all of them away.
    Clear,
    /// Shows everything.
    List,
}

/// How a replayed write ended.
pub(super) struct Answer {
    /// What came of it; none if nothing left the page.
    outcome: Option<Outcome>,
    code: Option<String>,
    retry_after: Option<Span>,
    category: Option<Category>,
    standing: Option<Resolution>,
    problem: Option<String>,
}

/// What a command changes.
#[derive(Default)]
pub(super) struct Edits {
    /// The head of a new write, which has no number yet; undefined where there is none.
    pub(super) new: JsValue,
    pub(super) changed: Array,
    pub(super) gone: Vec<u64>,
}

impl Command {
    pub(super) fn read(name: &str, input: &JsValue) -> Option<Self> {
        let id = number(number_in(input, "id").unwrap_or_default());
        let now = unix(number_in(input, "now").unwrap_or_default());
        Some(match name {
            "add" => Self::Add {
                head: Head::new(&field(input, "head"))?,
            },
            "holdsBack" => Self::HoldsBack {
                who: text(input, "who")?,
                lane: text(input, "lane")?,
                rows: texts(input, "rows")?,
            },
            "take" => Self::Take {
                me: text(input, "me")?,
                alone: field(input, "alone").is_truthy(),
                sessions: texts(input, "sessions")?,
                now,
            },
            "answered" => Self::Answered {
                me: text(input, "me")?,
                id,
                answer: Answer::read(input, now),
                now,
                seed: number_in(input, "seed").unwrap_or_default().to_bits(),
            },
            "resolve" => Self::Resolve {
                id,
                resolution: Resolution::from_name(&text(input, "resolution")?)?,
            },
            "spoil" => Self::Spoil { id },
            "retry" => Self::Retry { id },
            "discard" => Self::Discard { id },
            "clear" => Self::Clear,
            "list" => Self::List,
            _ => return None,
        })
    }
}

impl Answer {
    fn read(input: &JsValue, now: UnixTime) -> Self {
        let code = text(input, "code");
        // A server's header, or milliseconds that the guard itself names.
        let retry_after = match text(input, "retryAfter") {
            Some(header) => hint::retry_after(&header, now),
            None => number_in(input, "retryAfter")
                .filter(|wait| wait.is_finite())
                .map(Span::from_millis_f64),
        };
        let service = number_in(input, "service").and_then(|code| u8::try_from(count(code)).ok());
        let answer = match text(input, "kind").as_deref() {
            Some("answered") => Some(class::Answer::Response {
                service: service.and_then(Service::from_code).unwrap_or(Service::Rest),
                status: u16::try_from(count(number_in(input, "status").unwrap_or_default())).unwrap_or(0),
                code: code.as_deref(),
                retry_after,
            }),
            Some("timedOut") => Some(class::Answer::TimedOut),
            Some("notSent") => None,
            Some(_) | None => Some(class::Answer::NetworkError),
        };
        Self {
            outcome: answer.as_ref().map(classify),
            code,
            retry_after,
            category: text(input, "category").and_then(|name| Category::from_name(&name)),
            standing: text(input, "standing").and_then(|name| Resolution::from_name(&name)),
            problem: text(input, "problem"),
        }
    }

    fn ending(&self) -> Ending<'_> {
        match &self.outcome {
            Some(outcome) => Ending::Sent {
                outcome,
                code: self.code.as_deref(),
            },
            None => Ending::NotSent {
                retry_after: self.retry_after,
                pause: matches!(self.category, Some(Category::Offline | Category::Network)),
            },
        }
    }
}

/// Runs a command on the stored heads.
pub(super) fn decide(
    command: &Command,
    settings: &[f64],
    stored: impl Iterator<Item = JsValue>,
) -> (JsValue, Edits) {
    let mut heads: Vec<Head> = stored.map(|head| Head::read(&head)).collect();
    let config = config(settings);
    let mut outbox = Outbox::new(config, heads.iter().map(Head::write).collect());
    let mut edits = Edits::default();
    let reply = empty();
    let mut problem = None;
    match command {
        Command::Add { head } => add(head, &config, &heads, &reply, &mut edits),
        Command::HoldsBack {
            who,
            lane,
            rows: named,
        } => {
            set(
                &reply,
                "held",
                &outbox.holds_back(who, lane, &rows(named.clone())).into(),
            );
        }
        Command::Take {
            me,
            alone,
            sessions,
            now,
        } => {
            let desk = Desk {
                me,
                alone: *alone,
                sessions,
            };
            outbox.recover(&desk, *now);
            next(outbox.next(&desk, *now), &heads, &reply);
        }
        Command::Answered {
            me,
            id,
            answer,
            now,
            seed,
        } => {
            let sent = Sent {
                id: *id,
                by: me,
                standing: answer.standing,
            };
            let verdict = outbox.answered(&sent, &answer.ending(), *now, &mut SplitMix64::new(*seed));
            problem = answer.problem.as_deref();
            tell(verdict, &reply);
        }
        Command::Resolve { id, resolution } => tell(outbox.resolve(*id, *resolution), &reply),
        Command::Spoil { id } => outbox.spoil(*id),
        Command::Retry { id } => set(&reply, "done", &outbox.retry(*id).into()),
        Command::Discard { id } => {
            let may = outbox.may_discard(*id);
            edits.gone.extend(may.then_some(*id));
            set(&reply, "done", &may.into());
        }
        Command::Clear => {
            edits.gone = discardable(&heads, &outbox);
            set(&reply, "count", &float(edits.gone.len() as u64).into());
        }
        Command::List => {
            let shown: Array = heads.iter().map(Head::to_js).collect();
            set(&reply, "heads", &shown);
        }
    }
    follow(&mut outbox, &mut heads, problem, &reply, &mut edits);
    (reply, edits)
}

fn add(head: &Head, config: &OutboxConfig, heads: &[Head], reply: &JsValue, edits: &mut Edits) {
    let held = heads.iter().map(|head| head.bytes).sum();
    let writes = u32::try_from(heads.len()).unwrap_or(u32::MAX);
    match config.admits(writes, held, head.bytes) {
        Ok(()) => edits.new = head.to_js(),
        Err(full) => set(reply, "full", &full.to_string().into()),
    }
}

fn next(next: Next, heads: &[Head], reply: &JsValue) {
    let kind = match next {
        Next::Send { id, form } => {
            set(reply, "id", &float(id).into());
            set(reply, "form", &form.name().into());
            let head = heads.iter().find(|head| head.id == id).map(Head::to_js);
            set(reply, "head", &head.unwrap_or_default());
            "send"
        }
        Next::Wait { until } => {
            set(reply, "until", &float(until.as_millis()).into());
            "wait"
        }
        Next::Session => "session",
        Next::Idle => "idle",
    };
    set(reply, "kind", &kind.into());
}

fn discardable(heads: &[Head], outbox: &Outbox) -> Vec<u64> {
    let ids = heads.iter().map(|head| head.id);
    ids.filter(|id| outbox.may_discard(*id)).collect()
}

/// Nothing is told where it was another's affair.
fn tell(verdict: Option<Verdict>, reply: &JsValue) {
    let word = match verdict {
        None => return,
        Some(Verdict::Done) => "done",
        Some(Verdict::Dropped) => "dropped",
        Some(Verdict::Session) => "session",
        Some(Verdict::Ask) => "ask",
        Some(Verdict::Again { at, pause }) => {
            set(reply, "until", &float(at.as_millis()).into());
            set(reply, "pause", &pause.into());
            "again"
        }
        Some(Verdict::SetAside(reason)) => {
            set(reply, "reason", &reason.name().into());
            "setAside"
        }
    };
    set(reply, "verdict", &word.into());
}

/// What the outbox has changed is to be stored; which writes it has set aside is told.
fn follow(
    outbox: &mut Outbox,
    heads: &mut [Head],
    problem: Option<&str>,
    reply: &JsValue,
    edits: &mut Edits,
) {
    let gone = heads.iter().map(|head| head.id);
    edits.gone.extend(gone.filter(|id| outbox.write(*id).is_none()));
    let set_aside = Array::new();
    for write in outbox.take_touched() {
        let Some(head) = heads.iter_mut().find(|head| head.id == write.id) else {
            continue;
        };
        head.follow(write, problem);
        edits.changed.push(&head.to_js());
        if matches!(write.state, State::SetAside(_)) {
            set_aside.push(&head.to_js());
        }
    }
    set(reply, "setAside", &set_aside);
}

/// The settings in the order of `pkg/src/offline/outbox.ts`: tries, base delay, longest delay, grace, order, writes,
/// bytes.
fn config(settings: &[f64]) -> OutboxConfig {
    let at = |place: usize| settings.get(place).copied().unwrap_or_default();
    let millis = |place| Span::from_millis_f64(at(place));
    let defaults = OutboxConfig::with_waits(millis(1), millis(2));
    OutboxConfig {
        tries: count(at(0)),
        grace: millis(3),
        lease: defaults.lease.max(millis(3)),
        order: if at(4) > 0.0 { Order::Row } else { Order::Table },
        max_writes: count(at(5)),
        max_bytes: number(at(6)),
        ..defaults
    }
}

/// A list of row keys, as JavaScript has it.
pub(super) fn row_list(rows: &[String]) -> JsValue {
    list(rows.iter().map(String::as_str))
}
