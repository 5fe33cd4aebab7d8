//! The policy as numbers: checked by name outside, taken all together or not at all here.
//!
//! JavaScript knows the names, bounds and defaults of all settings (a table generated from the same source) and
//! resolves what holds for each service and endpoint. What arrives is a number for every setting in the order
//! of the table. Only what two settings say together is left to check, and answered with a number.

use seawall_policy::breaker::Breaker;
use seawall_policy::class::Service;
use seawall_policy::error::ConfigError;
use seawall_policy::policy::Rules;
use seawall_policy::retry::Budget;
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::breaker::Slot;
use crate::memory::with_numbers;
use crate::with;

/// The rules of one place, and the breaker its calls go through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope {
    pub(crate) rules: Rules,
    pub(crate) service: Service,
    pub(crate) breaker: usize,
    own_breaker: bool,
}

/// Nothing contradicts itself.
pub const FINE: u8 = u8::MAX;

/// Begins a new policy; what holds goes on holding until [`apply`].
#[wasm_bindgen]
pub fn renew(guard: usize) {
    with(guard, |core| core.draft.clear());
}

/// Takes as many numbers as the rules of the next place: the document, every service in the order of their codes, then
/// the endpoints that have their own. `breaker` is the number of its own breaker, or the service's. Answers with the
/// code of a contradiction, or [`FINE`].
#[wasm_bindgen]
#[must_use]
pub fn configure(guard: usize, service: u8, breaker: usize, own_breaker: bool, count: usize) -> u8 {
    with(guard, |core| {
        let rules =
            with_numbers(|numbers| Rules::try_new(numbers.get(..count).unwrap_or_default(), own_breaker));
        match rules {
            Ok(rules) => {
                core.draft.push(Scope {
                    rules,
                    service: Service::from_code(service).unwrap_or(Service::Rest),
                    breaker,
                    own_breaker,
                });
                FINE
            }
            Err(error) => ConfigError::code(error),
        }
    })
}

/// Takes the new policy up as a whole. Circuits keep their state, limits what was counted.
#[wasm_bindgen]
pub fn apply(guard: usize, now: f64) {
    with(guard, |core| {
        let now = MonoTime::from_millis_f64(now);
        core.scopes.clone_from(&core.draft);
        if let Some(document) = core.scopes.first() {
            core.inflight.reconfigure(document.rules.inflight);
        }
        for scope in &core.scopes {
            if !scope.own_breaker {
                continue;
            }
            match core.breakers.get_mut(scope.breaker) {
                Some(slot) => slot.breaker.reconfigure(scope.rules.breaker, now),
                None => core.breakers.push(Slot {
                    service: scope.service,
                    breaker: Breaker::new(scope.rules.breaker),
                }),
            }
            // Services come first and in order, each with its breaker: the budgets are theirs.
            match core.budgets.get_mut(scope.breaker) {
                Some(budget) => budget.reconfigure(scope.rules.retry.budget),
                None => core.budgets.push(Budget::new(scope.rules.retry.budget)),
            }
        }
        // Breakers that have just been made follow too.
        if !core.role.keeps() {
            for slot in &mut core.breakers {
                slot.breaker.follow();
            }
        }
    });
}
