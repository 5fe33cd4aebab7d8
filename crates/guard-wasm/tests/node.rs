//! The cases in Node, which is where wasm-pack runs what asks for no other place.

#![cfg(target_arch = "wasm32")]

#[path = "cases/bindings.rs"]
mod bindings;
#[path = "cases/scenarios.rs"]
mod scenarios;
