//! What pages counted, under names of their own: `seawall_client_…`.

use super::Metrics;
use super::names;
use std::borrow::Cow;

/// One endpoint and class of operation of the pages.
pub(crate) struct ClientEndpoint<'metrics> {
    metrics: &'metrics Metrics,
    labels: [(&'static str, Cow<'static, str>); 3],
}

impl Metrics {
    /// Where figures of one endpoint are added.
    pub(crate) fn client_endpoint(&self, service: &str, class: &str, endpoint: &str) -> ClientEndpoint<'_> {
        ClientEndpoint {
            metrics: self,
            labels: [
                ("service", service.to_owned().into()),
                ("class", class.to_owned().into()),
                ("endpoint", endpoint.to_owned().into()),
            ],
        }
    }

    /// Circuits of pages entered a state.
    pub(crate) fn client_transitions(&self, to: &'static str, count: u64) {
        self.counter(names::CLIENT_TRANSITIONS, &[("to", to.into())])
            .increment(count);
    }

    /// A batch was counted; its page had given up so many before it.
    pub(crate) fn client_batch(&self, dropped: u64) {
        self.counter(names::CLIENT_BATCHES, &[]).increment(1);
        self.counter(names::CLIENT_BATCHES_DROPPED, &[])
            .increment(dropped);
    }
}

impl ClientEndpoint<'_> {
    /// Calls that ended so.
    pub(crate) fn calls(&self, outcome: &'static str, count: u64) {
        self.add(names::CLIENT_CALLS, Some(("outcome", outcome)), count);
    }

    /// Requests sent beyond the first of their call.
    pub(crate) fn retries(&self, count: u64) {
        self.add(names::CLIENT_RETRIES, None, count);
    }

    /// Calls joined with others.
    pub(crate) fn joined(&self, how: &'static str, count: u64) {
        self.add(names::CLIENT_JOINED, Some(("how", how)), count);
    }

    /// Reads that the cache saw.
    pub(crate) fn cache(&self, result: &'static str, count: u64) {
        self.add(names::CLIENT_CACHE, Some(("result", result)), count);
    }

    /// Calls that took so long.
    pub(crate) fn took(&self, seconds: f64, count: usize) {
        self.metrics
            .histogram(names::CLIENT_DURATION, &self.labels)
            .record_many(seconds, count);
    }

    /// Calls that waited so long for their turn.
    pub(crate) fn waited(&self, seconds: f64, count: usize) {
        self.metrics
            .histogram(names::CLIENT_QUEUE, &self.labels)
            .record_many(seconds, count);
    }

    fn add(&self, name: &'static str, further: Option<(&'static str, &'static str)>, count: u64) {
        if count == 0 {
            return;
        }
        let mut labels = self.labels.to_vec();
        labels.extend(further.map(|(name, value)| (name, value.to_owned().into())));
        self.metrics.counter(name, &labels).increment(count);
    }
}
