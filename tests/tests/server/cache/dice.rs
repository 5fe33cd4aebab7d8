//! What the cache's random tests draw from.

/// Pseudo-random, so that a failure can be repeated.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// A number from zero, below so many.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % sides
    }
}

/// A number of the environment: how long, or from which seed.
pub(super) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(default)
}
