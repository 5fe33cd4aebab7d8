//! Entries in a real IndexedDB.

use js_sys::{Array, Object, Reflect};
use seawall_store_wasm::CacheDisk;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value).unwrap_or_default();
    }
    object.into()
}

fn line(key: &str, table: &str, size: f64, used: f64) -> JsValue {
    object(&[
        ("key", key.into()),
        ("user", "somebody".into()),
        ("path", format!("/rest/v1/{table}").into()),
        ("tables", Array::of1(&table.into()).into()),
        ("tags", Array::new().into()),
        ("size", size.into()),
        ("used", used.into()),
    ])
}

async fn open(name: &str, entries: f64) -> CacheDisk {
    match CacheDisk::open(name.to_owned(), entries, 1e9).await {
        Ok(disk) => disk,
        Err(problem) => wasm_bindgen::throw_val(problem),
    }
}

async fn store(disk: &CacheDisk, key: &str, table: &str, slots: &[u16], since: u32, used: f64) -> bool {
    let entry = object(&[("key", key.into())]);
    disk.write(entry, line(key, table, 10.0, used), slots.to_vec(), since)
        .await
        .unwrap_or(false)
}

/// Whether the entry is there, the count of invalidations, the number of entries.
async fn look(disk: &CacheDisk, key: &str) -> (bool, f64, f64) {
    let found = disk.read(key.into()).await.unwrap_or_default();
    let number = |index| found.get(index).as_f64().unwrap_or(-1.0);
    (!found.get(0).is_undefined(), number(1), number(2))
}

#[wasm_bindgen_test]
async fn what_is_stored_is_found_until_it_is_invalidated() {
    let disk = open("disk-invalidated", 100.0).await;
    assert!(store(&disk, "a", "rooms", &[0, 1], 0, 1.0).await);
    assert!(store(&disk, "b", "people", &[0, 2], 0, 2.0).await);
    assert_eq!(look(&disk, "a").await, (true, 0.0, 2.0));
    assert_eq!(disk.forget(1, "rooms".to_owned()).await.unwrap_or(0), 1);
    assert_eq!(look(&disk, "a").await, (false, 1.0, 1.0));
    assert_eq!(disk.forget(3, "/rest/*".to_owned()).await.unwrap_or(0), 1);
    assert_eq!(look(&disk, "b").await, (false, 2.0, 0.0));
}

#[wasm_bindgen_test]
async fn what_was_asked_for_before_an_invalidation_is_not_stored_after_it() {
    let disk = open("disk-outdated", 100.0).await;
    assert_eq!(disk.forget(5, String::new()).await.unwrap_or(9), 0);
    assert!(!store(&disk, "a", "rooms", &[0], 0, 1.0).await);
    assert!(store(&disk, "a", "rooms", &[0], 1, 1.0).await);
    assert_eq!(look(&disk, "a").await, (true, 1.0, 1.0));
}

#[wasm_bindgen_test]
async fn the_least_recently_used_goes_first() {
    let disk = open("disk-evicted", 10.0).await;
    for number in 0..10 {
        assert!(store(&disk, &number.to_string(), "rooms", &[0], 0, f64::from(number)).await);
    }
    assert!(disk.touch(Array::of1(&"0".into()), 100.0).await.is_ok());
    assert!(store(&disk, "new", "rooms", &[0], 0, 50.0).await);
    let (kept, _, entries) = look(&disk, "0").await;
    assert_eq!((kept, entries), (true, 9.0));
    assert!(!look(&disk, "1").await.0 && !look(&disk, "2").await.0 && look(&disk, "3").await.0);
}
