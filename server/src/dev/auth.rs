//! A small auth service that speaks Supabase Auth's protocol, for development and tests.
//!
//! Users come from the configuration, sessions live in memory and end with the
//! process. It refuses to be more: no sign-up, no mail, no recovery.

mod reply;
mod sessions;
mod user;

use std::sync::{Mutex, PoisonError};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use self::reply::{AuthRefusal, refusals};
use self::sessions::{Session, Sessions};
use self::user::User;
use crate::app::App;
use crate::auth::{claims, jwt, mint};
use crate::clock::Clock;
use crate::config::{Config, ConfigError, JwtConfig};
use crate::serve::StartError;

const TEN_YEARS_S: u64 = 315_360_000;

/// The service's state.
pub(crate) struct DevAuth {
    users: Vec<User>,
    sessions: Mutex<Sessions>,
    secret: SecretString,
    jwt: JwtConfig,
    lifetime_s: u64,
    clock: Clock,
    anon_key: String,
}

impl DevAuth {
    pub(super) fn new(config: &Config, clock: Clock) -> Result<Self, StartError> {
        let needs_secret = || {
            ConfigError::new(
                "dev-auth-users",
                "jwt-secret",
                "needs a jwt-secret that is plain text",
            )
        };
        let secret = config.jwt.secret.clone().ok_or_else(needs_secret)?;
        let anon = json!({
            "role": config.rest.anon_role.as_deref().unwrap_or("anon"),
            "iss": "seawall",
            "iat": clock.unix_seconds(),
            "exp": clock.unix_seconds() + TEN_YEARS_S,
        });
        let anon_key = mint::mint(secret.expose_secret(), &anon).map_err(|_| needs_secret())?;
        Ok(Self {
            users: config.dev.users.iter().map(User::from).collect(),
            sessions: Mutex::default(),
            jwt: config.jwt.clone(),
            lifetime_s: config.dev.token_lifetime.as_secs(),
            secret,
            clock,
            anon_key,
        })
    }

    /// The key of pages nobody has signed in to.
    pub(crate) fn anon_key(&self) -> &str {
        &self.anon_key
    }

    fn sign_in(&self, email: &str, password: &str) -> Result<Value, AuthRefusal> {
        let presented = sha256(password);
        let known = self
            .users
            .iter()
            .find(|user| user.email.eq_ignore_ascii_case(email.trim()));
        // An unknown address costs as much as a wrong password, so neither tells the other.
        let expected = known.map_or_else(|| sha256(""), |user| sha256(user.password.expose_secret()));
        let fits = verify_slices_are_equal(presented.as_ref(), expected.as_ref()).is_ok();
        match known {
            Some(user) if fits => {
                let session = self.sessions().begin(user.id, self.clock.unix_seconds());
                self.grant(user, &session)
            }
            Some(_) | None => Err(refusals::INVALID_CREDENTIALS),
        }
    }

    fn refresh(&self, token: &str) -> Result<Value, AuthRefusal> {
        let session = self.sessions().rotate(token, self.clock.unix_seconds())?;
        let user = self.user(session.user).ok_or(refusals::USER_NOT_FOUND)?;
        self.grant(user, &session)
    }

    fn grant(&self, user: &User, session: &Session) -> Result<Value, AuthRefusal> {
        let now_s = self.clock.unix_seconds();
        let expires_at = now_s + self.lifetime_s;
        let claims = user.claims(session, now_s, expires_at);
        let token = mint::mint(self.secret.expose_secret(), &claims).map_err(|_| refusals::UNEXPECTED)?;
        Ok(json!({
            "access_token": token,
            "token_type": "bearer",
            "expires_in": self.lifetime_s,
            "expires_at": expires_at,
            "refresh_token": session.refresh_token,
            "user": user.describe(session.began_s),
        }))
    }

