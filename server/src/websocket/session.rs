//! Who a socket speaks for, and until when.
//!
//! It begins with the token of its handshake. A token that a client joins with, or
//! refreshes with, is verified here before the message is passed on, and takes its place.
//! Realtime lets each channel speak under a token of its own, so each is kept: the socket
//! ends with the first of them that does, whichever came last.

use std::borrow::Cow;
use std::collections::HashMap;
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

/// Channels of one socket that have brought tokens; realtime itself has fewer.
const MOST_CHANNELS: usize = 256;

/// The identity of one socket, or of whatever else goes on for longer than its token may.
pub(crate) struct Session {
    /// By channel; of the handshake under no name.
    state: Mutex<HashMap<String, Bearer>>,
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
    pub(crate) fn new(known: Option<(&Identity, Cow<'_, str>)>) -> Self {
        let known = known.map(|(identity, token)| (String::new(), Bearer::of(identity, &token)));
        Self {
            state: Mutex::new(known.into_iter().collect()),
            changed: Notify::new(),
        }
    }

    /// Comes back when a token has expired or was revoked.
    pub(crate) async fn over(&self, app: &App) {
        tokio::select! {
            _ = self.expired(app) => {}
            _ = self.revoked(app) => {}
            _ = self.ended_elsewhere(app) => {}
        }
    }

    /// Verifies a token that was brought and speaks under it in that channel from now on.
    pub(super) async fn bring(&self, app: &App, topic: String, token: &str) -> Result<Identity, End> {
        let identity = app.tokens.identify(app, Some(token), Some(NOBODY)).await;
        let identity = identity.map_err(|refusal| {
            app.metrics.auth_failure(refusal.reason());
            End::Refused
        })?;
        if !self.keep(topic, Bearer::of(&identity, token)) {
            return Err(End::TooMany);
        }
        self.changed.notify_one();
        // Revoked after it was verified and before it was here to be found.
        if self.is_revoked(app) {
            return Err(End::Revoked);
        }
        Ok(identity)
    }

    /// A channel is left, and nobody speaks there any more; who spoke last is still who it was.
    pub(super) fn left(&self, topic: &str) {
        let mut bearers = self.state();
        if bearers.len() > 1 {
            bearers.remove(topic);
            drop(bearers);
            self.changed.notify_one();
        }
    }

    /// False where there are too many.
    fn keep(&self, topic: String, bearer: Bearer) -> bool {
        let mut bearers = self.state();
        // Whoever joins speaks for himself, and no longer under the token of the handshake.
        bearers.remove("");
        let has_room = bearers.len() < MOST_CHANNELS || bearers.contains_key(&topic);
        if has_room {
            bearers.insert(topic, bearer);
        }
        has_room
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
        let bearers = self.state();
        bearers
            .values()
            .any(|bearer| app.tokens.is_revoked(&bearer.named))
    }

    /// Asks about the token anew. Who cannot be asked has not said that it ended, and it was good a moment ago.
    async fn has_ended(&self, app: &App) -> bool {
        let mut rng = SplitMix64::new(Uuid::new_v4().as_u64_pair().0);
        let pause = Duration::from_nanos(rng.span_up_to(ASKED_WITHIN).as_nanos());
        tokio::time::sleep(pause).await;
        let bearers: Vec<Bearer> = self.state().values().cloned().collect();
        for bearer in bearers {
            let token = Some(bearer.token.expose_secret());
            let asked = app.tokens.identify(app, token, Some(NOBODY)).await;
            if matches!(asked, Err(Refusal::Revoked | Refusal::NotAccepted)) {
                return true;
            }
        }
        false
    }

    /// Comes back when a token has expired without another in its place.
    pub(super) async fn expired(&self, app: &App) -> End {
        loop {
            let expires_s = self.state().values().filter_map(|bearer| bearer.expires_s).min();
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

    fn state(&self) -> std::sync::MutexGuard<'_, HashMap<String, Bearer>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last second of a token, with the grace that every check of it has.
fn expiry(identity: &Identity) -> Option<u64> {
    let at_s = identity.claims.get("exp").and_then(Value::as_f64)?;
    let at_s = Duration::try_from_secs_f64(at_s.max(0.0)).ok()?.as_secs();
    Some(at_s.saturating_add(claims::SKEW_S.unsigned_abs()))
}
