//! How many people there are. Tiers are the operator's to name, so the label is bounded.

use super::Metrics;

const ACTIVE: &str = "active_users";

pub(super) const GAUGES: &[(&str, &str)] = &[(
    ACTIVE,
    "People seen lately, by tier and window, over all instances that share a Redis; an estimate.",
)];

impl Metrics {
    /// So many were seen.
    #[expect(clippy::cast_precision_loss, reason = "people are fewer than 2^52")]
    pub(crate) fn active_users(&self, tier: &str, window: &'static str, count: u64) {
        self.gauge(
            ACTIVE,
            &[("tier", tier.to_owned().into()), ("window", window.into())],
        )
        .set(count as f64);
    }
}
