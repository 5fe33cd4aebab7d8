//! Latencies in fixed logarithmic buckets: 832 bytes, no allocation, percentiles within an eighth.
//!
//! Eight buckets to a doubling, from one microsecond to two minutes; what is longer falls into the last.

use crate::time::Span;

const SUB_BITS: u32 = 3;
const SUB: u64 = 1 << SUB_BITS;
/// 2^27 µs is 134 s.
const TOP_EXPONENT: u32 = 26;
const BUCKETS: usize = ((TOP_EXPONENT - SUB_BITS + 2) as usize) << SUB_BITS;

/// A histogram of latencies.
#[derive(Clone, Debug)]
pub struct Histogram {
    buckets: [u32; BUCKETS],
    count: u32,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            buckets: [0; BUCKETS],
            count: 0,
        }
    }
}

impl Histogram {
    /// Counts a latency.
    pub fn record(&mut self, latency: Span) {
        if let Some(bucket) = self.buckets.get_mut(index(latency.as_nanos() / 1_000)) {
            *bucket = bucket.saturating_add(1);
            self.count = self.count.saturating_add(1);
        }
    }

    /// How many latencies were counted.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// The latency that so many per thousand stay at or below, rounded up to its bucket's end.
    /// `None` if nothing was counted.
    #[must_use]
    pub fn percentile(&self, per_mille: u32) -> Option<Span> {
        self.merged_percentile(&Self::default(), per_mille)
    }

    /// The same over this and another histogram together.
    #[must_use]
    pub fn merged_percentile(&self, other: &Self, per_mille: u32) -> Option<Span> {
        let total = u64::from(self.count) + u64::from(other.count);
        let rank = (total * u64::from(per_mille)).div_ceil(1_000).max(1);
        let mut seen = 0_u64;
        let both = self.buckets.iter().zip(&other.buckets);
        let found = both
            .map(|(ours, theirs)| u64::from(*ours) + u64::from(*theirs))
            .position(|count| {
                seen += count;
                seen >= rank
            });
        found.map(|index| Span::from_nanos(upper_edge(index as u64).saturating_mul(1_000)))
    }
}

fn index(micros: u64) -> usize {
    if micros < SUB {
        return usize::try_from(micros).unwrap_or(0);
    }
    let exponent = micros.ilog2();
    if exponent > TOP_EXPONENT {
        return BUCKETS - 1;
    }
    let sub = (micros >> (exponent - SUB_BITS)) & (SUB - 1);
    usize::try_from((u64::from(exponent - SUB_BITS + 1) << SUB_BITS) + sub).unwrap_or(BUCKETS - 1)
}

fn upper_edge(index: u64) -> u64 {
    if index < SUB {
        return index + 1;
    }
    let shift = (index >> SUB_BITS) - 1;
    ((index & (SUB - 1)) + SUB + 1) << shift
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_latency_lies_below_its_edge_and_within_an_eighth() {
        for micros in (0..100_000).chain([1 << 20, (1 << 26) + 12_345, (1 << 27) - 1]) {
            let edge = upper_edge(index(micros) as u64);
            assert!(micros < edge, "{micros} {edge}");
            assert!(edge - micros <= micros / 8 + 1, "{micros} {edge}");
        }
    }

    #[test]
    fn percentiles_rank_what_was_counted() {
        let mut histogram = Histogram::default();
        for millis in 1..=100 {
            histogram.record(Span::from_millis(millis));
        }
        let p50 = histogram.percentile(500).unwrap().as_millis();
        let p99 = histogram.percentile(990).unwrap().as_millis();
        assert!((50..=57).contains(&p50), "{p50}");
        assert!((99..=112).contains(&p99), "{p99}");
    }

    #[test]
    fn nothing_counted_has_no_percentile_and_the_absurd_has_the_last() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(500), None);
        histogram.record(Span::MAX);
        assert!(histogram.percentile(500).unwrap() > Span::from_secs(120));
    }
}
