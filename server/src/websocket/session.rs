//! Who a socket speaks for, and until when.
//!
//! It begins with the token of its handshake. A token that a client joins with, or
//! refreshes with, is verified here before the message is passed on, and takes its place.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use seawall_policy::rng::{Rng as _, SplitMix64};
use seawall_policy::time::Span;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::farewell::End;
use crate::app::App;
use crate::auth::error::Refusal;
use crate::auth::{Digest, Identity, Named, claims};
use crate::proxy::NOBODY;

/// Thousands of sockets that must ask the auth service again do so over this time, not at once.
const ASKED_WITHIN: Span = Span::from_secs(10);

/// The identity of one socket.
pub(super) struct Session {
    state: Mutex<Option<Bearer>>,
    changed: Notify,
}

/// Whose token it is that the socket speaks under.
#[derive(Clone)]
struct Bearer {
    token: SecretString,
    named: Named,
    expires_s: Option<u64>,
}

impl Bearer {
    fn of(identity: &Identity, token: &str) -> Self {
        Self {
            token: token.into(),
            named: Named::of(identity, Some(Digest::of_token(token))),
            expires_s: expiry(identity),
        }
    }
}

impl Session {
    /// Begins with the verified token of the handshake, where there was one.
    pub(super) fn new(known: Option<(&Identity, Cow<'_, str>)>) -> Self {
        Self {
            state: Mutex::new(known.map(|(identity, token)| Bearer::of(identity, &token))),
            changed: Notify::new(),
        }
    }

    /// Verifies a token that was brought and speaks under it from now on.
    pub(super) async fn bring(&self, app: &App, token: &str) -> Result<Identity, End> {
        let identity = app.tokens.identify(app, Some(token), Some(NOBODY)).await;
        let identity = identity.map_err(|refusal| {
            app.metrics.auth_failure(refusal.reason());
            End::Refused
        })?;
        *self.state() = Some(Bearer::of(&identity, token));
        self.changed.notify_one();
        // Revoked after it was verified and before it was here to be found.
        if self.is_revoked(app) {
            return Err(End::Revoked);
        }
        Ok(identity)
    }

    /// Comes back when the token, its session or its user was revoked, on whichever instance.
    pub(super) async fn revoked(&self, app: &App) -> End {
        let mut news = app.tokens.news();
        // Looked at first: it may have been revoked before anybody listened here.
        while !self.is_revoked(app) {
            if news.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
        End::Revoked
    }

    /// Comes back when the auth service, asked again because its word may have been missed, says that it has ended.
    pub(super) async fn ended_elsewhere(&self, app: &App) -> End {
        let mut news = app.tokens.news();
        let mut missed = news.borrow_and_update().missed;
        loop {
            if news.changed().await.is_err() || !app.tokens.asks() {
                std::future::pending::<()>().await;
            }
            let now_missed = news.borrow_and_update().missed;
            if now_missed != missed && self.has_ended(app).await {
                return End::Revoked;
            }
            missed = now_missed;
        }
    }

    fn is_revoked(&self, app: &App) -> bool {
        let named = self.state().as_ref().map(|bearer| bearer.named);
        named.is_some_and(|named| app.tokens.is_revoked(&named))
    }

    /// Asks about the token anew. Who cannot be asked has not said that it ended, and it was good a moment ago.
    async fn has_ended(&self, app: &App) -> bool {
        let mut rng = SplitMix64::new(Uuid::new_v4().as_u64_pair().0);
        let pause = Duration::from_nanos(rng.span_up_to(ASKED_WITHIN).as_nanos());
        tokio::time::sleep(pause).await;
        let Some(bearer) = self.state().clone() else {
            return false;
        };
        let asked = app
            .tokens
            .identify(app, Some(bearer.token.expose_secret()), Some(NOBODY))
            .await;
        matches!(asked, Err(Refusal::Revoked | Refusal::NotAccepted))
    }

    /// Comes back when the token has expired without another in its place.
    pub(super) async fn expired(&self, app: &App) -> End {
        loop {
            let expires_s = self.state().as_ref().and_then(|bearer| bearer.expires_s);
            let now_ms = app.clock.unix().as_millis();
            let left = expires_s.map(|at_s| at_s.saturating_mul(1000).saturating_sub(now_ms));
            match left {
                Some(0) => return End::Expired,
                // A clock that is set is noticed within a minute.
                Some(left_ms) => {
                    let pause = Duration::from_millis(left_ms.min(60_000));
                    let _woken = tokio::time::timeout(pause, self.changed.notified()).await;
                }
                None => self.changed.notified().await,
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, Option<Bearer>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last second of a token, with the grace that every check of it has.
fn expiry(identity: &Identity) -> Option<u64> {
    let at_s = identity.claims.get("exp").and_then(Value::as_f64)?;
    let at_s = Duration::try_from_secs_f64(at_s.max(0.0)).ok()?.as_secs();
    Some(at_s.saturating_add(claims::SKEW_S.unsigned_abs()))
}
