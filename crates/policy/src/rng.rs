//! Randomness as an argument.
//!
//! Jitter needs little: spread, not secrecy. The trait has one method so that a shell can pass
//! `crypto.getRandomValues`, the operating system or a literal; nothing in this crate stores a generator.

use crate::time::Span;

/// A source of random numbers.
pub trait Rng {
    /// Returns the next 64 random bits.
    fn next_u64(&mut self) -> u64;

    /// Returns a number in `0..=bound`, evenly spread.
    fn up_to(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next_u64()) * (u128::from(bound) + 1);
        u64::try_from(product >> 64).unwrap_or(bound)
    }

    /// Returns a span in `0..=bound`, evenly spread.
    fn span_up_to(&mut self, bound: Span) -> Span {
        Span::from_nanos(self.up_to(bound.as_nanos()))
    }
}

impl<R: Rng + ?Sized> Rng for &mut R {
    fn next_u64(&mut self) -> u64 {
        (**self).next_u64()
    }
}

/// Sebastiano Vigna's SplitMix64: eight bytes of state, good enough to spread retries and probes.
///
/// Not for secrets: its output tells its state.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// A generator that always gives the same sequence for the same seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }
}

impl Rng for SplitMix64 {
    fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut rng = SplitMix64::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn bounds_are_kept_and_both_ends_are_reached() {
        let mut rng = SplitMix64::new(1);
        let mut seen = [false; 3];
        for _ in 0..100 {
            seen[usize::try_from(rng.up_to(2)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 3]);
        assert_eq!(rng.up_to(0), 0);
    }

    #[test]
    fn the_widest_bound_does_not_overflow() {
        let mut rng = SplitMix64::new(9);
        let _ = rng.up_to(u64::MAX);
        assert!(rng.span_up_to(Span::MAX) <= Span::MAX);
    }
}
