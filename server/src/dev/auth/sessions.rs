//! Sessions in memory, with rotating refresh tokens.
//!
//! A refresh token works once. Its second use within ten seconds is a client's
//! retry (or its other tab) and gets the token that took its place; later it is
//! theft or a defect, and ends the session, as in Supabase Auth.

use std::collections::{HashMap, VecDeque};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::reply::{AuthRefusal, refusals};

const REUSE_INTERVAL_S: u64 = 10;
const MOST_SESSIONS: usize = 10_000;
const REMEMBERED_TOKENS: usize = 16;

/// One sign-in, as far as others may know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) id: Uuid,
    pub(super) user: Uuid,
    pub(super) began_s: u64,
    pub(super) refresh_token: String,
}

/// All sessions.
#[derive(Default)]
pub(super) struct Sessions {
    live: HashMap<Uuid, Entry>,
    oldest_first: VecDeque<Uuid>,
}

struct Entry {
    session: Session,
    used: VecDeque<(String, u64)>,
}

impl Sessions {
    pub(super) fn begin(&mut self, user: Uuid, now_s: u64) -> Session {
        while self.live.len() >= MOST_SESSIONS {
            let Some(oldest) = self.oldest_first.pop_front() else {
                break;
            };
            self.live.remove(&oldest);
        }
        let id = Uuid::new_v4();
        let session = Session {
            id,
            user,
            began_s: now_s,
            refresh_token: new_token(id),
        };
        self.live.insert(
            id,
            Entry {
                session: session.clone(),
                used: VecDeque::new(),
            },
        );
        self.oldest_first.push_back(id);
        session
    }

    pub(super) fn find(&self, id: Uuid) -> Option<Session> {
        self.live.get(&id).map(|entry| entry.session.clone())
    }

    pub(super) fn rotate(&mut self, token: &str, now_s: u64) -> Result<Session, AuthRefusal> {
        let id = session_of(token).ok_or(refusals::REFRESH_TOKEN_NOT_FOUND)?;
        let entry = self.live.get_mut(&id).ok_or(refusals::REFRESH_TOKEN_NOT_FOUND)?;
        if entry.session.refresh_token == token {
            let spent = std::mem::replace(&mut entry.session.refresh_token, new_token(id));
            entry.used.push_back((spent, now_s));
            if entry.used.len() > REMEMBERED_TOKENS {
                entry.used.pop_front();
            }
            return Ok(entry.session.clone());
        }
        match entry.used.iter().find(|(used, _)| used == token) {
            Some((_, used_s)) if now_s.saturating_sub(*used_s) <= REUSE_INTERVAL_S => {
                Ok(entry.session.clone())
            }
            Some(_) => {
                self.live.remove(&id);
                self.oldest_first.retain(|known| *known != id);
                Err(refusals::REFRESH_TOKEN_USED)
            }
            None => Err(refusals::REFRESH_TOKEN_NOT_FOUND),
        }
    }

    /// Ends this session, the user's others, or all of the user's, and says which ended.
    pub(super) fn end(&mut self, session: &Session, scope: Option<&str>) -> Result<Vec<Uuid>, AuthRefusal> {
        let keep: fn(&Entry, &Session) -> bool = match scope {
            Some("local") => |entry, ended| entry.session.id != ended.id,
            Some("others") => |entry, ended| entry.session.user != ended.user || entry.session.id == ended.id,
            Some("global") | None => |entry, ended| entry.session.user != ended.user,
            Some(_) => return Err(refusals::BAD_SCOPE),
        };
        let mut ended = Vec::new();
        self.live.retain(|id, entry| {
            let is_kept = keep(entry, session);
            if !is_kept {
                ended.push(*id);
            }
            is_kept
        });
        let live = &self.live;
        self.oldest_first.retain(|id| live.contains_key(id));
        Ok(ended)
    }
}

/// The session's id and 122 random bits, so that a token finds its session without an index.
fn new_token(session: Uuid) -> String {
    let mut bytes = session.into_bytes().to_vec();
    bytes.extend(Uuid::new_v4().into_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn session_of(token: &str) -> Option<Uuid> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    Uuid::from_slice(bytes.get(..16)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: Uuid = Uuid::from_u128(7);

    #[test]
    fn a_refresh_token_works_once_and_a_retry_gets_its_successor() {
        let mut sessions = Sessions::default();
        let first = sessions.begin(USER, 100);
        let second = sessions.rotate(&first.refresh_token, 100).unwrap();
        assert_ne!(first.refresh_token, second.refresh_token);
        assert_eq!(sessions.rotate(&first.refresh_token, 110).unwrap(), second);
    }

    #[test]
    fn a_stolen_token_ends_the_session() {
        let mut sessions = Sessions::default();
        let first = sessions.begin(USER, 100);
        let second = sessions.rotate(&first.refresh_token, 100).unwrap();
        assert_eq!(
            sessions.rotate(&first.refresh_token, 111),
            Err(refusals::REFRESH_TOKEN_USED)
        );
        assert_eq!(
            sessions.rotate(&second.refresh_token, 111),
            Err(refusals::REFRESH_TOKEN_NOT_FOUND)
        );
    }

    #[test]
    fn nonsense_is_not_a_token() {
        let mut sessions = Sessions::default();
        sessions.begin(USER, 100);
        for token in ["", "x", "é", "AAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(
                sessions.rotate(token, 100),
                Err(refusals::REFRESH_TOKEN_NOT_FOUND)
            );
        }
    }

    #[test]
    fn scopes_end_what_they_say() {
        let mut sessions = Sessions::default();
        let (one, two) = (sessions.begin(USER, 1), sessions.begin(USER, 1));
        let other = sessions.begin(Uuid::from_u128(8), 1);
        sessions.end(&one, Some("others")).unwrap();
        assert!(sessions.find(one.id).is_some() && sessions.find(two.id).is_none());
        sessions.end(&one, None).unwrap();
        assert!(sessions.find(one.id).is_none() && sessions.find(other.id).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut sessions = Sessions::default();
        for _ in 0..MOST_SESSIONS + 5 {
            sessions.begin(USER, 1);
        }
        assert_eq!(sessions.live.len(), MOST_SESSIONS);
    }
}
