//! One batch, as `MetricsBatch` of the package describes it, read with suspicion.

use std::collections::BTreeMap;

use seawall_policy::class::{Category, Class, Service};
use seawall_policy::event::State;
use seawall_policy::histogram::{BUCKETS, upper_edge};
use serde::Deserialize;

use super::BadBatch;
use crate::telemetry::Metrics;

const VERSION: u32 = 1;
const MOST_ENDPOINTS: usize = 256;
const LONGEST_NAME: usize = 128;
/// More calls than a page makes between two batches.
const MOST_CALLS: u64 = 1_000_000;

/// Endpoints of the auth service, which are no relations; `is_known` knows those.
const AUTH: &[&str] = &[
    "/auth/v1/token",
    "/auth/v1/user",
    "/auth/v1/signup",
    "/auth/v1/logout",
    "/auth/v1/otp",
    "/auth/v1/recover",
    "/auth/v1/verify",
];
const JOINS: &[&str] = &["coalesce", "batch", "debounce"];
const CACHE: &[&str] = &["fresh", "stale", "miss", "revalidated", "bypass"];
const OTHER: &str = "other";

/// What a page counted.
#[derive(Deserialize)]
pub(super) struct Batch {
    version: u32,
    pub(super) page: String,
    pub(super) sequence: u64,
    #[serde(default)]
    dropped: u64,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
    #[serde(default)]
    transitions: Vec<Transition>,
}

#[derive(Deserialize)]
struct Endpoint {
    service: String,
    class: String,
    endpoint: String,
    succeeded: u64,
    calls: u64,
    #[serde(default)]
    failures: BTreeMap<String, u64>,
    #[serde(default)]
    retries: u64,
    #[serde(default)]
    joined: BTreeMap<String, u64>,
    #[serde(default)]
    cache: BTreeMap<String, u64>,
    latency: Latencies,
    queue: Latencies,
}

#[derive(Deserialize)]
struct Latencies {
    buckets: Vec<(usize, u64)>,
}

#[derive(Deserialize)]
struct Transition {
    to: String,
    count: u64,
}

impl Batch {
    /// Reads a batch.
    pub(super) fn parse(body: &[u8]) -> Result<Self, BadBatch> {
        let batch: Self = serde_json::from_slice(body)
            .map_err(|error| BadBatch(format!("is no batch in JSON: {error}")))?;
        batch.check()?;
        Ok(batch)
    }

    fn check(&self) -> Result<(), BadBatch> {
        let refuse = |reason: String| Err(BadBatch(reason));
        if self.version != VERSION {
            return refuse(format!(
                "version {} is not understood; it must be {VERSION}",
                self.version
            ));
        }
        if self.page.len() > LONGEST_NAME || self.page.is_empty() {
            return refuse(format!("page must have 1 to {LONGEST_NAME} bytes"));
        }
        if self.endpoints.len() > MOST_ENDPOINTS || self.transitions.len() > MOST_ENDPOINTS {
            return refuse(format!("has more than {MOST_ENDPOINTS} endpoints or transitions"));
        }
        if self.numbers().any(|number| number > MOST_CALLS) {
            return refuse(format!("counts more than {MOST_CALLS} of something"));
        }
        Ok(())
    }

    fn numbers(&self) -> impl Iterator<Item = u64> {
        let endpoints = self.endpoints.iter().flat_map(Endpoint::numbers);
        let transitions = self.transitions.iter().map(|transition| transition.count);
        endpoints.chain(transitions).chain([self.dropped])
    }

    /// Adds it to the metrics.
    pub(super) fn count(&self, is_known: impl Fn(&str) -> bool, metrics: &Metrics) {
        for endpoint in &self.endpoints {
            let path = endpoint.endpoint.as_str();
            let name = if is_known(path) || AUTH.contains(&path) {
                path
            } else {
                OTHER
            };
            endpoint.count(name, metrics);
        }
        for transition in &self.transitions {
            metrics.client_transitions(
                one_of(State::ALL.map(State::name).as_slice(), &transition.to),
                transition.count,
            );
        }
        metrics.client_batch(self.dropped);
    }
}

impl Endpoint {
    fn numbers(&self) -> impl Iterator<Item = u64> {
        let maps = [&self.failures, &self.joined, &self.cache];
        let buckets = self.latency.buckets.iter().chain(&self.queue.buckets);
        [self.calls, self.succeeded, self.retries]
            .into_iter()
            .chain(maps.into_iter().flat_map(|map| map.values().copied()))
            .chain(buckets.map(|(_, count)| *count))
    }

    fn count(&self, name: &str, metrics: &Metrics) {
        let service = Service::from_name(&self.service).map_or(OTHER, Service::name);
        let class = Class::from_name(&self.class).map_or(OTHER, Class::name);
        let place = metrics.client_endpoint(service, class, name);
        place.calls("ok", self.succeeded);
        for (category, count) in &self.failures {
            let outcome = Category::from_name(category).map_or(OTHER, Category::name);
            place.calls(outcome, *count);
        }
        place.retries(self.retries);
        for (how, count) in &self.joined {
            place.joined(one_of(JOINS, how), *count);
        }
        for (result, count) in &self.cache {
            place.cache(one_of(CACHE, result), *count);
        }
        self.latency.each(|seconds, count| place.took(seconds, count));
        self.queue.each(|seconds, count| place.waited(seconds, count));
    }
}

impl Latencies {
    /// Each bucket as a latency in it and how many there were.
    fn each(&self, mut tell: impl FnMut(f64, usize)) {
        for (bucket, count) in self.buckets.iter().filter(|(bucket, _)| *bucket < BUCKETS) {
            let seconds = upper_edge(*bucket).as_millis_f64() / 1e3;
            tell(seconds, usize::try_from(*count).unwrap_or_default());
        }
    }
}

/// The word, if it is one that labels may have.
fn one_of(words: &[&'static str], word: &str) -> &'static str {
    words
        .iter()
        .find(|known| **known == word)
        .copied()
        .unwrap_or(OTHER)
}
