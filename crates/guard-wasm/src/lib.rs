//! The hot path as JavaScript sees it: synchronous, small, numbers in and numbers out.
//!
//! One [`Core`] is one guard. It keeps breakers, limits, budgets and the calls under way in vectors and hands
//! out indices; JavaScript brings the time and does what it is told. Every decision is made in
//! `seawall-policy`: a file here is named after the file there whose face it is.
//!
//! It refuses to know `fetch`, promises, storage or clocks, and to trust its caller: an index or number that
//! means nothing is answered with nothing, never with a panic, because a panic ends the module for good.

use seawall_policy::breaker::Breaker;
use seawall_policy::class::Service;
use seawall_policy::policy::{Policy, PolicyDraft};
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
    draft: PolicyDraft,
    breakers: Vec<Slot>,
    budgets: Vec<Budget>,
    limits: Limits,
    routes: Routes,
    calls: Calls,
    rng: SplitMix64,
}

#[wasm_bindgen]
impl Core {
    /// A guard with the default policy. The seeds spread its jitter; JavaScript's numbers hold 32 bits each.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(seed_high: u32, seed_low: u32) -> Self {
        let policy = Policy::default();
        let service = |service: Service| policy.service(service);
        let breakers = Service::ALL.map(|name| Slot {
            key: name.name().to_owned(),
            service: name,
            breaker: Breaker::new(service(name).breaker),
        });
        let budgets = Service::ALL.map(|name| Budget::new(service(name).retry.budget));
        Self {
            breakers: breakers.into(),
            budgets: budgets.into(),
            draft: PolicyDraft::default(),
            policy,
            limits: Limits::default(),
            routes: Routes::default(),
            calls: Calls::default(),
            rng: SplitMix64::new((u64::from(seed_high) << 32) | u64::from(seed_low)),
        }
    }
}
