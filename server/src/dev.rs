//! Development only: an auth service, and faults on demand. Both are off unless configured.

pub(crate) mod auth;
pub(crate) mod faults;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::HeaderMap;
use http::header::HOST;
use serde_json::json;

use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::serve::StartError;

/// The development services that are on.
pub(crate) struct Dev {
    pub(crate) auth: Option<auth::DevAuth>,
    pub(crate) faults: Option<faults::Faults>,
}

impl Dev {
    pub(crate) fn new(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let auth = if config.dev.users.is_empty() {
            None
        } else {
            Some(auth::DevAuth::new(config, clock)?)
        };
        let faults = config.dev.faults.then(faults::Faults::default);
        if auth.is_some() {
            let users = config.dev.users.len();
            tracing::warn!(
                users,
                "the development auth service is on; never use it in production"
            );
        }
        if faults.is_some() {
            tracing::warn!("faults on demand are on; anybody can make this server fail");
        }
        Ok(Self { auth, faults })
    }
}

/// `/dev/…`, as far as it is on.
pub(crate) fn routes(app: &App) -> Router {
    let mut router = Router::new();
    if app.dev.auth.is_some() {
        router = router.route("/dev/config", get(page_config));
    }
    if app.dev.faults.is_some() {
        router = router.route("/dev/faults", get(faults::read).put(faults::write));
    }
    router.with_state(app.clone())
}

/// What a page needs to make its client.
async fn page_config(State(app): State<App>, headers: HeaderMap) -> Response {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .map(str::to_owned);
    let host = host.unwrap_or_else(|| app.config.server.listen.to_string());
    let anon_key = app.dev.auth.as_ref().map(auth::DevAuth::anon_key);
    Json(json!({ "url": format!("http://{host}"), "anonKey": anon_key })).into_response()
}
