//! Whether a user is still there, asked of the auth service without a token of the user's.
//!
//! A queued write may begin long after it was accepted, when its token has expired or is nobody's business any more: it
//! is kept nowhere. What remains is to ask about the user, at the auth service's own list of users, with the server's
//! service key. It knows who was deleted and who is banned; sessions that ended are known by revocations.
//!
//! The answer is one of three, as with tokens: there, gone, or nobody could be asked. Only the auth service's own word
//! counts as gone: a wrong address, a wrong key or somebody else's 404 lets the job wait instead.

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use quick_cache::sync::Cache;
use seawall_policy::class::{Answer, Outcome, Service, classify};
use seawall_policy::time::{MonoTime, Span};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::Semaphore;

use super::digest::Digest;
use super::outgoing::{Answered, Outgoing, OutgoingError};
use crate::app::App;
use crate::breakers::Dependency;
use crate::config::UsersConfig;

const APIKEY: HeaderName = HeaderName::from_static("apikey");
const MOST_BYTES: usize = 256 << 10;

/// Users asked about at once; more wait, within the time an answer may take.
const AT_ONCE: usize = 16;

/// One user's many jobs ask once: what was said is believed for so long.
const BELIEVED: Span = Span::from_secs(5);
const MOST_BELIEVED: usize = 10_000;

/// An identifier is one segment of a path, whatever is in it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_');

/// What the auth service says of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The user is there.
    There,
    /// The user was deleted or is banned.
    Gone,
    /// Nobody could be asked.
    Unknown,
}

/// The auth service's users.
pub(crate) struct Users {
    config: UsersConfig,
    http: Outgoing,
    places: Semaphore,
    believed: Cache<Digest, MonoTime>,
}

#[derive(Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    banned_until: Option<String>,
    #[serde(default)]
    deleted_at: Option<String>,
}

impl Users {
    pub(crate) fn new(config: &UsersConfig) -> Self {
        Self {
            config: config.clone(),
            http: Outgoing::new(),
            places: Semaphore::new(AT_ONCE),
            believed: Cache::new(MOST_BELIEVED),
        }
    }

    /// Asks, unless the answer is a moment old or the service is to be spared.
    pub(crate) async fn ask(&self, app: &App, subject: &str) -> Standing {
        let (digest, asked) = (Digest::of_user(subject), app.clock.mono());
        if self
            .believed
            .get(&digest)
            .is_some_and(|at| asked.since(at) < BELIEVED)
        {
            return Standing::There;
        }
        let standing = self.ask_now(app, subject).await;
        app.metrics.user_asked(match standing {
            Standing::There => "there",
            Standing::Gone => "gone",
            Standing::Unknown => "down",
        });
        if standing == Standing::There {
            self.believed.insert(digest, asked);
        }
        standing
    }

    async fn ask_now(&self, app: &App, subject: &str) -> Standing {
        let Some((address, headers)) = self.question(subject) else {
            return Standing::Unknown;
        };
        let waited = tokio::time::timeout(self.config.timeout, self.places.acquire()).await;
        let Ok(Ok(_place)) = waited else {
            return Standing::Unknown;
        };
        let Ok(ticket) = app.breakers.of(Dependency::Auth).admit() else {
            return Standing::Unknown;
        };
        let answer = self
            .http
            .get(&address, headers, MOST_BYTES, self.config.timeout)
            .await;
        let (standing, outcome) = judge(answer, subject, OffsetDateTime::now_utc());
        ticket.settle(&outcome);
        standing
    }

