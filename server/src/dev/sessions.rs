//! The development auth service's sessions: in memory, gone with the process.
//!
//! A refresh token is good for one use. A second use within ten seconds gets the same
//! answer, because two tabs refresh at once; a later one ends the session, because
//! somebody else has the token (RFC 9700, section 4.14.2).

use std::collections::HashMap;

use uuid::Uuid;

/// How long a used refresh token is answered again, in seconds.
const REUSE_INTERVAL_S: u64 = 10;
/// Sessions kept; the oldest gives way.
const SESSIONS_MAX: usize = 10_000;

/// One sign-in.
#[derive(Debug)]
struct Session {
    user: Uuid,
    current: String,
    previous: Option<Used>,
    since_s: u64,
}

#[derive(Debug)]
struct Used {
    token: String,
    at_s: u64,
}

/// What a new or refreshed session gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The session, which access tokens carry as `session_id`.
    pub session: Uuid,
    /// Whose it is.
    pub user: Uuid,
    /// The token for the next refresh.
    pub refresh_token: String,
}

/// Why a refresh token is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// No session has it.
    Unknown,
    /// It was used before; its session is over.
    Reused,
}

/// How far a sign-out reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Every session of the user.
    Global,
    /// This session.
    Local,
    /// Every session of the user but this one.
    Others,
}

/// All sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    by_id: HashMap<Uuid, Session>,
}

impl Sessions {
    /// Signs a user in.
    pub fn open(&mut self, user: Uuid, now_s: u64) -> Grant {
        self.make_room();
        let session = Uuid::new_v4();
        let current = token();
        let grant = Grant { session, user, refresh_token: current.clone() };
        self.by_id.insert(session, Session { user, current, previous: None, since_s: now_s });
        grant
    }

    /// Exchanges a refresh token for the next one.
    ///
    /// # Errors
    /// When no session has the token, or it was used before.
    pub fn refresh(&mut self, presented: &str, now_s: u64) -> Result<Grant, Refused> {
        let (id, session) = self.find(presented).ok_or(Refused::Unknown)?;
        if session.current != presented {
            return self.reuse(id, now_s);
        }
        let session = self.by_id.get_mut(&id).ok_or(Refused::Unknown)?;
        let used = std::mem::replace(&mut session.current, token());
        session.previous = Some(Used { token: used, at_s: now_s });
        Ok(Grant { session: id, user: session.user, refresh_token: session.current.clone() })
    }

    /// Whether a session is still signed in.
    #[must_use]
    pub fn is_open(&self, session: Uuid) -> bool {
        self.by_id.contains_key(&session)
    }

    /// Signs out.
    pub fn close(&mut self, session: Uuid, user: Uuid, scope: Scope) {
        self.by_id.retain(|id, each| match scope {
            Scope::Global => each.user != user,
            Scope::Local => *id != session,
            Scope::Others => each.user != user || *id == session,
        });
    }

    fn find(&self, presented: &str) -> Option<(Uuid, &Session)> {
        let has = |session: &Session| {
            session.current == presented || session.previous.as_ref().is_some_and(|used| used.token == presented)
        };
        self.by_id.iter().find(|(_, session)| has(session)).map(|(id, session)| (*id, session))
    }

    fn reuse(&mut self, id: Uuid, now_s: u64) -> Result<Grant, Refused> {
        let session = self.by_id.get(&id).ok_or(Refused::Unknown)?;
        let recent = |used: &Used| now_s.saturating_sub(used.at_s) <= REUSE_INTERVAL_S;
        if session.previous.as_ref().is_some_and(recent) {
            return Ok(Grant { session: id, user: session.user, refresh_token: session.current.clone() });
        }
        self.by_id.remove(&id);
        Err(Refused::Reused)
    }

    fn make_room(&mut self) {
        if self.by_id.len() < SESSIONS_MAX {
            return;
        }
        let oldest = self.by_id.iter().min_by_key(|(_, session)| session.since_s).map(|(id, _)| *id);
        if let Some(id) = oldest {
            self.by_id.remove(&id);
        }
    }
}

fn token() -> String {
    Uuid::new_v4().simple().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Uuid = Uuid::from_u128(1);
    const GUEST: Uuid = Uuid::from_u128(2);

    #[test]
    fn a_refresh_token_is_good_for_one_use() {
        let mut sessions = Sessions::default();
        let first = sessions.open(OWNER, 0);
        let second = sessions.refresh(&first.refresh_token, 5).unwrap();
        assert_eq!((second.session, second.user), (first.session, OWNER));
        assert_ne!(second.refresh_token, first.refresh_token);
    }

    #[test]
    fn two_tabs_refreshing_at_once_get_one_answer() {
        let mut sessions = Sessions::default();
        let first = sessions.open(OWNER, 0);
        let one = sessions.refresh(&first.refresh_token, 5).unwrap();
        assert_eq!(sessions.refresh(&first.refresh_token, 15), Ok(one));
    }

    #[test]
    fn a_late_reuse_ends_the_session() {
        let mut sessions = Sessions::default();
        let first = sessions.open(OWNER, 0);
        let second = sessions.refresh(&first.refresh_token, 5).unwrap();
        assert_eq!(sessions.refresh(&first.refresh_token, 16), Err(Refused::Reused));
        assert_eq!(sessions.refresh(&second.refresh_token, 16), Err(Refused::Unknown));
        assert!(!sessions.is_open(first.session));
    }

    #[test]
    fn sign_out_reaches_as_far_as_its_scope() {
        for (scope, open) in [
            (Scope::Local, [false, true, true]),
            (Scope::Others, [true, false, true]),
            (Scope::Global, [false, false, true]),
        ] {
            let mut sessions = Sessions::default();
            let grants = [sessions.open(OWNER, 0), sessions.open(OWNER, 0), sessions.open(GUEST, 0)];
            sessions.close(grants[0].session, OWNER, scope);
            assert_eq!(grants.map(|grant| sessions.is_open(grant.session)), open, "{scope:?}");
        }
    }

    #[test]
    fn the_oldest_session_gives_way() {
        let mut sessions = Sessions::default();
        let oldest = sessions.open(OWNER, 0);
        for second in 1..=SESSIONS_MAX as u64 {
            sessions.open(GUEST, second);
        }
        assert!(!sessions.is_open(oldest.session));
        assert_eq!(sessions.by_id.len(), SESSIONS_MAX);
    }
}
