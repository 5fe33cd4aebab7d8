//! The cases in a page of each browser.

#![cfg(target_arch = "wasm32")]

#[path = "cases/cache.rs"]
mod cache;
#[path = "cases/disk.rs"]
mod disk;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
