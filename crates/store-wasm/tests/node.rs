//! The cases in Node, which is where wasm-pack runs what asks for no other place.

#![cfg(target_arch = "wasm32")]

#[path = "cases/cache.rs"]
mod cache;
