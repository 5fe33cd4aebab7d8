//! The structures of what is kept in IndexedDB, made and upgraded by rexie.
//!
//! That is all that waits here. A transaction is the package's (`pkg/src/database.ts`): JavaScript owns the awaiting, and each
//! asynchronous function costs kilobytes in here and a line over there. What is decided within a transaction is decided
//! here, in one synchronous call.
//!
//! An upgrade keeps what is there; a database of a newer version is not touched. What fails, fails with the browser's own
//! exception.

use js_sys::Function;
use rexie::{Index, ObjectStore, Rexie, RexieBuilder};
use wasm_bindgen::prelude::{JsValue, wasm_bindgen};

use crate::waiting;

/// Makes or upgrades a database of that name: the outbox's, or the cache's. Calls the one function when that is done, the
/// other with an exception where there is no IndexedDB, it refuses, or a newer version of this package has upgraded the
/// database.
#[wasm_bindgen(js_name = prepareDatabase)]
pub fn prepare_database(name: &str, is_outbox: bool, resolve: Function, reject: Function) {
    let builder = Rexie::builder(name);
    let builder = if is_outbox {
        outbox(builder)
    } else {
        cache(builder)
    };
    waiting::begin(Box::pin(async move {
        let (end, problem) = match builder.build().await {
            Ok(database) => {
                database.close();
                (resolve, JsValue::UNDEFINED)
            }
            Err(error) => (reject, unopened(error)),
        };
        let _ = end.call1(&JsValue::UNDEFINED, &problem);
    }));
}

/// Two stores: `writes` holds what is decided by, `requests` what is sent, so that a decision reads no bodies.
///
/// 1: the two stores, both by number.
fn outbox(builder: RexieBuilder) -> RexieBuilder {
    builder
        .version(1)
        .add_object_store(ObjectStore::new("writes").key_path("id"))
        .add_object_store(ObjectStore::new("requests").auto_increment(true))
}

/// Three stores. `answers` holds the entries whole: reading one takes one get. `index` holds a line for each, without
/// the body: labels, size, last use; whatever is looked for is looked for there. `ledger` holds the totals and the
/// marks.
///
/// The version never changes: another structure has a database name of its own, so that no upgrade waits for an old tab.
fn cache(builder: RexieBuilder) -> RexieBuilder {
    let index = ObjectStore::new("index")
        .key_path("key")
        .add_index(Index::new("used", "used"))
        .add_index(Index::new("user", "user"))
        .add_index(Index::new("tables", "tables").multi_entry(true))
        .add_index(Index::new("tags", "tags").multi_entry(true));
    builder
        .version(1)
        .add_object_store(ObjectStore::new("answers").key_path("key"))
        .add_object_store(index)
        .add_object_store(ObjectStore::new("ledger").key_path("id"))
}

/// The exception behind rexie's error, whose own words would bring the machinery of formatting along.
fn unopened(error: rexie::Error) -> JsValue {
    if let rexie::Error::IdbError(error) = error {
        error.into()
    } else {
        JsValue::UNDEFINED
    }
}
