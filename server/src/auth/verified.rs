//! A token that was verified, with what must be known to stop believing it.

use seawall_policy::time::{MonoTime, Span};

use super::claims::{Identity, seconds};
use super::digest::Digest;

/// What decided that the token is good; changes with the configuration and the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ground {
    pub(crate) config: u64,
    pub(crate) keys: u64,
    pub(crate) is_nobody_known: bool,
}

/// A verified token.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub(crate) identity: Identity,
    pub(crate) ground: Ground,
    pub(crate) at: MonoTime,
    pub(crate) token: Digest,
    pub(crate) session: Option<Digest>,
    pub(crate) user: Option<Digest>,
    pub(crate) issued_s: u64,
    pub(crate) expires_s: Option<u64>,
}

/// By what a token can be revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Named {
    /// The token itself; unknown for what was verified before tokens were noted.
    pub(crate) token: Option<Digest>,
    pub(crate) session: Option<Digest>,
    pub(crate) user: Option<Digest>,
    pub(crate) issued_s: u64,
}

impl Named {
    /// By the verified claims of a token.
    pub(crate) fn of(identity: &Identity, token: Option<Digest>) -> Self {
        let session = identity
            .claims
            .get("session_id")
            .and_then(serde_json::Value::as_str);
        Self {
            token,
            session: session.map(Digest::of_session),
            user: identity.subject().map(Digest::of_user),
            issued_s: seconds(&identity.claims, "iat").unwrap_or(0),
        }
    }
}

/// How good what is remembered still is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Age {
    /// As good as new.
    Fresh,
    /// Its time is up, but the token's is not: good enough only where nobody can be asked.
    Outlived,
    /// Good for nothing.
    Over,
}

impl Verified {
    pub(crate) fn new(identity: Identity, token: Digest, ground: Ground, at: MonoTime) -> Self {
        let Named {
            session,
            user,
            issued_s,
            ..
        } = Named::of(&identity, Some(token));
        Self {
            ground,
            at,
            token,
            session,
            user,
            issued_s,
            expires_s: seconds(&identity.claims, "exp"),
            identity,
        }
    }

    /// By what it can be revoked.
    pub(crate) fn named(&self) -> Named {
        Named {
            token: Some(self.token),
            session: self.session,
            user: self.user,
            issued_s: self.issued_s,
        }
    }

    /// Never good past the token's own end, nor on another ground; as good as new only if nothing was missed since.
    pub(crate) fn age(
        &self,
        ground: Ground,
        now: MonoTime,
        now_s: u64,
        ttl: Span,
        missed: Option<MonoTime>,
    ) -> Age {
        let may_be_behind = missed.is_some_and(|missed| self.at <= missed);
        let has_ended = self.expires_s.is_some_and(|expires_s| now_s >= expires_s);
        if has_ended || self.ground != ground {
            Age::Over
        } else if now.since(self.at) < ttl && !may_be_behind {
            Age::Fresh
        } else {
            Age::Outlived
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::config::ClaimPath;

    const GROUND: Ground = Ground {
        config: 1,
        keys: 2,
        is_nobody_known: false,
    };
    const TTL: Span = Span::from_secs(300);

    fn verified(claims: &serde_json::Value, at: MonoTime) -> Verified {
        let claims = claims.as_object().unwrap().clone();
        let identity = Identity::of(claims, &ClaimPath::default(), Some("anon"), true).unwrap();
        Verified::new(identity, Digest::of_token("a.b.c"), GROUND, at)
    }

    #[test]
    fn what_is_remembered_is_good_for_its_time() {
        let token = verified(&json!({"exp": 10_000}), MonoTime::from_millis(0));
        let age = |millis| token.age(GROUND, MonoTime::from_millis(millis), 1_000, TTL, None);
        assert_eq!(age(299_999), Age::Fresh);
        assert_eq!(age(300_000), Age::Outlived);
    }

    #[test]
    fn other_keys_or_another_configuration_end_it() {
        let token = verified(&json!({}), MonoTime::ZERO);
        let under = |config, keys| {
            let ground = Ground {
                config,
                keys,
                ..GROUND
            };
            token.age(ground, MonoTime::ZERO, 0, TTL, None)
        };
        assert_eq!(under(1, 2), Age::Fresh);
        assert_eq!(under(1, 3), Age::Over);
        assert_eq!(under(2, 2), Age::Over);
    }

    #[test]
    fn what_was_verified_before_a_message_was_missed_is_verified_again() {
        let token = verified(&json!({}), MonoTime::from_millis(10));
        let age = |missed| {
            token.age(
                GROUND,
                MonoTime::from_millis(20),
                0,
                TTL,
                Some(MonoTime::from_millis(missed)),
            )
        };
        assert_eq!(
            (age(9), age(10), age(15)),
            (Age::Fresh, Age::Outlived, Age::Outlived)
        );
    }

    proptest! {
        #[test]
        fn nothing_is_good_past_its_end(exp in 0_u64..2_000, now_s in 0_u64..2_000, verified_ms in 0_u64..1_000_000, now_ms in 0_u64..1_000_000) {
            let token = verified(&json!({"exp": exp}), MonoTime::from_millis(verified_ms));
            let age = token.age(GROUND, MonoTime::from_millis(now_ms), now_s, TTL, None);
            prop_assert_eq!(age == Age::Over, now_s >= exp);
        }
    }
}
