//! Settings one by one, taken all together or not at all.

use seawall_policy::breaker::Breaker;
use seawall_policy::class::{Service, Target};
use seawall_policy::error::PolicyError;
use seawall_policy::policy::{Policy, PolicyDraft, Value};
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;
use crate::breaker::Slot;

/// A refusal as JavaScript reads it: `u` for a name that is no setting's or `i` for an impossible value, then the
/// setting's full name and what is wrong, a line each. Nothing when nothing was refused.
fn refusal(result: Result<(), PolicyError>) -> String {
    let Err(error) = result else { return String::new() };
    let message = error.to_string();
    let unknown = matches!(
        error,
        PolicyError::UnknownKey { .. }
            | PolicyError::UnknownService { .. }
            | PolicyError::NotAnEndpoint { .. }
    );
    let option = match error {
        PolicyError::UnknownKey { path, .. }
        | PolicyError::OutOfPlace { path, .. }
        | PolicyError::NotANumber { path, .. }
        | PolicyError::NotWhole { path, .. }
        | PolicyError::OutOfRange { path, .. }
        | PolicyError::NotAChoice { path, .. } => path,
        PolicyError::UnknownService { name } => ["services.", &name].concat(),
        PolicyError::NotAnEndpoint { path } => ["endpoints.", &path].concat(),
        PolicyError::Conflict {
            scope,
            group,
            conflict,
        } => [&scope, group, conflict.key].concat(),
        PolicyError::Syntax(_) => String::from("policy"),
    };
    [if unknown { "u\n" } else { "i\n" }, &option, "\n", &message].concat()
}

#[wasm_bindgen]
impl Core {
    /// Begins a new policy from the defaults; what holds goes on holding until [`Core::apply_policy`].
    #[wasm_bindgen(js_name = beginPolicy)]
    pub fn begin_policy(&mut self) {
        self.draft = PolicyDraft::default();
    }

    /// Gives a setting a number; answers with the refusal, if any.
    #[wasm_bindgen(js_name = setNumber)]
    #[must_use]
    pub fn set_number(&mut self, path: &str, value: f64) -> String {
        refusal(self.draft.set(path, Value::Number(value)))
    }

    /// Gives a setting a word; answers with the refusal, if any.
    #[wasm_bindgen(js_name = setText)]
    #[must_use]
    pub fn set_text(&mut self, path: &str, value: &str) -> String {
        refusal(self.draft.set(path, Value::Text(value)))
    }

    /// Gives a setting what no setting takes, to have it refused by name.
    #[wasm_bindgen(js_name = setOther)]
    #[must_use]
    pub fn set_other(&mut self, path: &str, kind: u8) -> String {
        let kind = match kind {
            0 => "a boolean",
            1 => "null",
            2 => "a list",
            3 => "an object",
            _ => "something else",
        };
        refusal(self.draft.set(path, Value::Other(kind)))
    }

    /// Takes the new policy up as a whole, or answers with the refusal and leaves the old one in force. Circuits
    /// keep their state, limits what was counted.
    #[wasm_bindgen(js_name = applyPolicy)]
    #[must_use]
    pub fn apply_policy(&mut self, now: f64) -> String {
        let taken = self
            .draft
            .clone()
            .finish()
            .map(|policy| self.take_up(policy, MonoTime::from_millis_f64(now)));
        refusal(taken)
    }
}

impl Core {
    fn take_up(&mut self, policy: Policy, now: MonoTime) {
        self.policy = policy;
        for service in Service::ALL {
            let rules = self.policy.service(service);
            let place = usize::from(service.code());
            if let Some(slot) = self.breakers.get_mut(place) {
                slot.breaker.reconfigure(rules.breaker, now);
            }
            if let Some(budget) = self.budgets.get_mut(place) {
                budget.reconfigure(rules.retry.budget);
            }
        }
        let own = self.policy.endpoints().filter(|(_, rules)| rules.own_breaker);
        for (path, rules) in own {
            match self.breakers.iter_mut().find(|slot| slot.key == path) {
                Some(slot) => slot.breaker.reconfigure(rules.breaker, now),
                None => self.breakers.push(Slot {
                    key: path.to_owned(),
                    service: Target::of("GET", path).service,
                    breaker: Breaker::new(rules.breaker),
                }),
            }
        }
        self.limits.requote(&self.policy);
    }
}
