//! The outbox in IndexedDB.
//!
//! Two stores: `writes` holds what is decided by, `requests` what is sent, so that a decision reads no bodies. rexie
//! makes and upgrades them, then gives way to a plain connection: a transaction here is on the disk when it is done
//! (`durability: "strict"`), not only in the browser's memory, which rexie cannot be asked for; and the connection
//! closes when a newer page has to upgrade.
//!
//! An upgrade keeps what is there; a database of a newer version is not touched.

use core::cell::RefCell;

use js_sys::{Array, Function, Object, Promise, Reflect};
use rexie::{ObjectStore, Rexie};
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, JsError, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbObjectStore, IdbRequest, IdbTransaction};

use super::command::{Command, Edits, decide};
use super::{head, with_requests};
use crate::object::{field, set, text};

const WRITES: &str = "writes";
const REQUESTS: &str = "requests";
/// 1: the two stores, both by number.
const VERSION: u32 = 1;

pub(super) struct Disk {
    name: String,
    connection: RefCell<IdbDatabase>,
}

impl Disk {
    pub(super) async fn open(name: &str) -> Result<Self, JsError> {
        Ok(Self {
            name: name.to_owned(),
            connection: RefCell::new(connect(name).await?),
        })
    }

    pub(super) async fn run(&self, command: &Command, settings: &[f64]) -> Result<JsValue, JsError> {
        let transaction = self.transaction(command.changes()).await?;
        let writes = transaction.object_store(WRITES).map_err(refused)?;
        let requests = transaction.object_store(REQUESTS).map_err(refused)?;
        let heads = done(writes.get_all()).await?;
        let (reply, edits) = decide(command, settings, Array::from(&heads).iter());
        let id = apply(&edits, &writes, &requests).map_err(refused)?;
        if let (Some(id), Some((head, _))) = (id, edits.new) {
            let id = done(Ok(id)).await?;
            set(&head, "id", &id);
            set(&reply, "id", &id);
            writes.put(&head).map_err(refused)?;
        }
        let found = wanted(command, &reply, &requests).await?;
        with_requests(&reply, command, &found);
        committed(&transaction).await?;
        Ok(reply)
    }

    /// A transaction; where the connection was closed behind our back, on a new one.
    async fn transaction(&self, changes: bool) -> Result<IdbTransaction, JsError> {
        let connection = self.connection.borrow().clone();
        if let Ok(transaction) = begin(&connection, changes) {
            return Ok(transaction);
        }
        let connection = connect(&self.name).await?;
        self.connection.replace(connection.clone());
        begin(&connection, changes).map_err(refused)
    }
}

async fn connect(name: &str) -> Result<IdbDatabase, JsError> {
    let upgraded = Rexie::builder(name)
        .version(VERSION)
        .add_object_store(ObjectStore::new(WRITES).key_path("id"))
        .add_object_store(ObjectStore::new(REQUESTS).auto_increment(true))
        .build()
        .await?;
    upgraded.close();
    let factory: IdbFactory = field(&js_sys::global(), "indexedDB")
        .dyn_into()
        .map_err(refused)?;
    let request = factory.open(name).map(IdbRequest::from);
    let connection: IdbDatabase = done(request).await?.dyn_into().map_err(refused)?;
    let outdated = connection.clone();
    let give_way = Closure::once_into_js(move || outdated.close());
    connection.set_onversionchange(give_way.dyn_ref());
    Ok(connection)
}

/// `connection.transaction(stores, mode, { durability: "strict" })`; web-sys counts the third argument among what is not
/// settled yet, so the method is called by its name.
fn begin(connection: &IdbDatabase, changes: bool) -> Result<IdbTransaction, JsValue> {
    let options = Object::new();
    set(&options, "durability", &"strict".into());
    let stores = Array::of2(&WRITES.into(), &REQUESTS.into());
    let mode = if changes { "readwrite" } else { "readonly" };
    let method: Function = Reflect::get(connection, &"transaction".into())?.dyn_into()?;
    let arguments = Array::of3(&stores, &mode.into(), &options);
    Reflect::apply(&method, connection, &arguments)?.dyn_into()
}

/// Asks for everything that is to be stored; tells the request that gives a new write its number.
fn apply(
    edits: &Edits,
    writes: &IdbObjectStore,
    requests: &IdbObjectStore,
) -> Result<Option<IdbRequest>, JsValue> {
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
) -> Result<Vec<(u64, JsValue)>, JsError> {
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

/// A request's result. One kind of waiting serves all requests: each of its own would cost bytes.
async fn done(request: Result<IdbRequest, JsValue>) -> Result<JsValue, JsError> {
    let request = request.map_err(refused)?;
    let promise = Promise::new(&mut |resolve, reject| {
        request.set_onsuccess(Some(&resolve));
        request.set_onerror(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => request.result().map_err(refused),
        Err(event) => Err(refused(field(&field(&event, "target"), "error"))),
    }
}

/// Waits until the transaction is on the disk.
async fn committed(transaction: &IdbTransaction) -> Result<(), JsError> {
    let promise = Promise::new(&mut |resolve, reject| {
        transaction.set_oncomplete(Some(&resolve));
        transaction.set_onabort(Some(&reject));
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(event) => Err(refused(field(&field(&event, "target"), "error"))),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err by name")]
fn refused(error: JsValue) -> JsError {
    let name = text(&error, "name").unwrap_or_default();
    let message = text(&error, "message").unwrap_or_else(|| "IndexedDB refuses".to_owned());
    JsError::new(&[&name, ": ", &message].concat())
}
