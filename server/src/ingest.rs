//! Metrics that pages counted, added to the server's own.
//!
//! What a page says is hearsay: batches are bounded in every direction, nothing of them
//! becomes a label unless it is one of a known set, and a batch that was heard already
//! (`page` and `sequence` name it) counts once. A page can lie about its own numbers and
//! about no more than one batch's worth at a time.

mod batch;

use std::time::Duration;

use batch::Batch;

use crate::telemetry::Metrics;

/// How many batches are remembered, and for how long; pages give up repeating one long before.
const REMEMBERED: u64 = 100_000;
const FOR: Duration = Duration::from_secs(3600);

/// Why a batch was not counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct BadBatch(pub(crate) String);

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It counts.
    Counted,
    /// It had been counted already.
    Repeated,
}

/// Takes batches.
pub(crate) struct Ingest {
    heard: moka::sync::Cache<(String, u64), ()>,
}

impl Ingest {
    pub(crate) fn new() -> Self {
        let heard = moka::sync::Cache::builder()
            .max_capacity(REMEMBERED)
            .time_to_live(FOR)
            .build();
        Self { heard }
    }

    /// Counts a batch, if it was not counted yet. `is_known` tells endpoints that exist from invented ones.
    ///
    /// # Errors
    /// When it is no batch.
    pub(crate) fn take(
        &self,
        body: &[u8],
        is_known: impl Fn(&str) -> bool,
        metrics: &Metrics,
    ) -> Result<Taken, BadBatch> {
        let batch = Batch::parse(body)?;
        let name = (batch.page.clone(), batch.sequence);
        // Of two at once one inserts first and the other finds it.
        if !self.heard.entry(name).or_insert(()).is_fresh() {
            return Ok(Taken::Repeated);
        }
        batch.count(is_known, metrics);
        Ok(Taken::Counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BATCH: &str = r#"{"version":1,"page":"p","sequence":3,"from":0,"to":1,"dropped":2,
      "endpoints":[
        {"service":"rest","class":"reads","endpoint":"/rest/v1/rooms","calls":5,"succeeded":4,
         "failures":{"timeout":1,"invented":7},"retries":2,"joined":{"batch":3},"cache":{"fresh":6},
         "latency":{"count":5,"sum":10,"buckets":[[100,5]]},"queue":{"count":0,"sum":0,"buckets":[]}},
        {"service":"rest","class":"reads","endpoint":"/rest/v1/invented","calls":1,"succeeded":1,
         "failures":{},"retries":0,"joined":{},"cache":{},
         "latency":{"count":1,"sum":1,"buckets":[[100,1],[9999,1]]},"queue":{"count":0,"sum":0,"buckets":[]}}],
      "transitions":[{"breaker":"rest","to":"open","cause":"failure_count","count":1}],"users":[]}"#;

    fn take(ingest: &Ingest, body: &str, metrics: &Metrics) -> Result<Taken, BadBatch> {
        ingest.take(body.as_bytes(), |endpoint| endpoint == "/rest/v1/rooms", metrics)
    }

    #[test]
    fn a_batch_counts_once_and_invents_no_labels() {
        let (ingest, metrics) = (Ingest::new(), Metrics::new());
        assert_eq!(take(&ingest, BATCH, &metrics), Ok(Taken::Counted));
        assert_eq!(take(&ingest, BATCH, &metrics), Ok(Taken::Repeated));
        let text = metrics.render();
        let line = |labels: &str, value: u32| {
            let line =
                format!("seawall_client_calls_total{{service=\"rest\",class=\"reads\",{labels}}} {value}");
            assert!(text.contains(&line), "{line}\n{text}");
        };
        line(r#"endpoint="/rest/v1/rooms",outcome="ok""#, 4);
        line(r#"endpoint="/rest/v1/rooms",outcome="timeout""#, 1);
        line(r#"endpoint="other",outcome="ok""#, 1);
        assert!(!text.contains("invented"), "{text}");
        assert!(
            text.contains("seawall_client_metrics_batches_dropped_total 2"),
            "{text}"
        );
        assert!(
            text.contains("seawall_client_call_duration_seconds_count"),
            "{text}"
        );
    }

    #[test]
    fn what_is_no_batch_is_refused_with_a_reason() {
        let (ingest, metrics) = (Ingest::new(), Metrics::new());
        let huge = BATCH.replace("\"calls\":5", "\"calls\":99999999999");
        let many = format!(
            "{{\"version\":1,\"page\":\"p\",\"sequence\":0,\"endpoints\":[{}]}}",
            vec!["1"; 500].join(",")
        );
        for (body, reason) in [
            ("", "JSON"),
            ("[]", "JSON"),
            (r#"{"version":2,"page":"p","sequence":0}"#, "version"),
            (huge.as_str(), "more than"),
            (many.as_str(), "JSON"),
        ] {
            let error = take(&ingest, body, &metrics).unwrap_err();
            assert!(error.0.contains(reason), "{body}: {error}");
        }
    }
}
