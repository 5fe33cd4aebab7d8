//! The cases in a page of each browser.

#![cfg(target_arch = "wasm32")]

#[path = "cases/stored.rs"]
mod stored;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
