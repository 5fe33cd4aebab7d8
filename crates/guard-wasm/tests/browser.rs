//! The cases in a page of each browser.

#![cfg(target_arch = "wasm32")]

#[path = "cases/bindings.rs"]
mod bindings;
#[path = "cases/scenarios.rs"]
mod scenarios;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
