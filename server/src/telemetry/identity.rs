//! What is counted about tokens.

use super::metrics::Metrics;
use super::names;

impl Metrics {
    /// A token was found, or was not, among the remembered.
    pub(crate) fn token_cache(&self, outcome: &'static str) {
        self.counter(names::TOKEN_CACHE, &[("outcome", outcome.into())])
            .increment(1);
    }

    /// The auth service was asked about a token.
    pub(crate) fn token_asked(&self, outcome: &'static str) {
        self.counter(names::TOKEN_ASKED, &[("outcome", outcome.into())])
            .increment(1);
    }

    /// The auth service was asked about a user.
    pub(crate) fn user_asked(&self, outcome: &'static str) {
        self.counter(names::USER_ASKED, &[("outcome", outcome.into())])
            .increment(1);
    }

    /// Somebody's tokens were revoked here.
    pub(crate) fn revoked(&self) {
        self.counter(names::TOKEN_REVOCATIONS, &[]).increment(1);
    }

    /// How many revocations hold.
    #[expect(
        clippy::cast_precision_loss,
        reason = "revocations are bounded far below 2^52"
    )]
    pub(crate) fn revocations(&self, count: usize) {
        self.gauge(names::TOKENS_REVOKED, &[]).set(count as f64);
    }

    /// The key set was read, or could not be.
    pub(crate) fn jwks_reading(&self, outcome: &'static str) {
        self.counter(names::JWKS_READINGS, &[("outcome", outcome.into())])
            .increment(1);
    }

    /// Whether the key set is older than it may be.
    pub(crate) fn jwks_stale(&self, is_stale: bool) {
        self.gauge(names::JWKS_STALE, &[])
            .set(f64::from(u8::from(is_stale)));
    }
}
