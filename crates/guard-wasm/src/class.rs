//! Requests sorted once, and known by a number from then on.

use seawall_policy::class::{Class, Service, Target};
use seawall_policy::retry::{Repeat, repeatability};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::Core;

/// More different endpoints than any application has; a flood of made-up ones shares the last.
const MOST_ROUTES: usize = 5_000;

/// What is known of a method at an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    pub(crate) service: Service,
    pub(crate) class: Class,
    pub(crate) endpoint: String,
    method: String,
}

/// Every route that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Routes(Vec<Route>);

impl Route {
    pub(crate) fn repeat(&self, prefer: Option<&str>) -> Repeat {
        repeatability(self.service, &self.method, prefer)
    }
}

impl Routes {
    pub(crate) fn get(&self, index: u32) -> Option<&Route> {
        self.0.get(index as usize)
    }

    fn find_or_add(&mut self, method: &str, target: Target<'_>) -> usize {
        let same = |route: &Route| route.endpoint == target.endpoint && route.method == method;
        if let Some(index) = self.0.iter().position(same) {
            return index;
        }
        if self.0.len() < MOST_ROUTES {
            self.0.push(Route {
                service: target.service,
                class: target.class,
                endpoint: target.endpoint.to_owned(),
                method: method.to_owned(),
            });
        }
        self.0.len().saturating_sub(1)
    }
}

#[wasm_bindgen]
impl Core {
    /// The number of a method at a path: what [`Core::begin`] takes.
    #[must_use]
    pub fn route(&mut self, method: &str, path: &str) -> u32 {
        let index = self.routes.find_or_add(method, Target::of(method, path));
        u32::try_from(index).unwrap_or(u32::MAX)
    }

    /// The numbers of the route's service and class: eight times the first, plus the second.
    #[wasm_bindgen(js_name = routeKind)]
    #[must_use]
    pub fn route_kind(&self, route: u32) -> u8 {
        self.routes
            .get(route)
            .map_or(0, |route| route.service.code() * 8 + route.class.code())
    }

    /// The endpoint: the path up to what names a thing and not an instance of it.
    #[wasm_bindgen(js_name = routeEndpoint)]
    #[must_use]
    pub fn route_endpoint(&self, route: u32) -> String {
        self.routes
            .get(route)
            .map(|route| route.endpoint.clone())
            .unwrap_or_default()
    }
}
