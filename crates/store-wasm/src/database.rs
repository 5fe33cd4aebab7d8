//! IndexedDB, for whoever keeps something there.
//!
//! rexie makes and upgrades a database, then gives way to a plain connection: a transaction can be asked to be on the
//! disk when it is done (`durability: "strict"`), which rexie cannot; the connection closes when a newer page has
//! to upgrade; and one kind of waiting serves all requests, where a future for each kind would cost kilobytes.
//!
//! What fails, fails with the browser's own exception.

use js_sys::{Array, Function, Object, Promise, Reflect};
use rexie::RexieBuilder;
use wasm_bindgen::JsCast as _;
use wasm_bindgen::prelude::{Closure, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{IdbDatabase, IdbFactory, IdbRequest, IdbTransaction};

use crate::object::{field, list, set};

pub(crate) type Outcome<T> = Result<T, JsValue>;

/// How sure a transaction has to be.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    Read,
    /// It may be lost with the machine's power.
    Write,
    /// It is on the disk when it is done.
    WriteSafely,
}

/// A connection to the database of that name, which is made or upgraded first.
pub(crate) async fn connect(name: &str, builder: RexieBuilder) -> Outcome<IdbDatabase> {
    builder.build().await.map_err(unopened)?.close();
    let connection: IdbDatabase = done(factory()?.open(name).map(IdbRequest::from))
        .await?
        .dyn_into()?;
    let outdated = connection.clone();
    let give_way = Closure::once_into_js(move || outdated.close());
    connection.set_onversionchange(give_way.dyn_ref());
    Ok(connection)
}

/// Deletes the database of that name.
pub(crate) async fn delete(name: &str) -> Outcome<()> {
    let request = factory()?.delete_database(name).map(IdbRequest::from);
    done(request).await.map(drop)
}

/// `connection.transaction(stores, mode, { durability })`; web-sys counts the third argument among what is not settled
/// yet, so the method is called by its name.
pub(crate) fn begin(connection: &IdbDatabase, stores: &[&str], mode: Mode) -> Outcome<IdbTransaction> {
    let (mode, durability) = match mode {
        Mode::Read => ("readonly", "default"),
        Mode::Write => ("readwrite", "default"),
        Mode::WriteSafely => ("readwrite", "strict"),
    };
    let options = Object::new();
    set(&options, "durability", &durability.into());
    let method: Function = field(connection, "transaction").dyn_into()?;
    let arguments = Array::of3(&list(stores.iter().copied()), &mode.into(), &options);
    Reflect::apply(&method, connection, &arguments)?.dyn_into()
}

/// A request's result.
pub(crate) async fn done(request: Outcome<IdbRequest>) -> Outcome<JsValue> {
    let request = request?;
    settled(&request, "onsuccess", "onerror").await?;
    request.result()
}

/// Waits until the transaction is done. A request that failed unseen shows here: it ends its transaction.
pub(crate) async fn committed(transaction: &IdbTransaction) -> Outcome<()> {
    settled(transaction, "oncomplete", "onabort").await
}

async fn settled(target: &JsValue, good: &str, bad: &str) -> Outcome<()> {
    let promise = Promise::new(&mut |resolve, reject| {
        set(target, good, &resolve);
        set(target, bad, &reject);
    });
    match JsFuture::from(promise).await {
        Ok(_) => Ok(()),
        Err(event) => Err(field(&field(&event, "target"), "error")),
    }
}

fn factory() -> Outcome<IdbFactory> {
    field(&js_sys::global(), "indexedDB")
        .dyn_into()
        .map_err(|_| missing())
}

/// The exception behind rexie's error, whose own words would bring the machinery of formatting along.
fn unopened(error: rexie::Error) -> JsValue {
    if let rexie::Error::IdbError(idb::Error::DomException(exception)) = error {
        exception.into()
    } else if let rexie::Error::IdbError(idb::Error::IndexedDbOpenFailed(exception)) = error {
        exception
    } else {
        missing()
    }
}

fn missing() -> JsValue {
    "there is no IndexedDB".into()
}
