//! The one shape of every error the server answers with: `{code, message, details, hint}`.
//!
//! An [`ApiError`] says what the caller may know. What only the operator may know
//! rides along as [`ApiError::cause`] and is logged once, by the outermost layer,
//! together with the request's id.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use hyper::ext::ReasonPhrase;
use seawall_pgrest::error::report::{PROXY_STATUS, Report};
use serde_json::{Map, Value};

/// The media type of every error.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An error as the caller sees it, and what the operator should know of it.
#[derive(Debug, Clone)]
pub struct ApiError(Box<Told>);

#[derive(Debug, Clone)]
struct Told {
    status: StatusCode,
    code: Cow<'static, str>,
    message: String,
    details: Option<Value>,
    hint: Option<String>,
    extra: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<String>,
    reason: Option<String>,
    terse: bool,
}

/// What the outermost layer logs and counts; it rides on the response.
#[derive(Debug, Clone)]
pub(crate) struct ErrorReport {
    pub(crate) code: String,
    pub(crate) cause: Option<String>,
}

impl ApiError {
    /// An error with a stable code.
    pub fn new(status: StatusCode, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Told {
            status,
            code: code.into(),
            message: message.into(),
            details: None,
            hint: None,
            extra: Map::new(),
            headers: Vec::new(),
            cause: None,
            reason: None,
            terse: false,
        }))
    }

    /// Adds details for the caller.
    #[must_use]
    pub fn with_details(mut self, details: Option<Value>) -> Self {
        self.0.details = details;
        self
    }

    /// Adds advice for the caller.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds a member beside the four of the shape.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.extra.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// Tells the caller when to come back, in whole seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with_header(RETRY_AFTER, HeaderValue::from(seconds))
            .with_extra("retryAfter", seconds)
    }

    /// Notes what the operator should know and the caller should not.
    #[must_use]
    pub fn caused_by(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// A fault of ours, told to the operator only.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "SEAWALL_INTERNAL",
            "internal error",
        )
        .caused_by(cause)
    }

    /// Nothing lives at this address.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "SEAWALL_NOT_FOUND",
            "nothing is served at this address",
        )
    }

    /// The status the error is answered with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    fn body(&mut self) -> String {
        let mut body = std::mem::take(&mut self.0.extra);
        body.insert("code".to_owned(), self.0.code.as_ref().into());
        body.insert("message".to_owned(), std::mem::take(&mut self.0.message).into());
        if !self.0.terse {
            body.insert("details".to_owned(), self.0.details.take().unwrap_or(Value::Null));
            body.insert(
                "hint".to_owned(),
                self.0.hint.take().map_or(Value::Null, Value::String),
            );
        }
        Value::Object(body).to_string()
    }
}

impl ApiError {
    /// Leaves details and hint out of the answer.
    #[must_use]
    pub(crate) fn tersely(mut self) -> Self {
        self.0.terse = true;
        self
    }
}

impl From<Report> for ApiError {
    fn from(report: Report) -> Self {
        let proxy_status = report.proxy_status().map(|value| (PROXY_STATUS, value));
        let allowed = allowed(report.status, &report.code).map(|methods| (ALLOW, methods));
        let mut error = Self::new(report.status, report.code, report.message).with_details(report.details);
        error.0.hint = report.hint;
        error.0.reason = report.reason;
        error.0.headers = proxy_status
            .into_iter()
            .chain(report.headers)
            .chain(allowed)
            .collect();
        error
    }
}

/// Whoever is told that a method is wrong is told which are right: HTTP asks for it, PostgREST forgets it.
fn allowed(status: StatusCode, code: &str) -> Option<HeaderValue> {
    let methods = match code {
        _ if status != StatusCode::METHOD_NOT_ALLOWED => return None,
        "PGRST101" => "OPTIONS, GET, HEAD, POST",
        // A function that writes, asked for in a transaction that only reads.
        "25006" => "OPTIONS, POST",
        _ => "OPTIONS, GET, HEAD, POST, PUT, PATCH, DELETE",
    };
    Some(HeaderValue::from_static(methods))
}

impl IntoResponse for ApiError {
    fn into_response(mut self) -> Response {
        let report = ErrorReport {
            code: self.0.code.clone().into_owned(),
            cause: self.0.cause.take(),
        };
        let mut response = Response::new(Body::from(self.body()));
        *response.status_mut() = self.0.status;
        response.headers_mut().insert(CONTENT_TYPE, JSON);
        for (name, value) in self.0.headers {
            response.headers_mut().append(name, value);
        }
        response.extensions_mut().insert(Arc::new(report));
        if let Some(reason) = self
            .0
            .reason
            .and_then(|reason| ReasonPhrase::try_from(reason).ok())
        {
            response.extensions_mut().insert(reason);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn an_error_has_one_shape_and_keeps_its_cause_to_itself() {
        let error = ApiError::internal("password is hush-hush").retry_after(3);
        let response = error.into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "3");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body: Value = serde_json::from_slice(&body).unwrap();
        let expected = serde_json::json!({
            "code": "SEAWALL_INTERNAL", "message": "internal error", "details": null, "hint": null, "retryAfter": 3
        });
        assert_eq!(body, expected);
    }
}
