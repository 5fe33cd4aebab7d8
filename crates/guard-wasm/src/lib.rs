//! The hot path as JavaScript sees it: synchronous, small, numbers in and numbers out.
//!
//! One [`Core`] is one guard. It keeps breakers, limits, budgets and the calls under way in vectors and hands
//! out indices; JavaScript brings the time and does what it is told. Every decision is made in
//! `seawall-policy`: a file here is named after the file there whose face it is.
//!
//! It refuses to know `fetch`, promises, storage or clocks, and to trust its caller: an index or number that
//! means nothing is answered with nothing, never with a panic, because a panic ends the module for good.

use seawall_policy::limit::{Inflight, InflightConfig};
use seawall_policy::retry::Budget;
use seawall_policy::rng::SplitMix64;
use wasm_bindgen::prelude::wasm_bindgen;

mod breaker;
mod call;
mod class;
mod event;
mod limit;
mod policy;

use breaker::Slot;
use call::Calls;
use class::Routes;
use limit::Limits;
use policy::Policy;

/// A free list: a tenth of the size of the default allocator, and a guard keeps few things.
#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: lol_alloc::LockedAllocator<lol_alloc::FreeListAllocator> =
    lol_alloc::LockedAllocator::new(lol_alloc::FreeListAllocator::new());

/// One guard's state.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Core {
    policy: Policy,
    draft: Policy,
    breakers: Vec<Slot>,
    budgets: Vec<Budget>,
    limits: Limits,
    inflight: Inflight,
    routes: Routes,
    calls: Calls,
    rng: SplitMix64,
}

#[wasm_bindgen]
impl Core {
    /// A guard without a policy, which refuses to begin a call until it has one. The seeds spread its jitter;
    /// JavaScript's numbers hold 32 bits each.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(seed_high: u32, seed_low: u32) -> Self {
        Self {
            policy: Policy::default(),
            draft: Policy::default(),
            breakers: Vec::new(),
            budgets: Vec::new(),
            limits: Limits::default(),
            inflight: Inflight::new(InflightConfig::default()),
            routes: Routes::default(),
            calls: Calls::default(),
            rng: SplitMix64::new((u64::from(seed_high) << 32) | u64::from(seed_low)),
        }
    }
}
