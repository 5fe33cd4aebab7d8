//! A development-only auth service in Supabase Auth's protocol: password and refresh
//! grants, the user, sign-out. Its users are in the configuration and its sessions in
//! memory; it sends no mail, takes no sign-ups and has no place in production.
//!
//! Errors are in Supabase Auth's shape, `{code, error_code, msg}`, because that is what
//! its clients read.

use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::accounts::{Accounts, profile};
use super::sessions::{Grant, Refused, Scope, Sessions};
use super::tokens::{AccessClaims, AccessTokens};
use crate::clock::Clock;
use crate::config::DevUser;

/// The service.
#[derive(Clone)]
pub struct DevAuth {
    inner: Arc<Inner>,
}

struct Inner {
    accounts: Accounts,
    tokens: AccessTokens,
    // Never held across an await.
    sessions: Mutex<Sessions>,
    clock: Clock,
}

impl DevAuth {
    /// A service for these users, whose tokens the server verifies with `secret`.
    #[must_use]
    pub fn new(users: Vec<DevUser>, secret: &[u8], token_lifetime_s: u64, clock: Clock) -> Self {
        let inner = Inner {
            accounts: Accounts::new(users),
            tokens: AccessTokens::new(secret, token_lifetime_s),
            sessions: Mutex::default(),
            clock,
        };
        Self { inner: Arc::new(inner) }
    }

