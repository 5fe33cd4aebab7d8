//! Tokens that nobody signed: an address may present only so many.
//!
//! A guess costs the server a verification. Over the limit what an address presents is
//! refused unverified, apart from tokens that were verified before, so that others behind
//! it keep working. Tokens that were good once (expired, signed out) are no guesses, and
//! neither is text that is no token at all.

use seawall_policy::limit::Gcra;
use seawall_policy::time::Span;

use super::key::Holder;
use super::scope::{Check, Scope, Standing};
use super::{Limits, Rules};
use crate::client_address::ClientAddress;

impl Limits {
    /// How long an address may present no token that is not known; nothing where it may.
    pub(crate) fn barred(&self, address: ClientAddress) -> Option<Span> {
        let now = self.clock.mono();
        if self.denied.is_empty(now) {
            return None;
        }
        let check = self.of_failed_tokens(address, &self.rules.load())?;
        self.denied.find(&[check], now)?.wait
    }

    /// Counts a token that nobody signed.
    pub(crate) async fn note_failed_token(&self, address: ClientAddress) {
        let rules = self.rules.load_full();
        let Some(check) = self.of_failed_tokens(address, &rules) else {
            return;
        };
        let now = self.clock.mono();
        let (_, standings, _) = self.count(&[check], &rules).await;
        let standings: Vec<Standing> = standings.into_iter().map(barring).collect();
        if standings.iter().any(|standing| standing.wait.is_some()) {
            self.denied.note(&[check], &standings, now);
            let details = "an address has presented too many tokens that nobody signed";
            self.events.security("token_guessing", None, details);
        }
    }

    fn of_failed_tokens(&self, address: ClientAddress, rules: &Rules) -> Option<Check> {
        let quota = rules.config.failed_tokens.filter(|_| rules.config.enabled)?;
        let holder = Holder::Network(address.network());
        Some(Check {
            scope: Scope::FailedTokens,
            key: self.keys.key(Scope::FailedTokens, holder, ""),
            quota,
            gcra: Gcra::new(quota),
        })
    }
}

/// Nothing left bars at once: the next would be one too many, and is not verified to find out.
fn barring(standing: Standing) -> Standing {
    let used_up = (standing.remaining == 0).then_some(standing.reset);
    Standing {
        wait: standing.wait.or(used_up),
        ..standing
    }
}