    fn question(&self, subject: &str) -> Option<(Uri, HeaderMap)> {
        let base = self.config.address.to_string();
        let segment = utf8_percent_encode(subject, SEGMENT);
        let address = format!("{}/{segment}", base.trim_end_matches('/')).parse().ok()?;
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let key = self.config.key.expose_secret();
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {key}"))?);
        headers.insert(APIKEY, secret(key)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        Some((address, headers))
    }
}

fn judge(answer: Result<Answered, OutgoingError>, subject: &str, now: OffsetDateTime) -> (Standing, Outcome) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(OutgoingError::Timeout) => return (Standing::Unknown, Outcome::TIMEOUT),
        Err(error @ (OutgoingError::Network(_) | OutgoingError::TooLarge)) => {
            tracing::debug!(%error, "the auth service cannot be asked about a user");
            return (Standing::Unknown, Outcome::NETWORK);
        }
    };
    match answer.status {
        StatusCode::OK => match serde_json::from_slice::<User>(&answer.body) {
            Ok(user) if user.id == subject && user.is_out(now) => (Standing::Gone, Outcome::SUCCESS),
            Ok(user) if user.id == subject => (Standing::There, Outcome::SUCCESS),
            // Somebody else answers at that address.
            Ok(_) | Err(_) => (Standing::Unknown, Outcome::NETWORK),
        },
        StatusCode::NOT_FOUND if says_gone(&answer.body) => (Standing::Gone, Outcome::SUCCESS),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            tracing::warn!("the auth service refuses auth-users-key: queued writes wait");
            (Standing::Unknown, Outcome::SUCCESS)
        }
        status => {
            let outcome = classify(&Answer::Response {
                service: Service::Auth,
                status: status.as_u16(),
                code: None,
                retry_after: None,
            });
            let is_well = outcome.is_success();
            (
                Standing::Unknown,
                if is_well { Outcome::NETWORK } else { outcome },
            )
        }
    }
}

impl User {
    /// A time that cannot be read has not passed.
    fn is_out(&self, now: OffsetDateTime) -> bool {
        let is_banned = self.banned_until.as_deref().is_some_and(|until| {
            OffsetDateTime::parse(until, &Rfc3339).map_or(!until.is_empty(), |until| until > now)
        });
        is_banned || self.deleted_at.as_deref().is_some_and(|at| !at.is_empty())
    }
}

/// The auth service's own words for it.
fn says_gone(body: &[u8]) -> bool {
    let said: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let is = |member: &str, word: &str| said.get(member).and_then(serde_json::Value::as_str) == Some(word);
    is("error_code", "user_not_found") || is("code", "user_not_found") || is("msg", "User not found")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn judged(status: u16, body: &'static str) -> Standing {
        let answer = Answered {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        let now = OffsetDateTime::from_unix_timestamp(1_767_225_600).unwrap();
        judge(Ok(answer), "u", now).0
    }

    #[test]
    fn who_is_there_is_there_and_who_was_deleted_or_banned_is_not() {
        assert_eq!(
            judged(200, r#"{"id": "u", "banned_until": null}"#),
            Standing::There
        );
        assert_eq!(
            judged(200, r#"{"id": "u", "banned_until": "2020-01-01T00:00:00Z"}"#),
            Standing::There
        );
        for gone in [
            r#"{"id": "u", "banned_until": "2100-01-01T00:00:00.5Z"}"#,
            r#"{"id": "u", "banned_until": "for ever"}"#,
            r#"{"id": "u", "deleted_at": "2020-01-01T00:00:00Z"}"#,
        ] {
            assert_eq!(judged(200, gone), Standing::Gone, "{gone}");
        }
        let told = r#"{"code": 404, "error_code": "user_not_found", "msg": "User not found"}"#;
        assert_eq!(judged(404, told), Standing::Gone);
    }

    #[test]
    fn only_the_auth_services_own_word_counts() {
        for (status, body) in [
            (200, "<html>"),
            (200, r#"{"id": "v"}"#),
            (404, "{}"),
            (404, "<html>"),
            (401, "{}"),
            (403, r#"{"msg": "User not found"}"#),
            (302, ""),
            (429, ""),
            (500, ""),
        ] {
            assert_eq!(judged(status, body), Standing::Unknown, "{status} {body}");
        }
    }

    #[test]
    fn a_subject_is_one_segment_whatever_is_in_it() {
        let users = Users::new(&UsersConfig {
            address: "http://127.0.0.1:1/admin/users/".parse().unwrap(),
            key: "the key".to_owned().into(),
            timeout: Duration::from_secs(1),
        });
        let (address, headers) = users.question("../a?b=c/ü").unwrap();
        assert_eq!(address.path(), "/admin/users/%2E%2E%2Fa%3Fb%3Dc%2F%C3%BC");
        assert_eq!(address.query(), None);
        assert!(headers.get(APIKEY).unwrap().is_sensitive());
    }
}
