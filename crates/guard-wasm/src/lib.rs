//! The hot path as JavaScript sees it: synchronous, small, numbers in and numbers out.
//!
//! Every function takes the number of a guard ([`create`]) first and answers with a number. What is longer goes through
//! two buffers that JavaScript sees in the module's memory ([`memory`]): no text is allocated, no object is made, and
//! the module needs no glue but its own exports. Names (of settings, breakers, endpoints) stay outside: JavaScript
//! keeps them and their numbers. Every decision is made in `seawall-policy`: a file here is named after the file
//! there whose face it is.
//!
//! It refuses to know `fetch`, promises, storage or clocks, and to trust its caller: an index or number that
//! means nothing is answered with nothing, never with a panic, because a panic ends the module for good.

#![cfg_attr(feature = "alone", no_std)]

extern crate alloc;

use alloc::boxed::Box;
use alloc::vec::Vec;

use seawall_policy::limit::{Inflight, InflightConfig};
use seawall_policy::retry::Budget;
use seawall_policy::rng::SplitMix64;
use spin::Mutex;
use wasm_bindgen::prelude::wasm_bindgen;

mod alone;
pub mod breaker;
pub mod call;
pub mod class;
pub mod early;
pub mod event;
pub mod limit;
pub mod memory;
pub mod policy;
pub mod tabs;

use breaker::Slot;
use call::Calls;
use limit::Limits;
use policy::Scope;
use tabs::Role;

/// One guard's state.
#[derive(Debug)]
pub(crate) struct Core {
    scopes: Vec<Scope>,
    draft: Vec<Scope>,
    breakers: Vec<Slot>,
    budgets: Vec<Budget>,
    limits: Limits,
    inflight: Inflight,
    role: Role,
    calls: Calls,
    rng: SplitMix64,
}

/// Every guard of this page or process. JavaScript has one thread here: the lock is never waited for.
static GUARDS: Mutex<Vec<Option<Box<Core>>>> = Mutex::new(Vec::new());

/// Makes a guard without a policy, which sends nothing until it has one, and gives its number. The seeds spread its
/// jitter; JavaScript's numbers hold 32 bits each.
#[wasm_bindgen]
#[must_use]
pub fn create(seed_high: u32, seed_low: u32) -> usize {
    let core = Box::new(Core {
        scopes: Vec::new(),
        draft: Vec::new(),
        breakers: Vec::new(),
        budgets: Vec::new(),
        limits: Limits::default(),
        inflight: Inflight::new(InflightConfig::default()),
        role: Role::default(),
        calls: Calls::default(),
        rng: SplitMix64::new((u64::from(seed_high) << 32) | u64::from(seed_low)),
    });
    let mut guards = GUARDS.lock();
    if let Some(free) = guards.iter().position(Option::is_none)
        && let Some(place) = guards.get_mut(free)
    {
        *place = Some(core);
        return free;
    }
    guards.push(Some(core));
    guards.len() - 1
}

/// Forgets a guard; its number may become another's.
#[wasm_bindgen]
pub fn destroy(guard: usize) {
    if let Some(place) = GUARDS.lock().get_mut(guard) {
        *place = None;
    }
}

/// Does something with a guard; without one, nothing.
fn with<T: Default>(guard: usize, work: impl FnOnce(&mut Core) -> T) -> T {
    match GUARDS.lock().get_mut(guard) {
        Some(Some(core)) => work(core),
        Some(None) | None => T::default(),
    }
}
