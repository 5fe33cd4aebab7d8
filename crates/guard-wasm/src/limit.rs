//! A sliding window for each user, endpoint and class that calls.

use seawall_policy::class::{Class, Service};
use seawall_policy::limit::{Quota, SlidingWindow};
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;
use crate::class::Route;
use crate::policy::Policy;

/// Windows kept at most before those that have forgotten everything are given up.
const MANY: usize = 256;

/// One key's window. Its place in the list is its number while calls use it.
#[derive(Debug)]
struct Entry {
    user: u32,
    route: Route,
    window: SlidingWindow,
}

/// Every window in use.
#[derive(Debug, Default)]
pub(crate) struct Limits(Vec<Entry>);

impl Limits {
    /// The window of a key, made when first asked for.
    pub(crate) fn window(
        &mut self,
        policy: &Policy,
        user: u32,
        route: &Route,
        now: MonoTime,
    ) -> Option<&mut SlidingWindow> {
        let same = |entry: &Entry| {
            entry.user == user && entry.route.class == route.class && entry.route.endpoint == route.endpoint
        };
        let place = self.0.iter().position(same);
        if place.is_none() {
            if self.0.len() >= MANY {
                self.0
                    .retain(|entry| entry.window.waiting() > 0 || entry.window.full_at(now) > now);
            }
            let rules = policy.rules(route.service, &route.endpoint)?;
            self.0.push(Entry {
                user,
                route: route.clone(),
                window: SlidingWindow::new(rules.quota(route.class)).adapting(rules.floor),
            });
        }
        let place = place.unwrap_or(self.0.len().saturating_sub(1));
        self.0.get_mut(place).map(|entry| &mut entry.window)
    }

    /// Takes a new policy up.
    pub(crate) fn requote(&mut self, policy: &Policy) {
        for Entry { route, window, .. } in &mut self.0 {
            if let Some(rules) = policy.rules(route.service, &route.endpoint) {
                window.set_quota(rules.quota(route.class));
                window.set_floor(rules.floor);
            }
        }
    }

    fn get(&self, index: u32) -> Option<&Entry> {
        self.0.get(index as usize)
    }
}

#[wasm_bindgen]
impl Core {
    /// How many windows there are: one for each user, endpoint and class that called.
    #[wasm_bindgen(js_name = limitCount)]
    #[must_use]
    pub fn limit_count(&self) -> usize {
        self.limits.0.len()
    }

    /// The window's endpoint.
    #[wasm_bindgen(js_name = limitEndpoint)]
    #[must_use]
    pub fn limit_endpoint(&self, index: u32) -> String {
        self.limits
            .get(index)
            .map(|entry| entry.route.endpoint.clone())
            .unwrap_or_default()
    }

    /// A window's class, limit, length in milliseconds, and the calls that would pass at this instant.
    #[wasm_bindgen(js_name = limitFigures)]
    #[must_use]
    pub fn limit_figures(&self, index: u32, now: f64) -> Vec<f64> {
        let Some(Entry { route, window, .. }) = self.limits.get(index) else {
            return Vec::new();
        };
        let remaining = window.remaining(MonoTime::from_millis_f64(now));
        figures(route.class, window.quota(), remaining)
    }

    /// The same for a class that has not called yet, where no endpoint says otherwise.
    #[wasm_bindgen(js_name = classFigures)]
    #[must_use]
    pub fn class_figures(&self, class: u8) -> Vec<f64> {
        let Some(class) = Class::from_code(class) else {
            return Vec::new();
        };
        let service = match class {
            Class::Reads | Class::Writes => Service::Rest,
            Class::Rpc => Service::Rpc,
            Class::Auth => Service::Auth,
        };
        let Some(rules) = self.policy.service(service) else {
            return Vec::new();
        };
        let quota = rules.quota(class);
        figures(class, quota, quota.limit())
    }
}

fn figures(class: Class, quota: Quota, remaining: u32) -> Vec<f64> {
    let (limit, window) = (f64::from(quota.limit()), quota.window().as_millis_f64());
    vec![f64::from(class.code()), limit, window, f64::from(remaining)]
}