    /// The user and session of a valid access token whose session has not ended.
    fn signed_in(&self, headers: &HeaderMap) -> Result<(&User, Session), AuthRefusal> {
        let token = claims::bearer(headers)
            .filter(|token| !token.is_empty())
            .ok_or(refusals::NO_AUTHORIZATION)?;
        let identity = jwt::identify(&self.jwt, Some("anon"), Some(&token), self.clock.unix_seconds())
            .map_err(|error| refusals::BAD_JWT.because(&error))?;
        let id = uuid_claim(&identity.claims, "session_id").ok_or(refusals::NO_SUBJECT)?;
        let session = self.sessions().find(id).ok_or(refusals::SESSION_NOT_FOUND)?;
        let user = self.user(session.user).ok_or(refusals::USER_NOT_FOUND)?;
        Ok((user, session))
    }

    fn user(&self, id: Uuid) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `/auth/v1/…`; mounted only where the service is on.
pub(crate) fn routes(app: &App) -> Router {
    Router::new()
        .route("/auth/v1/token", post(token))
        .route("/auth/v1/user", get(user))
        .route("/auth/v1/logout", post(logout))
        .route("/auth/v1/health", get(health))
        .route("/auth/v1/settings", get(settings))
        .route(
            "/auth/v1/{*rest}",
            axum::routing::any(async || refusals::NOT_FOUND.into_response()),
        )
        .method_not_allowed_fallback(async || refusals::METHOD_NOT_ALLOWED.into_response())
        .with_state(app.clone())
}

#[derive(Deserialize)]
struct TokenQuery {
    grant_type: Option<String>,
}

#[derive(Deserialize)]
struct TokenBody {
    email: Option<String>,
    password: Option<String>,
    refresh_token: Option<String>,
}

async fn token(State(app): State<App>, Query(query): Query<TokenQuery>, body: Bytes) -> Response {
    answer(&app, |auth| {
        let body: TokenBody = serde_json::from_slice(&body).map_err(|_| refusals::BAD_JSON)?;
        match query.grant_type.as_deref() {
            Some("password") => {
                let password = body.password.as_deref().ok_or(refusals::MISSING_CREDENTIALS)?;
                auth.sign_in(
                    body.email.as_deref().ok_or(refusals::MISSING_CREDENTIALS)?,
                    password,
                )
            }
            Some("refresh_token") => auth.refresh(
                body.refresh_token
                    .as_deref()
                    .ok_or(refusals::REFRESH_TOKEN_MISSING)?,
            ),
            Some(_) | None => Err(refusals::UNSUPPORTED_GRANT),
        }
    })
}

async fn user(State(app): State<App>, headers: HeaderMap) -> Response {
    answer(&app, |auth| {
        auth.signed_in(&headers)
            .map(|(user, session)| user.describe(session.began_s))
    })
}

#[derive(Deserialize)]
struct LogoutQuery {
    scope: Option<String>,
}

async fn logout(State(app): State<App>, Query(query): Query<LogoutQuery>, headers: HeaderMap) -> Response {
    let Some(auth) = &app.dev.auth else {
        return refusals::NOT_FOUND.into_response();
    };
    let ended = auth
        .signed_in(&headers)
        .and_then(|(_, session)| auth.sessions().end(&session, query.scope.as_deref()));
    match ended {
        Ok(sessions) => {
            for session in sessions {
                app.tokens.session_ended(&app, &session.to_string()).await;
            }
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal.into_response(),
    }
}

async fn health() -> Response {
    Json(json!({"name": "seawall development auth", "version": env!("CARGO_PKG_VERSION")})).into_response()
}

async fn settings() -> Response {
    Json(json!({"external": {"email": true}, "disable_signup": true, "mailer_autoconfirm": true}))
        .into_response()
}

fn answer(app: &App, work: impl FnOnce(&DevAuth) -> Result<Value, AuthRefusal>) -> Response {
    let Some(auth) = &app.dev.auth else {
        return refusals::NOT_FOUND.into_response();
    };
    match work(auth) {
        Ok(body) => Json(body).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

fn uuid_claim(claims: &Map<String, Value>, name: &str) -> Option<Uuid> {
    claims.get(name)?.as_str()?.parse().ok()
}

fn sha256(text: &str) -> Digest {
    digest(&SHA256, text.as_bytes())
}