    /// The service's routes, below `/auth/v1`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new()
            .route("/auth/v1/token", post(token))
            .route("/auth/v1/user", get(user))
            .route("/auth/v1/logout", post(logout))
            .route("/auth/v1/health", get(health))
            .route("/auth/v1/.well-known/jwks.json", get(jwks))
            .with_state(self.clone())
    }

    fn with_sessions<T>(&self, work: impl FnOnce(&mut Sessions) -> T) -> T {
        // Sessions are valid after every step, so a panic elsewhere spoils nothing.
        work(&mut self.inner.sessions.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn grant_password(&self, body: &Bytes) -> Result<Response, AuthError> {
        let Password { email, password } = read(body)?;
        let user = self.inner.accounts.sign_in(&email, &password).ok_or(AuthError::InvalidCredentials)?;
        let now_s = self.inner.clock.unix_seconds();
        let grant = self.with_sessions(|sessions| sessions.open(user.id, now_s));
        self.signed_in(user, &grant, now_s)
    }

    fn grant_refresh(&self, body: &Bytes) -> Result<Response, AuthError> {
        let Refresh { refresh_token } = read(body)?;
        let now_s = self.inner.clock.unix_seconds();
        let grant = self.with_sessions(|sessions| sessions.refresh(&refresh_token, now_s))?;
        let user = self.inner.accounts.by_id(grant.user).ok_or(AuthError::SessionNotFound)?;
        self.signed_in(user, &grant, now_s)
    }

    fn signed_in(&self, user: &DevUser, grant: &Grant, now_s: u64) -> Result<Response, AuthError> {
        let tokens = &self.inner.tokens;
        let access_token = tokens.mint(user, grant.session, now_s).map_err(|_| AuthError::Unexpected)?;
        let answer = json!({
            "access_token": access_token,
            "token_type": "bearer",
            "expires_in": tokens.lifetime_s(),
            "expires_at": now_s.saturating_add(tokens.lifetime_s()),
            "refresh_token": grant.refresh_token,
            "user": profile(user),
        });
        Ok(private(Json(answer).into_response()))
    }

    fn authenticate(&self, headers: &HeaderMap) -> Result<AccessClaims, AuthError> {
        let token = bearer(headers).ok_or(AuthError::NoAuthorization)?;
        let now_s = self.inner.clock.unix_seconds();
        let claims = self.inner.tokens.verify(token, now_s).map_err(AuthError::BadToken)?;
        let open = self.with_sessions(|sessions| sessions.is_open(claims.session_id));
        if open { Ok(claims) } else { Err(AuthError::SessionNotFound) }
    }
}

#[derive(Deserialize)]
struct Password {
    email: String,
    password: String,
}

#[derive(Deserialize)]
struct Refresh {
    refresh_token: String,
}

#[derive(Deserialize)]
struct TokenQuery {
    #[serde(default)]
    grant_type: String,
}

#[derive(Deserialize)]
struct LogoutQuery {
    #[serde(default)]
    scope: String,
}

async fn token(State(auth): State<DevAuth>, Query(query): Query<TokenQuery>, body: Bytes) -> Response {
    let answer = match query.grant_type.as_str() {
        "password" => auth.grant_password(&body),
        "refresh_token" => auth.grant_refresh(&body),
        other => Err(AuthError::GrantType(other.to_owned())),
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn user(State(auth): State<DevAuth>, headers: HeaderMap) -> Response {
    let found = auth.authenticate(&headers).and_then(|claims| {
        auth.inner.accounts.by_id(claims.sub).map(profile).ok_or(AuthError::SessionNotFound)
    });
    found.map_or_else(IntoResponse::into_response, |profile| private(Json(profile).into_response()))
}

async fn logout(State(auth): State<DevAuth>, Query(query): Query<LogoutQuery>, headers: HeaderMap) -> Response {
    let claims = match auth.authenticate(&headers) {
        Ok(claims) => claims,
        Err(error) => return error.into_response(),
    };
    let scope = match query.scope.as_str() {
        "" | "global" => Scope::Global,
        "local" => Scope::Local,
        "others" => Scope::Others,
        other => return AuthError::Scope(other.to_owned()).into_response(),
    };
    auth.with_sessions(|sessions| sessions.close(claims.session_id, claims.sub, scope));
    StatusCode::NO_CONTENT.into_response()
}

async fn health() -> Json<Value> {
    let description = "Seawall's development auth service";
    Json(json!({ "name": "seawall-dev-auth", "version": env!("CARGO_PKG_VERSION"), "description": description }))
}

/// Tokens are signed with a shared secret, so there is no public key to show.
async fn jwks() -> Json<Value> {
    Json(json!({ "keys": [] }))
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, AuthError> {
    serde_json::from_slice(body).map_err(|_| AuthError::BadBody)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn private(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the service refuses, with Supabase Auth's codes.
#[derive(Debug, thiserror::Error)]
enum AuthError {
    #[error("Could not parse request body as JSON")]
    BadBody,
    #[error("unsupported_grant_type: {0:?}")]
    GrantType(String),
    #[error("Unsupported sign-out scope: {0:?}")]
    Scope(String),
    #[error("Invalid login credentials")]
    InvalidCredentials,
    #[error("Invalid Refresh Token: Refresh Token Not Found")]
    RefreshUnknown,
    #[error("Invalid Refresh Token: Already Used")]
    RefreshReused,
    #[error("This endpoint requires a valid Bearer token")]
    NoAuthorization,
    #[error("invalid JWT: {0}")]
    BadToken(jsonwebtoken::errors::Error),
    #[error("Session from session_id claim in JWT does not exist")]
    SessionNotFound,
    #[error("Unexpected failure, please check server logs for more information")]
    Unexpected,
}

impl From<Refused> for AuthError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Unknown => Self::RefreshUnknown,
            Refused::Reused => Self::RefreshReused,
        }
    }
}

impl AuthError {
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::BadBody => (StatusCode::BAD_REQUEST, "bad_json"),
            Self::GrantType(_) | Self::Scope(_) => (StatusCode::BAD_REQUEST, "validation_failed"),
            Self::InvalidCredentials => (StatusCode::BAD_REQUEST, "invalid_credentials"),
            Self::RefreshUnknown => (StatusCode::BAD_REQUEST, "refresh_token_not_found"),
            Self::RefreshReused => (StatusCode::BAD_REQUEST, "refresh_token_already_used"),
            Self::NoAuthorization => (StatusCode::UNAUTHORIZED, "no_authorization"),
            Self::BadToken(_) => (StatusCode::FORBIDDEN, "bad_jwt"),
            Self::SessionNotFound => (StatusCode::FORBIDDEN, "session_not_found"),
            Self::Unexpected => (StatusCode::INTERNAL_SERVER_ERROR, "unexpected_failure"),
        }
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let (status, error_code) = self.code();
        let body = json!({ "code": status.as_u16(), "error_code": error_code, "msg": self.to_string() });
        private((status, Json(body)).into_response())
    }
}

#[cfg(test)]
mod tests;
