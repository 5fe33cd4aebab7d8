//! Tokens that are good by themselves and are refused all the same: somebody signed out.
//!
//! A revocation names a token, a session or a user, by digest, and is kept until every
//! token it concerns has expired by itself. Every verified token is held against all of
//! them at each use, remembered or not, so nothing else has to forget for it to be refused.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::verified::Named;

/// One sign-out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Revocation {
    /// The token, the session or the user.
    pub(crate) of: Digest,
    /// When the last token it concerns has expired.
    pub(crate) until_s: u64,
    /// Only tokens issued by then; all where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issued_by_s: Option<u64>,
    /// Of a user's sessions, the one that goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) except: Option<Digest>,
}

impl Revocation {
    /// Of everything that the digest names.
    pub(crate) fn of(of: Digest, until_s: u64) -> Self {
        Self {
            of,
            until_s,
            issued_by_s: None,
            except: None,
        }
    }

    /// Whether a token that carries this digest is refused.
    fn concerns(&self, token: &Named) -> bool {
        let is_old = self.issued_by_s.is_none_or(|by_s| token.issued_s <= by_s);
        let is_spared = self.except.is_some() && self.except == token.session;
        is_old && !is_spared
    }

    /// Of two about the same, what covers both.
    fn widened(&self, other: &Self) -> Self {
        Self {
            of: self.of,
            until_s: self.until_s.max(other.until_s),
            issued_by_s: match (self.issued_by_s, other.issued_by_s) {
                (Some(one), Some(another)) => Some(one.max(another)),
                (None, _) | (_, None) => None,
            },
            except: self.except.filter(|_| self.except == other.except),
        }
    }
}

/// All of them, in bounded memory.
pub(crate) struct Revocations {
    most: usize,
    count: AtomicUsize,
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    by_digest: HashMap<Digest, Revocation>,
    /// The first to end is the first to go where there is no room.
    by_end: BTreeSet<(u64, Digest)>,
}

impl Revocations {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            count: AtomicUsize::new(0),
            inner: RwLock::default(),
        }
    }

    /// Adds one; says whether one that still held had to go for it.
    pub(crate) fn add(&self, revocation: &Revocation, now_s: u64) -> bool {
        if revocation.until_s < now_s {
            return false;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        inner.insert(revocation);
        inner.drop_ended(now_s);
        let is_full = inner.by_digest.len() > self.most;
        if is_full {
            inner.drop_first();
        }
        self.count.store(inner.by_digest.len(), Ordering::Release);
        is_full
    }

    /// Whether a token is refused.
    pub(crate) fn refuse(&self, token: &Named) -> bool {
        if self.is_empty() {
            return false;
        }
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let names = [token.token, token.session, token.user];
        names.into_iter().flatten().any(|name| {
            inner
                .by_digest
                .get(&name)
                .is_some_and(|found| found.concerns(token))
        })
    }

    /// Those that hold longest, that one first.
    pub(crate) fn longest(&self, most: usize) -> Vec<Revocation> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let found = inner.by_end.iter().rev();
        found
            .filter_map(|(_, digest)| inner.by_digest.get(digest).cloned())
            .take(most)
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

impl Inner {
    fn insert(&mut self, revocation: &Revocation) {
        let wider = match self.by_digest.get(&revocation.of) {
            Some(known) => known.widened(revocation),
            None => revocation.clone(),
        };
        if let Some(known) = self.by_digest.insert(wider.of, wider.clone()) {
            self.by_end.remove(&(known.until_s, known.of));
        }
        self.by_end.insert((wider.until_s, wider.of));
    }

    fn drop_ended(&mut self, now_s: u64) {
        while self.by_end.first().is_some_and(|(until_s, _)| *until_s < now_s) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, digest)) = self.by_end.pop_first() {
            self.by_digest.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::auth::Identity;
    use crate::config::ClaimPath;

    fn token(user: &str, session: &str, issued_s: u64) -> Named {
        let claims = json!({"sub": user, "session_id": session, "iat": issued_s});
        let claims = claims.as_object().unwrap().clone();
        let identity = Identity::of(claims, &ClaimPath::default(), Some("anon"), true).unwrap();
        let digest = Digest::of_token(&format!("{user}.{session}.{issued_s}"));
        Named::of(&identity, Some(digest))
    }

    #[test]
    fn a_session_ends_for_all_its_tokens_and_for_no_others() {
        let revocations = Revocations::new(1_000);
        revocations.add(&Revocation::of(Digest::of_session("s"), 500), 100);
        assert!(revocations.refuse(&token("u", "s", 50)));
        assert!(revocations.refuse(&token("u", "s", 150)));
        assert!(!revocations.refuse(&token("u", "t", 50)));
    }

    #[test]
    fn a_users_sessions_end_but_not_those_that_begin_later() {
        let revocations = Revocations::new(1_000);
        let all = Revocation {
            issued_by_s: Some(100),
            except: Some(Digest::of_session("kept")),
            ..Revocation::of(Digest::of_user("u"), 500)
        };
        revocations.add(&all, 100);
        assert!(revocations.refuse(&token("u", "s", 100)));
        assert!(!revocations.refuse(&token("u", "s", 101)));
        assert!(!revocations.refuse(&token("u", "kept", 50)));
        assert!(!revocations.refuse(&token("v", "s", 50)));
    }

    #[test]
    fn two_about_the_same_user_hold_both() {
        let revocations = Revocations::new(1_000);
        let of = |issued_by_s, except| Revocation {
            issued_by_s: Some(issued_by_s),
            except,
            ..Revocation::of(Digest::of_user("u"), 500)
        };
        revocations.add(&of(100, Some(Digest::of_session("a"))), 100);
        revocations.add(&of(90, None), 100);
        assert!(revocations.refuse(&token("u", "a", 80)));
        assert!(revocations.refuse(&token("u", "b", 100)));
    }

    #[test]
    fn what_has_ended_goes_and_memory_is_bounded() {
        let revocations = Revocations::new(3);
        let add = |name: &str, until_s, now_s| {
            revocations.add(&Revocation::of(Digest::of_session(name), until_s), now_s)
        };
        assert!(!add("a", 200, 100));
        assert!(!add("b", 300, 100) && !add("c", 400, 100));
        assert!(!add("d", 500, 201), "the ended one made room");
        assert_eq!(revocations.len(), 3);
        assert!(add("e", 600, 201), "one that held had to go");
        assert!(!revocations.refuse(&token("u", "b", 1)) && revocations.refuse(&token("u", "c", 1)));
        assert!(!add("f", 200, 201) && revocations.len() == 3);
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_and_repetition_change_nothing(ends in prop::collection::vec((0_u8..4, 100_u64..200), 1..12)) {
            let (one, other) = (Revocations::new(1_000), Revocations::new(1_000));
            let revocation = |(name, until_s): &(u8, u64)| Revocation::of(Digest::of_session(&name.to_string()), *until_s);
            for end in &ends {
                one.add(&revocation(end), 100);
            }
            for end in ends.iter().rev().chain(&ends) {
                other.add(&revocation(end), 100);
            }
            prop_assert_eq!(one.len(), other.len());
            for name in 0_u8..4 {
                let token = token("u", &name.to_string(), 1);
                prop_assert_eq!(one.refuse(&token), other.refuse(&token));
            }
        }
    }
}
