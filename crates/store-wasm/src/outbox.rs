//! The outbox as JavaScript sees it: each command is one transaction that loads the writes, lets
//! `seawall_policy::outbox` decide, and stores what changed before it answers.
//!
//! So any number of pages may command at the same time and none sees a half-made change; what a page is told to do is
//! stored before it is told. What a request is made of is the package's affair: here it is carried as it is.
//!
//! One asynchronous function serves all commands, because each costs kilobytes of its own.

mod command;
mod disk;
mod form;
mod head;

use core::cell::RefCell;

use js_sys::{Array, Object};
use wasm_bindgen::prelude::{JsError, JsValue, wasm_bindgen};

pub use form::{columns_with, owner_of, prefer_of, query_of, queueable_as, rows_in_query};

use crate::object::{set, text};
use command::{Command, Edits, decide};
use disk::Disk;

/// The queued writes of this origin.
#[wasm_bindgen]
pub struct Outbox {
    place: Place,
}

enum Place {
    /// It outlives the page.
    Disk(Disk),
    /// It ends with the page.
    Memory(RefCell<Memory>),
}

#[derive(Default)]
struct Memory {
    last: f64,
    /// By number, oldest first.
    heads: Vec<(u64, JsValue)>,
    requests: Vec<(u64, JsValue)>,
}

#[wasm_bindgen]
impl Outbox {
    /// Opens the outbox of that name in IndexedDB.
    ///
    /// # Errors
    /// There is no IndexedDB, it refuses, or a newer version of this package has upgraded it.
    pub async fn open(name: String) -> Result<Self, JsError> {
        let place = Place::Disk(Disk::open(&name).await.map_err(refused)?);
        Ok(Self { place })
    }

    /// An outbox that ends with the page.
    #[must_use]
    pub fn fleeting() -> Self {
        let place = Place::Memory(RefCell::default());
        Self { place }
    }

    /// Whether it outlives the page.
    #[wasm_bindgen(getter, js_name = isDurable)]
    #[must_use]
    pub fn is_durable(&self) -> bool {
        matches!(self.place, Place::Disk(_))
    }

    /// Runs a command, by the names and inputs of `pkg/src/offline/outbox.ts`.
    ///
    /// # Errors
    /// There is no such command, or the storage fails.
    pub async fn run(&self, name: String, settings: Vec<f64>, input: JsValue) -> Result<JsValue, JsError> {
        let command = Command::read(&name, &input).ok_or_else(|| JsError::new("no such command"))?;
        match &self.place {
            Place::Memory(memory) => Ok(memory.borrow_mut().run(&command, &settings)),
            Place::Disk(disk) => disk.run(&command, &settings).await.map_err(refused),
        }
    }
}

impl Memory {
    fn run(&mut self, command: &Command, settings: &[f64]) -> JsValue {
        let heads: Vec<JsValue> = self.heads.iter().map(|(_, head)| head.clone()).collect();
        let (reply, edits) = decide(command, settings, heads.into_iter());
        let Edits { new, changed, gone } = edits;
        for (id, head) in changed {
            for kept in self.heads.iter_mut().filter(|(known, _)| *known == id) {
                kept.1 = head.clone();
            }
        }
        self.heads.retain(|(id, _)| !gone.contains(id));
        self.requests.retain(|(id, _)| !gone.contains(id));
        if let Some((head, request)) = new {
            self.last += 1.0;
            set(&head, "id", &self.last.into());
            set(&reply, "id", &self.last.into());
            let id = head::number(self.last);
            self.heads.push((id, head));
            self.requests.push((id, request));
        }
        with_requests(&reply, command, &self.requests);
        reply
    }
}

/// Puts the requests that belong to it beside a reply: that of the write to be sent, or all.
fn with_requests(reply: &JsValue, command: &Command, requests: &[(u64, JsValue)]) {
    let request = |id| {
        requests
            .iter()
            .find(|(known, _)| *known == id)
            .map(|(_, request)| request.clone())
    };
    match command {
        Command::Take { .. } => {
            let id = head::id_of(reply);
            set(reply, "request", &request(id).unwrap_or_default());
        }
        Command::List => {
            let heads = Array::from(&crate::object::field(reply, "heads"));
            let requests: Array = heads
                .iter()
                .map(|head| request(head::id_of(&head)).unwrap_or_default())
                .collect();
            set(reply, "requests", &requests);
        }
        Command::Add { .. }
        | Command::HoldsBack { .. }
        | Command::Answered { .. }
        | Command::Resolve { .. }
        | Command::Spoil { .. }
        | Command::Retry { .. }
        | Command::Discard { .. }
        | Command::Clear => (),
    }
}

fn empty() -> JsValue {
    Object::new().into()
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err by name")]
fn refused(error: JsValue) -> JsError {
    if let Some(words) = error.as_string() {
        return JsError::new(&words);
    }
    let name = text(&error, "name").unwrap_or_default();
    let message = text(&error, "message").unwrap_or_else(|| "IndexedDB refuses".to_owned());
    JsError::new(&[&name, ": ", &message].concat())
}
