//! The outbox in IndexedDB.
//!
//! Two stores: `writes` holds what is decided by, `requests` what is sent, so that a decision reads no bodies. What is
//! told to a page is on the disk before, not only in the browser's memory.
//!
//! An upgrade keeps what is there; a database of a newer version is not touched.

use core::cell::RefCell;

use js_sys::Array;
use rexie::{ObjectStore, Rexie};
use wasm_bindgen::prelude::JsValue;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransaction};

use super::command::{Command, Edits, decide};
use super::{head, with_requests};
use crate::database::{self, Mode, Outcome, committed, done};
use crate::object::{field, set};

const WRITES: &str = "writes";
const REQUESTS: &str = "requests";
/// 1: the two stores, both by number.
const VERSION: u32 = 1;

pub(super) struct Disk {
    name: String,
    connection: RefCell<IdbDatabase>,
}

impl Disk {
    pub(super) async fn open(name: &str) -> Outcome<Self> {
        Ok(Self {
            name: name.to_owned(),
            connection: RefCell::new(connect(name).await?),
        })
    }

    pub(super) async fn run(&self, command: &Command, settings: &[f64]) -> Outcome<JsValue> {
        let transaction = self.transaction(command.changes()).await?;
        let writes = transaction.object_store(WRITES)?;
        let requests = transaction.object_store(REQUESTS)?;
        let heads = done(writes.get_all()).await?;
        let (reply, edits) = decide(command, settings, Array::from(&heads).iter());
        let id = apply(&edits, &writes, &requests)?;
        if let (Some(id), Some((head, _))) = (id, edits.new) {
            let id = done(Ok(id)).await?;
            set(&head, "id", &id);
            set(&reply, "id", &id);
            writes.put(&head)?;
        }
        let found = wanted(command, &reply, &requests).await?;
        with_requests(&reply, command, &found);
        committed(&transaction).await?;
        Ok(reply)
    }

    /// A transaction; where the connection was closed behind our back, on a new one.
    async fn transaction(&self, changes: bool) -> Outcome<IdbTransaction> {
        let connection = self.connection.borrow().clone();
        if let Ok(transaction) = begin(&connection, changes) {
            return Ok(transaction);
        }
        let connection = connect(&self.name).await?;
        self.connection.replace(connection.clone());
        begin(&connection, changes)
    }
}

async fn connect(name: &str) -> Outcome<IdbDatabase> {
    let builder = Rexie::builder(name)
        .version(VERSION)
        .add_object_store(ObjectStore::new(WRITES).key_path("id"))
        .add_object_store(ObjectStore::new(REQUESTS).auto_increment(true));
    database::connect(name, builder).await
}

fn begin(connection: &IdbDatabase, changes: bool) -> Outcome<IdbTransaction> {
    let mode = if changes { Mode::WriteSafely } else { Mode::Read };
    database::begin(connection, &[WRITES, REQUESTS], mode)
}

/// Asks for everything that is to be stored; tells the request that gives a new write its number.
fn apply(edits: &Edits, writes: &IdbObjectStore, requests: &IdbObjectStore) -> Outcome<Option<IdbRequest>> {
    for (_, head) in &edits.changed {
        writes.put(head)?;
    }
    for id in &edits.gone {
        let id = JsValue::from(head::float(*id));
        writes.delete(&id)?;
        requests.delete(&id)?;
    }
    edits
        .new
        .as_ref()
        .map(|(_, request)| requests.add(request))
        .transpose()
}

/// The requests that belong to a reply: that of the write to be sent, or all.
async fn wanted(
    command: &Command,
    reply: &JsValue,
    requests: &IdbObjectStore,
) -> Outcome<Vec<(u64, JsValue)>> {
    let heads: Array = match command {
        Command::Take { .. } => Array::of1(reply),
        Command::List => Array::from(&field(reply, "heads")),
        Command::Add { .. }
        | Command::HoldsBack { .. }
        | Command::Answered { .. }
        | Command::Resolve { .. }
        | Command::Spoil { .. }
        | Command::Retry { .. }
        | Command::Discard { .. }
        | Command::Clear => Array::new(),
    };
    let mut found = Vec::new();
    for id in heads.iter().map(|head| head::id_of(&head)) {
        let request = done(requests.get(&head::float(id).into())).await?;
        found.push((id, request));
    }
    Ok(found)
}
