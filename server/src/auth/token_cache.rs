//! Verified tokens, under their SHA-256 and never themselves, in bounded memory.
//!
//! It only spares work: whether something remembered is still good is asked of it at each
//! use ([`super::verified`]), and what was revoked is refused elsewhere, so losing an
//! entry, or keeping one too long, changes no answer.

use std::sync::Arc;

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::digest::Digest;
use super::verified::Verified;

/// What an ordinary token's claims take in memory; larger ones count for more.
const USUAL_BYTES: u64 = 2_048;

/// The memory.
pub(crate) struct TokenCache {
    cache: Option<Cache<Digest, Remembered, BySize>>,
}

#[derive(Clone)]
struct Remembered {
    verified: Arc<Verified>,
    bytes: u64,
}

#[derive(Clone)]
struct BySize;

impl Weighter<Digest, Remembered> for BySize {
    fn weight(&self, _: &Digest, remembered: &Remembered) -> u64 {
        remembered.bytes.max(USUAL_BYTES)
    }
}

impl TokenCache {
    /// Room for so many ordinary tokens; none remembers nothing.
    pub(crate) fn new(tokens: usize) -> Self {
        let room = u64::try_from(tokens)
            .unwrap_or(u64::MAX)
            .saturating_mul(USUAL_BYTES);
        Self {
            cache: (tokens > 0).then(|| Cache::with_weighter(tokens, room, BySize)),
        }
    }

    /// What is remembered of a token.
    pub(crate) fn find(&self, token: &Digest) -> Option<Arc<Verified>> {
        self.cache.as_ref()?.get(token).map(|found| found.verified)
    }

    /// Remembers a token of so many bytes.
    pub(crate) fn remember(&self, verified: Arc<Verified>, token_bytes: usize) {
        if let Some(cache) = &self.cache {
            // Parsed, claims take a few times their text.
            let bytes = u64::try_from(token_bytes).unwrap_or(u64::MAX).saturating_mul(4);
            cache.insert(verified.token, Remembered { verified, bytes });
        }
    }

    /// Forgets one token.
    pub(crate) fn forget(&self, token: &Digest) {
        if let Some(cache) = &self.cache {
            cache.remove(token);
        }
    }

    /// Forgets what is no longer good.
    pub(crate) fn forget_where(&self, gone: impl Fn(&Verified) -> bool) {
        if let Some(cache) = &self.cache {
            cache.retain(|_, remembered| !gone(&remembered.verified));
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.cache.as_ref().map_or(0, Cache::len)
    }
}

#[cfg(test)]
mod tests {
    use seawall_policy::time::MonoTime;
    use serde_json::Map;

    use super::*;
    use crate::auth::Identity;
    use crate::auth::verified::Ground;
    use crate::config::ClaimPath;

    fn verified(token: &str) -> Arc<Verified> {
        let identity = Identity::of(Map::new(), &ClaimPath::default(), Some("anon"), true).unwrap();
        let ground = Ground {
            config: 0,
            keys: 0,
            is_nobody_known: false,
        };
        Arc::new(Verified::new(
            identity,
            Digest::of_token(token),
            ground,
            MonoTime::ZERO,
        ))
    }

    #[test]
    fn what_was_remembered_is_found_until_it_is_forgotten() {
        let cache = TokenCache::new(100);
        for token in ["a", "b"] {
            cache.remember(verified(token), 400);
        }
        assert!(cache.find(&Digest::of_token("a")).is_some());
        let gone = Digest::of_token("a");
        cache.forget_where(|verified| verified.token == gone);
        assert!(cache.find(&gone).is_none() && cache.find(&Digest::of_token("b")).is_some());
        cache.forget(&Digest::of_token("b"));
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn memory_is_bounded_in_tokens_and_in_bytes() {
        let cache = TokenCache::new(1_000);
        for index in 0..10_000 {
            cache.remember(verified(&index.to_string()), 400);
        }
        assert!(cache.len() <= 1_000, "{}", cache.len());
        let huge = TokenCache::new(1_000);
        for index in 0..10_000 {
            huge.remember(verified(&index.to_string()), 60_000);
        }
        assert!(huge.len() <= 10, "{}", huge.len());
    }

    #[test]
    fn no_room_remembers_nothing() {
        let cache = TokenCache::new(0);
        cache.remember(verified("a"), 400);
        assert!(cache.find(&Digest::of_token("a")).is_none());
    }
}
