//! Supabase Auth's refusals: `{code, error_code, msg}`.

use std::borrow::Cow;
use std::fmt::Display;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// A refusal in Supabase Auth's own shape, which its clients read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthRefusal {
    status: StatusCode,
    code: &'static str,
    message: Cow<'static, str>,
}

impl AuthRefusal {
    const fn new(status: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self {
            status,
            code,
            message: Cow::Borrowed(message),
        }
    }

    pub(super) fn because(mut self, reason: impl Display) -> Self {
        self.message = format!("{}: {reason}", self.message).into();
        self
    }
}

impl IntoResponse for AuthRefusal {
    fn into_response(self) -> Response {
        let body = json!({"code": self.status.as_u16(), "error_code": self.code, "msg": self.message});
        let mut response = (self.status, Json(body)).into_response();
        if let Ok(code) = self.code.parse() {
            response.headers_mut().insert("x-sb-error-code", code);
        }
        response
    }
}

/// The refusals there are.
pub(super) mod refusals {
    use http::StatusCode;

    use super::AuthRefusal;

    pub(in super::super) const INVALID_CREDENTIALS: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "invalid_credentials",
        "Invalid login credentials",
    );
    pub(in super::super) const MISSING_CREDENTIALS: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "validation_failed",
        "missing email or password",
    );
    pub(in super::super) const BAD_JSON: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "bad_json",
        "Could not parse request body as JSON",
    );
    pub(in super::super) const UNSUPPORTED_GRANT: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "invalid_credentials",
        "unsupported_grant_type",
    );
    pub(in super::super) const REFRESH_TOKEN_MISSING: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "validation_failed",
        "Refresh Token is not present",
    );
    pub(in super::super) const REFRESH_TOKEN_NOT_FOUND: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "refresh_token_not_found",
        "Invalid Refresh Token: Refresh Token Not Found",
    );
    pub(in super::super) const REFRESH_TOKEN_USED: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "refresh_token_already_used",
        "Invalid Refresh Token: Already Used",
    );
    pub(in super::super) const NO_AUTHORIZATION: AuthRefusal = AuthRefusal::new(
        StatusCode::UNAUTHORIZED,
        "no_authorization",
        "This endpoint requires a valid Bearer token",
    );
    pub(in super::super) const BAD_JWT: AuthRefusal = AuthRefusal::new(
        StatusCode::FORBIDDEN,
        "bad_jwt",
        "invalid JWT: unable to parse or verify signature",
    );
    pub(in super::super) const NO_SUBJECT: AuthRefusal = AuthRefusal::new(
        StatusCode::FORBIDDEN,
        "bad_jwt",
        "invalid claim: missing sub claim",
    );
    pub(in super::super) const SESSION_NOT_FOUND: AuthRefusal = AuthRefusal::new(
        StatusCode::FORBIDDEN,
        "session_not_found",
        "Session from session_id claim in JWT does not exist",
    );
    pub(in super::super) const USER_NOT_FOUND: AuthRefusal = AuthRefusal::new(
        StatusCode::FORBIDDEN,
        "user_not_found",
        "User from sub claim in JWT does not exist",
    );
    pub(in super::super) const BAD_SCOPE: AuthRefusal = AuthRefusal::new(
        StatusCode::BAD_REQUEST,
        "validation_failed",
        "Unsupported logout scope",
    );
    pub(in super::super) const NOT_FOUND: AuthRefusal = AuthRefusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "the development auth service does not have this endpoint",
    );
    pub(in super::super) const METHOD_NOT_ALLOWED: AuthRefusal = AuthRefusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "method not allowed",
    );
    pub(in super::super) const UNEXPECTED: AuthRefusal = AuthRefusal::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "unexpected_failure",
        "Internal Server Error",
    );
}
