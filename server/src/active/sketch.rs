//! A HyperLogLog: how many different things were seen, in four kilobytes.
//!
//! Of each hash the first bits choose a register and the rest is a lot drawn: a register keeps the longest run of
//! zeros it saw, and long runs are rare. It is sixty lines, so it is ours: the crates for it bring serialisation,
//! estimators for small sets and hashers that are not needed here. Where few were seen, the registers that are still
//! empty tell the number almost exactly.

const BITS: u32 = 12;
const REGISTERS: usize = 1 << BITS;

/// What was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sketch(Vec<u8>);

impl Sketch {
    /// Of nothing.
    pub(super) fn new() -> Self {
        Self(vec![0; REGISTERS])
    }

    /// Something was seen, by an even hash of it.
    pub(super) fn note(&mut self, hash: u64) {
        let place = usize::try_from(hash >> (64 - BITS)).unwrap_or_default();
        // A bit that ends the run, so that it is never longer than what is left of the hash.
        let rest = (hash << BITS) | (1 << (BITS - 1));
        let run = u8::try_from(rest.leading_zeros() + 1).unwrap_or(u8::MAX);
        if let Some(register) = self.0.get_mut(place) {
            *register = run.max(*register);
        }
    }

    /// Adds what another saw.
    pub(super) fn join(&mut self, other: &Self) {
        for (register, others) in self.0.iter_mut().zip(&other.0) {
            *register = (*others).max(*register);
        }
    }

    /// How many there were, more or less.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an estimate, positive and far below 2^52"
    )]
    pub(super) fn count(&self) -> u64 {
        let registers = REGISTERS as f64;
        let sum: f64 = self.0.iter().map(|run| f64::exp2(-f64::from(*run))).sum();
        let estimate = 0.7213 / (1.0 + 1.079 / registers) * registers * registers / sum;
        let empty = self.0.iter().filter(|run| **run == 0).count();
        if estimate <= 2.5 * registers && empty > 0 {
            return (registers * (registers / empty as f64).ln()).round() as u64;
        }
        estimate.round() as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use seawall_policy::rng::{Rng as _, SplitMix64};

    use super::*;

    fn of(seed: u64, count: u64) -> Sketch {
        let (mut rng, mut sketch) = (SplitMix64::new(seed), Sketch::new());
        for _ in 0..count {
            sketch.note(rng.next_u64());
        }
        sketch
    }

    #[test]
    fn nobody_is_nobody_and_a_few_are_exact() {
        for count in [0, 1, 2, 3, 10] {
            assert_eq!(of(7, count).count(), count);
        }
    }

    #[test]
    fn the_worst_hashes_do_no_harm() {
        let mut sketch = Sketch::new();
        for hash in [0, u64::MAX, 1, 1 << 63] {
            sketch.note(hash);
        }
        assert_eq!(sketch.count(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn many_are_told_within_a_tenth(seed: u64, count in 100_u64..200_000) {
            let told = of(seed, count).count();
            prop_assert!(told.abs_diff(count) * 10 <= count, "{told} of {count}");
        }

        #[test]
        fn what_two_saw_together_is_what_one_would_have_seen(
            seed: u64,
            hashes in prop::collection::vec(any::<u64>(), 0..500),
        ) {
            let (mut one, mut both) = (of(seed, 300), of(seed, 300));
            let mut other = Sketch::new();
            for hash in hashes {
                other.note(hash);
                both.note(hash);
            }
            one.join(&other);
            prop_assert_eq!(&one, &both);
            one.join(&other);
            prop_assert_eq!(&one, &both, "twice is once");
        }
    }
}
