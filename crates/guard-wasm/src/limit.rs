//! A sliding window for each user, endpoint and class that calls.

use alloc::vec::Vec;

use seawall_policy::class::{Class, Service};
use seawall_policy::limit::{Quota, SlidingWindow};
use seawall_policy::time::MonoTime;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::memory::leave;
use crate::policy::Scope;
use crate::tabs::Role;
use crate::with;

/// Windows kept at most before those that have forgotten everything are given up.
const MANY: usize = 256;

/// What a window is for. JavaScript numbers users and endpoints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) user: u32,
    pub(crate) endpoint: u32,
    pub(crate) class: Class,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    window: SlidingWindow,
}

/// Every window in use.
#[derive(Debug, Default)]
pub(crate) struct Limits(Vec<Entry>);

impl Limits {
    /// The window of a key, made when first asked for.
    pub(crate) fn window(
        &mut self,
        scopes: &[Scope],
        role: Role,
        key: Key,
        scope: usize,
        now: MonoTime,
    ) -> Option<&mut SlidingWindow> {
        let rules = &scopes.get(scope)?.rules;
        let quota = rules.quota(key.class);
        let found = self.place(key);
        if found.is_none() {
            if self.0.len() >= MANY {
                self.0
                    .retain(|entry| entry.window.waiting() > 0 || entry.window.full_at(now) > now);
            }
            self.0.push(Entry {
                key,
                window: role.take(SlidingWindow::new(quota).adapting(rules.floor), now),
            });
        }
        let place = found.unwrap_or(self.0.len() - 1);
        let window = self.0.get_mut(place).map(|entry| &mut entry.window)?;
        // The policy may have changed since.
        if window.quota() != quota {
            window.set_quota(quota);
            window.set_floor(rules.floor);
        }
        Some(window)
    }

    pub(crate) fn place(&self, key: Key) -> Option<usize> {
        self.0.iter().position(|entry| entry.key == key)
    }

    pub(crate) fn at(&mut self, index: usize) -> Option<&mut SlidingWindow> {
        self.0.get_mut(index).map(|entry| &mut entry.window)
    }

    pub(crate) fn each(&mut self, change: impl Fn(&mut SlidingWindow)) {
        for entry in &mut self.0 {
            change(&mut entry.window);
        }
    }
}

/// How many windows there are: one for each user, endpoint and class that called.
#[wasm_bindgen]
#[must_use]
pub fn limits(guard: usize) -> usize {
    with(guard, |core| core.limits.0.len())
}

/// Leaves a window's class, limit, length in milliseconds, calls that would pass at this instant, endpoint and user.
#[wasm_bindgen]
pub fn limit(guard: usize, index: usize, now: f64) {
    with(guard, |core| {
        if let Some(Entry { key, window, .. }) = core.limits.0.get(index) {
            let remaining = window.remaining(MonoTime::from_millis_f64(now));
            figures(key.class, window.quota(), remaining, *key);
        }
    });
}

/// Leaves the same for a class that has not called yet, where no endpoint says otherwise.
#[wasm_bindgen]
pub fn quota(guard: usize, class: u8) {
    with(guard, |core| {
        let Some(class) = Class::from_code(class) else {
            return;
        };
        let service = match class {
            Class::Reads | Class::Writes => Service::Rest,
            Class::Rpc => Service::Rpc,
            Class::Auth => Service::Auth,
        };
        if let Some(scope) = core.scopes.get(1 + usize::from(service.code())) {
            let quota = scope.rules.quota(class);
            let key = Key {
                user: 0,
                endpoint: 0,
                class,
            };
            figures(class, quota, quota.limit(), key);
        }
    });
}

fn figures(class: Class, quota: Quota, remaining: u32, key: Key) {
    leave([
        f64::from(class.code()),
        f64::from(quota.limit()),
        quota.window().as_millis_f64(),
        f64::from(remaining),
        f64::from(key.endpoint),
        f64::from(key.user),
    ]);
}
