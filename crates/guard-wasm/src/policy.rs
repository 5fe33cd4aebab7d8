//! The policy as numbers: checked by name outside, taken all together or not at all here.
//!
//! JavaScript knows the names, bounds and defaults of all settings (a table generated from the same source) and
//! resolves what holds for each service and endpoint. What arrives is a number for every setting in the order
//! of the table. Only what two settings say together is left to check, and answered with a number.

use seawall_policy::breaker::Breaker;
use seawall_policy::class::{Service, Target};
use seawall_policy::error::ConfigError;
use seawall_policy::policy::Rules;
use seawall_policy::retry::Budget;
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;
use crate::breaker::Slot;

/// The rules of every service, and of the endpoints that have their own.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// The document's, then the services', in the order of their codes.
    general: Vec<Rules>,
    endpoints: Vec<(String, Rules)>,
}

impl Policy {
    /// The rules for an endpoint of a service.
    pub(crate) fn rules(&self, service: Service, endpoint: &str) -> Option<&Rules> {
        let own = self.endpoints.iter().find(|(path, _)| path == endpoint);
        own.map(|(_, rules)| rules).or_else(|| self.service(service))
    }

    /// The rules for a service.
    pub(crate) fn service(&self, service: Service) -> Option<&Rules> {
        self.general.get(1 + usize::from(service.code()))
    }
}

/// Nothing contradicts itself.
const FINE: u8 = u8::MAX;

#[wasm_bindgen]
impl Core {
    /// Begins a new policy; what holds goes on holding until [`Core::apply_policy`].
    #[wasm_bindgen(js_name = beginPolicy)]
    pub fn begin_policy(&mut self) {
        self.draft = Policy::default();
    }

    /// The document's settings, then every service's in the order of their codes; answers with the code of a
    /// contradiction, or 255.
    pub fn configure(&mut self, numbers: &[f64]) -> u8 {
        match Rules::try_new(numbers, false) {
            Ok(rules) => {
                self.draft.general.push(rules);
                FINE
            }
            Err(error) => ConfigError::code(error),
        }
    }

    /// An endpoint's settings, and whether it has a breaker of its own; answers as for a service.
    #[wasm_bindgen(js_name = configureEndpoint)]
    pub fn configure_endpoint(&mut self, path: &str, own_breaker: bool, numbers: &[f64]) -> u8 {
        match Rules::try_new(numbers, own_breaker) {
            Ok(rules) => {
                self.draft.endpoints.push((path.to_owned(), rules));
                FINE
            }
            Err(error) => ConfigError::code(error),
        }
    }

    /// Takes the new policy up as a whole. Circuits keep their state, limits what was counted.
    #[wasm_bindgen(js_name = applyPolicy)]
    pub fn apply_policy(&mut self, now: f64) {
        self.policy = core::mem::take(&mut self.draft);
        let now = MonoTime::from_millis_f64(now);
        for (service, rules) in Service::ALL.into_iter().zip(self.policy.general.iter().skip(1)) {
            let place = usize::from(service.code());
            match self.breakers.get_mut(place) {
                Some(slot) => slot.breaker.reconfigure(rules.breaker, now),
                None => self.breakers.push(Slot {
                    key: service.name().to_owned(),
                    service,
                    breaker: Breaker::new(rules.breaker),
                }),
            }
            match self.budgets.get_mut(place) {
                Some(budget) => budget.reconfigure(rules.retry.budget),
                None => self.budgets.push(Budget::new(rules.retry.budget)),
            }
        }
        let own = self
            .policy
            .endpoints
            .iter()
            .filter(|(_, rules)| rules.own_breaker);
        for (path, rules) in own {
            match self.breakers.iter_mut().find(|slot| slot.key == *path) {
                Some(slot) => slot.breaker.reconfigure(rules.breaker, now),
                None => self.breakers.push(Slot {
                    key: path.clone(),
                    service: Target::of("GET", path).service,
                    breaker: Breaker::new(rules.breaker),
                }),
            }
        }
        self.limits.requote(&self.policy);
        if let Some(rules) = self.policy.general.first() {
            self.inflight.reconfigure(rules.inflight);
        }
    }
}
