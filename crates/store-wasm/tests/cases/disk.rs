//! Databases in a real IndexedDB; what is done in them is the package's, and tested there.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast as _, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

async fn prepared(name: &str, is_outbox: bool) -> Result<JsValue, JsValue> {
    let begin = &mut |resolve, reject| seawall_store_wasm::prepare_database(name, is_outbox, resolve, reject);
    JsFuture::from(Promise::new(begin)).await
}

/// What JavaScript gives for an expression about the database of that name, in which `database` is the connection.
async fn asked(name: &str, version: u32, expression: &str) -> JsValue {
    let body = format!(
        "return new Promise((resolve, reject) => {{
            const request = indexedDB.open('{name}', {version});
            request.onerror = () => reject(request.error);
            request.onsuccess = () => {{
                const database = request.result;
                resolve({expression});
                database.close();
            }};
        }})"
    );
    let promise: Promise = match Function::new_no_args(&body).call0(&JsValue::NULL) {
        Ok(promise) => promise.unchecked_into(),
        Err(problem) => wasm_bindgen::throw_val(problem),
    };
    match JsFuture::from(promise).await {
        Ok(found) => found,
        Err(problem) => wasm_bindgen::throw_val(problem),
    }
}

async fn texts(name: &str, expression: &str) -> Vec<String> {
    let found = Array::from(&asked(name, 1, expression).await);
    found.iter().filter_map(|text| text.as_string()).collect()
}

#[wasm_bindgen_test]
async fn each_database_has_its_stores_and_indexes() {
    assert!(prepared("made-cache", false).await.is_ok());
    assert!(prepared("made-outbox", true).await.is_ok());
    let stores = "[...database.objectStoreNames]";
    assert_eq!(texts("made-cache", stores).await, ["answers", "index", "ledger"]);
    assert_eq!(texts("made-outbox", stores).await, ["requests", "writes"]);
    let indexes = "[...database.transaction('index').objectStore('index').indexNames]";
    assert_eq!(
        texts("made-cache", indexes).await,
        ["tables", "tags", "used", "user"]
    );
    let several = "['tables', 'tags', 'used', 'user'].filter((name) => \
        database.transaction('index').objectStore('index').index(name).multiEntry)";
    assert_eq!(texts("made-cache", several).await, ["tables", "tags"]);
    let numbered = "database.transaction('requests').objectStore('requests').autoIncrement";
    assert_eq!(asked("made-outbox", 1, numbered).await, JsValue::TRUE);
    let path = "database.transaction('writes').objectStore('writes').keyPath";
    assert_eq!(asked("made-outbox", 1, path).await, JsValue::from("id"));
}

#[wasm_bindgen_test]
async fn what_is_there_stays() {
    assert!(prepared("kept", true).await.is_ok());
    let put = "database.transaction('writes', 'readwrite').objectStore('writes').put({ id: 7 }) && 1";
    let _ = asked("kept", 1, put).await;
    assert!(prepared("kept", true).await.is_ok());
    let count = "new Promise((resolve) => {
        const request = database.transaction('writes').objectStore('writes').count();
        request.onsuccess = () => resolve(request.result);
    })";
    assert_eq!(asked("kept", 1, count).await, JsValue::from(1));
}

#[wasm_bindgen_test]
async fn a_newer_database_is_not_touched() {
    let _ = asked("newer", 2, "1").await;
    let refused = prepared("newer", true).await;
    let name = refused
        .err()
        .and_then(|problem| Reflect::get(&problem, &"name".into()).ok());
    assert_eq!(
        name.and_then(|name| name.as_string()).as_deref(),
        Some("VersionError")
    );
    assert_eq!(asked("newer", 2, "database.version").await, JsValue::from(2));
}
