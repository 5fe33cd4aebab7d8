//! Asking the auth service whether a token is good: its session may have ended, its user may be gone.
//!
//! The answer is one of three, and they are never confused: genuine, refused, or nobody
//! could be asked. The last opens a circuit and is told as 503, because a caller who is
//! told 401 throws a good session away.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use seawall_policy::class::{Answer, Outcome, Service, classify};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::outgoing::{Answered, Outgoing, OutgoingError};
use crate::app::App;
use crate::breakers::Dependency;
use crate::config::RemoteConfig;

const APIKEY: HeaderName = HeaderName::from_static("apikey");
const MOST_BYTES: usize = 256 << 10;

/// Tokens asked about at once; more wait, within the time an answer may take.
const AT_ONCE: usize = 64;

/// What the auth service says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is good.
    Genuine,
    /// It is not, or is another user's.
    Refused,
    /// Nobody could be asked; how many seconds to wait.
    Down(u64),
}

/// The auth service.
pub(crate) struct Remote {
    config: RemoteConfig,
    http: Outgoing,
    places: Semaphore,
}

#[derive(Deserialize)]
struct User {
    id: String,
}

impl Remote {
    pub(crate) fn new(config: &RemoteConfig) -> Self {
        Self {
            config: config.clone(),
            http: Outgoing::new(),
            places: Semaphore::new(AT_ONCE),
        }
    }

    /// How long past its time a cached validation is honoured while the service is down; none refuses.
    pub(crate) fn grace(&self) -> Option<Duration> {
        self.config.grace
    }

    /// Whether a token is the project's own key, which belongs to no user.
    pub(crate) fn is_key(&self, token: &str) -> bool {
        let Some(key) = &self.config.key else { return false };
        let key = key.expose_secret().as_bytes();
        aws_lc_rs::constant_time::verify_slices_are_equal(key, token.as_bytes()).is_ok()
    }

    /// Asks, unless the service is to be spared.
    pub(crate) async fn ask(&self, app: &App, token: &str, subject: Option<&str>) -> Verdict {
        let verdict = self.ask_uncounted(app, token, subject).await;
        app.metrics.token_asked(match verdict {
            Verdict::Genuine => "genuine",
            Verdict::Refused => "refused",
            Verdict::Down(_) => "down",
        });
        verdict
    }

    async fn ask_uncounted(&self, app: &App, token: &str, subject: Option<&str>) -> Verdict {
        let Some(headers) = self.headers(token) else {
            return Verdict::Refused;
        };
        let waited = tokio::time::timeout(self.config.timeout, self.places.acquire()).await;
        let Ok(Ok(_place)) = waited else {
            return Verdict::Down(1);
        };
        let ticket = match app.breakers.of(Dependency::Auth).admit() {
            Ok(ticket) => ticket,
            Err(wait_s) => return Verdict::Down(wait_s),
        };
        let answer = self
            .http
            .get(&self.config.address, headers, MOST_BYTES, self.config.timeout)
            .await;
        let (verdict, outcome) = judge(answer, subject);
        ticket.settle(&outcome);
        verdict
    }

    fn headers(&self, token: &str) -> Option<HeaderMap> {
        let secret = |text: &str| {
            let mut value = HeaderValue::from_str(text).ok()?;
            value.set_sensitive(true);
            Some(value)
        };
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, secret(&format!("Bearer {token}"))?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(key) = &self.config.key {
            headers.insert(APIKEY, secret(key.expose_secret())?);
        }
        Some(headers)
    }
}

fn judge(answer: Result<Answered, OutgoingError>, subject: Option<&str>) -> (Verdict, Outcome) {
    let answer = match answer {
        Ok(answer) => answer,
        Err(OutgoingError::Timeout) => return (Verdict::Down(1), Outcome::TIMEOUT),
        Err(error @ (OutgoingError::Network(_) | OutgoingError::TooLarge)) => {
            tracing::debug!(%error, "the auth service cannot be asked");
            return (Verdict::Down(1), Outcome::NETWORK);
        }
    };
    match answer.status {
        StatusCode::OK => match serde_json::from_slice::<User>(&answer.body) {
            Ok(user) if subject.is_none_or(|subject| subject == user.id) => {
                (Verdict::Genuine, Outcome::SUCCESS)
            }
            Ok(_) => (Verdict::Refused, Outcome::SUCCESS),
            // Somebody else answers at that address.
            Err(_) => (Verdict::Down(1), Outcome::NETWORK),
        },
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            (Verdict::Refused, Outcome::SUCCESS)
        }
        status => {
            let outcome = classify(&Answer::Response {
                service: Service::Auth,
                status: status.as_u16(),
                code: None,
                retry_after: None,
            });
            // A redirect or a 404 is not the auth service's word about a token either.
            let outcome = if outcome.is_success() {
                Outcome::NETWORK
            } else {
                outcome
            };
            (Verdict::Down(1), outcome)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &'static str) -> Verdict {
        let answer = Answered {
            status: StatusCode::from_u16(status).unwrap(),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        judge(Ok(answer), Some("u")).0
    }

    #[test]
    fn only_the_auth_services_own_word_counts() {
        assert_eq!(judged(200, r#"{"id": "u"}"#), Verdict::Genuine);
        assert_eq!(judged(200, r#"{"id": "v"}"#), Verdict::Refused);
        for status in [400, 401, 403] {
            assert_eq!(judged(status, "{}"), Verdict::Refused, "{status}");
        }
        for (status, body) in [
            (200, "<html>"),
            (200, "{}"),
            (204, ""),
            (302, ""),
            (404, "{}"),
            (429, ""),
            (500, ""),
            (503, ""),
        ] {
            assert_eq!(judged(status, body), Verdict::Down(1), "{status} {body}");
        }
        assert_eq!(
            judge(Err(OutgoingError::Timeout), None),
            (Verdict::Down(1), Outcome::TIMEOUT)
        );
    }
}
