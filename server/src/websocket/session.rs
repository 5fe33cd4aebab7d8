//! Who a socket speaks for, and until when.
//!
//! It begins with the token of its handshake. A token that a client joins with, or
//! refreshes with, is verified here before the message is passed on, and takes its place.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Notify;

use super::farewell::End;
use crate::app::App;
use crate::auth::{Identity, claims};

/// The identity of one socket.
pub(super) struct Session {
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    identity: Option<Identity>,
    expires_s: Option<u64>,
}

impl Session {
    pub(super) fn new(_app: &App, identity: Option<&Identity>) -> Self {
        Self {
            state: Mutex::new(State {
                identity: identity.cloned(),
                expires_s: identity.and_then(expiry),
            }),
            changed: Notify::new(),
        }
    }

    /// Verifies a token that was brought and speaks under it from now on.
    pub(super) async fn bring(&self, app: &App, token: &str) -> Result<Identity, End> {
        let identity = app
            .tokens
            .identify(app, Some(token), Some(crate::proxy::NOBODY))
            .await;
        let identity = identity.map_err(|refusal| {
            app.metrics.auth_failure(refusal.reason());
            End::Refused
        })?;
        let mut state = self.state();
        state.expires_s = expiry(&identity);
        state.identity = Some(identity.clone());
        drop(state);
        self.changed.notify_one();
        Ok(identity)
    }

    /// Comes back when the token has expired without another in its place.
    pub(super) async fn expired(&self, app: &App) -> End {
        loop {
            let expires_s = self.state().expires_s;
            let now_ms = app.clock.unix().as_millis();
            let left = expires_s.map(|at_s| at_s.saturating_mul(1000).saturating_sub(now_ms));
            match left {
                Some(0) => return End::Expired,
                // A clock that is set is noticed within a minute.
                Some(left_ms) => {
                    let pause = std::time::Duration::from_millis(left_ms.min(60_000));
                    let _woken = tokio::time::timeout(pause, self.changed.notified()).await;
                }
                None => self.changed.notified().await,
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The last second of a token, with the grace that every check of it has.
fn expiry(identity: &Identity) -> Option<u64> {
    let at_s = identity.claims.get("exp").and_then(Value::as_f64)?;
    let at_s = std::time::Duration::try_from_secs_f64(at_s.max(0.0))
        .ok()?
        .as_secs();
    Some(at_s.saturating_add(claims::SKEW_S.unsigned_abs()))
}
