//! A stored write but for its request: what decides about it, and what a person wants to see of it.

use seawall_policy::outbox::{Form, Reason, Rows, State, Write};
use seawall_policy::retry::Repeat;
use seawall_policy::time::UnixTime;
use wasm_bindgen::prelude::JsValue;

use super::command::row_list;
use crate::object::{field, number as number_in, object, text, texts};

/// What a write to any row names.
pub(super) const ANY: &str = "*";

const QUEUED: &str = "queued";
const SENDING: &str = "sending";
const SET_ASIDE: &str = "setAside";

/// A write as it is stored.
pub(super) struct Head {
    pub(super) id: u64,
    pub(super) bytes: u64,
    queued_at: f64,
    /// What was last the matter with it.
    problem: Option<String>,
    write: Write,
}

impl Head {
    /// A write about to be queued, as the package describes it; its number comes later.
    pub(super) fn new(described: &JsValue) -> Option<Self> {
        let delivered = field(described, "delivered").is_truthy();
        Some(Self {
            id: 0,
            bytes: number(number_in(described, "bytes")?),
            queued_at: number_in(described, "queuedAt")?,
            problem: None,
            write: Write {
                form: if delivered { Form::Again } else { Form::AsMade },
                ..made(described)?
            },
        })
    }

    /// Reads a stored head. One that makes no sense stands for a write that is set aside as corrupt.
    pub(super) fn read(value: &JsValue) -> Self {
        let id = id_of(value);
        let write = stored(value, id);
        Self {
            id,
            bytes: number(number_in(value, "bytes").unwrap_or_default()),
            queued_at: number_in(value, "queuedAt").unwrap_or_default(),
            problem: text(value, "problem"),
            write: write.unwrap_or_else(|| Write {
                id,
                state: State::SetAside(Reason::Corrupt),
                ..nothing()
            }),
        }
    }

    pub(super) fn write(&self) -> Write {
        self.write.clone()
    }

    /// Takes over what was decided.
    pub(super) fn follow(&mut self, write: &Write, problem: Option<&str>) {
        self.write = write.clone();
        if let Some(problem) = problem {
            self.problem = Some(problem.to_owned());
        }
    }

    pub(super) fn to_js(&self) -> JsValue {
        let write = &self.write;
        let (state, reason, sent_by, sent_at) = match &write.state {
            State::Queued => (QUEUED, JsValue::NULL, JsValue::NULL, 0.0),
            State::Sending { by, at } => (SENDING, JsValue::NULL, by.as_str().into(), float(at.as_millis())),
            State::SetAside(reason) => (SET_ASIDE, reason.name().into(), JsValue::NULL, 0.0),
        };
        let head = object([
            ("lane", write.lane.as_str().into()),
            ("rows", row_list(&row_names(&write.rows))),
            ("who", write.who.as_str().into()),
            ("repeatable", (write.repeat == Repeat::Safe).into()),
            ("form", write.form.name().into()),
            ("state", state.into()),
            ("reason", reason),
            ("sentBy", sent_by),
            ("sentAt", sent_at.into()),
            ("tries", f64::from(write.tries).into()),
            ("waits", f64::from(write.waits).into()),
            ("notBefore", float(write.not_before.as_millis()).into()),
            ("bytes", float(self.bytes).into()),
            ("queuedAt", self.queued_at.into()),
            (
                "problem",
                self.problem.as_deref().map_or(JsValue::NULL, JsValue::from),
            ),
        ]);
        crate::object::set(&head, "id", &float(self.id).into());
        head
    }
}

/// The number in a head, or in a reply that is about one.
pub(super) fn id_of(value: &JsValue) -> u64 {
    number(number_in(value, "id").unwrap_or_default())
}

fn nothing() -> Write {
    Write {
        id: 0,
        lane: String::new(),
        rows: Rows::New,
        who: String::new(),
        repeat: Repeat::IfNotDone,
        form: Form::AsMade,
        state: State::Queued,
        tries: 0,
        waits: 0,
        not_before: UnixTime::default(),
    }
}

/// What does not change of a write.
fn made(value: &JsValue) -> Option<Write> {
    Some(Write {
        lane: text(value, "lane")?,
        rows: rows(texts(value, "rows")?),
        who: text(value, "who")?,
        repeat: if field(value, "repeatable").as_bool()? {
            Repeat::Safe
        } else {
            Repeat::IfNotDone
        },
        ..nothing()
    })
}

fn stored(value: &JsValue, id: u64) -> Option<Write> {
    let state = match text(value, "state")?.as_str() {
        QUEUED => State::Queued,
        SENDING => State::Sending {
            by: text(value, "sentBy")?,
            at: unix(number_in(value, "sentAt")?),
        },
        SET_ASIDE => State::SetAside(Reason::from_name(&text(value, "reason")?)?),
        _ => return None,
    };
    Some(Write {
        id,
        form: Form::from_name(&text(value, "form")?)?,
        state,
        tries: count(number_in(value, "tries")?),
        waits: count(number_in(value, "waits")?),
        not_before: unix(number_in(value, "notBefore")?),
        ..made(value)?
    })
}

/// Rows as they are stored: none are new ones, `*` is any.
pub(super) fn rows(list: Vec<String>) -> Rows {
    match list.as_slice() {
        [] => Rows::New,
        [any] if any == ANY => Rows::Any,
        _ => Rows::Named(list),
    }
}

/// The stored form of rows.
pub(super) fn row_names(rows: &Rows) -> Vec<String> {
    match rows {
        Rows::Named(keys) => keys.clone(),
        Rows::New => Vec::new(),
        Rows::Any => vec![ANY.to_owned()],
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
pub(super) const fn number(value: f64) -> u64 {
    value as u64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float-to-integer cast saturates, and NaN becomes zero"
)]
pub(super) const fn count(value: f64) -> u32 {
    value as u32
}

#[expect(
    clippy::cast_precision_loss,
    reason = "numbers and milliseconds stay below 2^53"
)]
pub(super) const fn float(value: u64) -> f64 {
    value as f64
}

pub(super) const fn unix(millis: f64) -> UnixTime {
    UnixTime::from_millis(number(millis))
}
