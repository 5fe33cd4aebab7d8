//! Latencies in fixed logarithmic buckets: 832 bytes, no allocation, percentiles within an eighth.
//!
//! Eight buckets to a doubling, from one microsecond to two minutes; what is longer falls into the last. The
//! buckets are part of what the page sends to the server, so they never change: `tests/latency-buckets.txt` pins
//! them, and the package's own histogram is tested against the same file.

use crate::time::Span;

const SUB_BITS: u32 = 3;
const SUB: u64 = 1 << SUB_BITS;
/// 2^27 µs is 134 s.
const TOP_EXPONENT: u32 = 26;
/// How many buckets there are.
pub const BUCKETS: usize = ((TOP_EXPONENT - SUB_BITS + 2) as usize) << SUB_BITS;

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
        self.add(bucket_of(latency), 1);
    }

    /// Counts so many latencies that somebody else sorted into this bucket; a bucket that is none changes nothing.
    pub fn add(&mut self, bucket: usize, count: u32) {
        if let Some(counted) = self.buckets.get_mut(bucket) {
            *counted = counted.saturating_add(count);
            self.count = self.count.saturating_add(count);
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
        found.map(upper_edge)
    }
}

/// The bucket that a latency falls into.
#[must_use]
pub fn bucket_of(latency: Span) -> usize {
    let micros = latency.as_nanos() / 1_000;
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

/// Where a bucket ends: the least latency that is too long for it.
#[must_use]
pub fn upper_edge(bucket: usize) -> Span {
    let bucket = bucket.min(BUCKETS - 1) as u64;
    let micros = if bucket < SUB {
        bucket + 1
    } else {
        ((bucket & (SUB - 1)) + SUB + 1) << ((bucket >> SUB_BITS) - 1)
    };
    Span::from_nanos(micros * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line for each: microseconds, the bucket, where it ends in microseconds.
    const PINNED: &str = include_str!("../tests/latency-buckets.txt");

    fn micros(count: u64) -> Span {
        Span::from_nanos(count * 1_000)
    }

    #[test]
    fn every_latency_lies_below_its_edge_and_within_an_eighth() {
        for count in (0..100_000).chain([1 << 20, (1 << 26) + 12_345, (1 << 27) - 1]) {
            let edge = upper_edge(bucket_of(micros(count)));
            assert!(micros(count) < edge, "{count} {edge:?}");
            assert!(edge <= micros(count + count / 8 + 1), "{count} {edge:?}");
        }
    }

    #[test]
    fn the_buckets_are_the_ones_that_pages_send() {
        let mut lines = 0;
        for line in PINNED.lines().filter(|line| !line.starts_with('#')) {
            let fields: Vec<u64> = line.split(' ').map(|field| field.parse().unwrap()).collect();
            let &[latency, bucket, edge] = fields.as_slice() else {
                panic!("three numbers: {line}");
            };
            assert_eq!(bucket_of(micros(latency)) as u64, bucket, "{line}");
            assert_eq!(upper_edge(bucket_of(micros(latency))), micros(edge), "{line}");
            lines += 1;
        }
        assert!(lines > BUCKETS, "every bucket is pinned");
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
    fn counts_from_elsewhere_add_up_and_a_foreign_bucket_is_none() {
        let mut histogram = Histogram::default();
        histogram.add(bucket_of(Span::from_millis(3)), 7);
        histogram.add(BUCKETS, 1_000);
        assert_eq!(histogram.count(), 7);
        let p50 = histogram.percentile(500).unwrap();
        assert!(p50 > Span::from_millis(3), "{p50:?}");
    }

    #[test]
    fn nothing_counted_has_no_percentile_and_the_absurd_has_the_last() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.percentile(500), None);
        histogram.record(Span::MAX);
        assert!(histogram.percentile(500).unwrap() > Span::from_secs(120));
    }
}
