//! What a sign-out ends: the scopes of Supabase Auth as revocations.

use serde_json::{Map, Value};

use super::claims::{SKEW_S, seconds};
use super::digest::Digest;
use super::revocation::Revocation;

/// Which of a user's sessions end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignOut {
    /// This one.
    Local,
    /// All of the user's, which is what a sign-out without a scope means.
    Global,
    /// All but this one.
    Others,
}

impl SignOut {
    /// The scope of `/logout?scope=…`.
    pub(crate) fn of_scope(scope: Option<&str>) -> Self {
        match scope {
            Some("local") => Self::Local,
            Some("others") => Self::Others,
            Some(_) | None => Self::Global,
        }
    }

    /// What to revoke, by the claims of the token that signed out.
    pub(super) fn revocations(
        self,
        token: &str,
        claims: &Map<String, Value>,
        now_s: u64,
        (lifetime_s, late_s): (u64, u64),
    ) -> Vec<Revocation> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let session = text("session_id").map(Digest::of_session);
        let token_until_s = token_until_s(claims, late_s);
        let until_s = now_s.saturating_add(lifetime_s).max(token_until_s);
        let this = [
            Some(Revocation::of(Digest::of_token(token), token_until_s)),
            session.map(|session| Revocation::of(session, until_s)),
        ];
        let of_user = text("sub").map(|user| Revocation {
            issued_by_s: Some(now_s),
            ..Revocation::of(Digest::of_user(user), until_s)
        });
        let of_others = of_user.clone().map(|all| Revocation {
            except: session,
            ..all
        });
        let ended = match self {
            Self::Local => this.to_vec(),
            Self::Global => this.into_iter().chain([of_user]).collect(),
            // Without a name of its own, this session could not be told from the others.
            Self::Others => session.and(of_others).into_iter().map(Some).collect(),
        };
        ended.into_iter().flatten().collect()
    }
}

/// A token is believed a little past its end, and what it queued may begin later still; one without an end is refused
/// for ever.
pub(super) fn token_until_s(claims: &Map<String, Value>, late_s: u64) -> u64 {
    let grace_s = late_s.saturating_add(SKEW_S.unsigned_abs() + 1);
    seconds(claims, "exp").map_or(u64::MAX, |exp| exp.saturating_add(grace_s))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn revoked(scope: SignOut, claims: &Value) -> Vec<Revocation> {
        scope.revocations("a.b.c", claims.as_object().unwrap(), 1_000, (600, 0))
    }

    #[test]
    fn a_scope_ends_what_it_says() {
        let claims = json!({"sub": "u", "session_id": "s", "exp": 1_300});
        let names = |scope| -> Vec<Digest> { revoked(scope, &claims).iter().map(|one| one.of).collect() };
        let (token, session, user) = (
            Digest::of_token("a.b.c"),
            Digest::of_session("s"),
            Digest::of_user("u"),
        );
        assert_eq!(names(SignOut::Local), [token, session]);
        assert_eq!(names(SignOut::Global), [token, session, user]);
        assert_eq!(names(SignOut::Others), [user]);
        assert_eq!(revoked(SignOut::Others, &claims)[0].except, Some(session));
    }

    #[test]
    fn it_is_remembered_until_what_the_token_queued_may_not_begin_any_more() {
        let claims = json!({"exp": 1_300});
        let of_token = SignOut::Local.revocations("a.b.c", claims.as_object().unwrap(), 1_000, (600, 3_600));
        assert_eq!(of_token[0].until_s, 4_931);
    }

    #[test]
    fn it_is_remembered_until_every_token_has_expired() {
        let until = |claims: Value| -> Vec<u64> {
            revoked(SignOut::Global, &claims)
                .iter()
                .map(|one| one.until_s)
                .collect()
        };
        assert_eq!(
            until(json!({"sub": "u", "session_id": "s", "exp": 1_300})),
            [1_331, 1_600, 1_600]
        );
        assert_eq!(
            until(json!({"sub": "u", "session_id": "s", "exp": 9_000})),
            [9_031, 9_031, 9_031]
        );
        assert_eq!(
            until(json!({})),
            [u64::MAX],
            "a token without an end is refused for ever"
        );
    }
}
