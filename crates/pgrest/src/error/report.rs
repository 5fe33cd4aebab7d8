//! An error as the caller sees it.

use std::borrow::Cow;

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use super::code::Code;

/// Name of the header that says which hop failed, and why.
pub const PROXY_STATUS: HeaderName = HeaderName::from_static("proxy-status");

/// Status, headers and body of an error.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The status.
    pub status: StatusCode,
    /// Reason phrase, where the database wrote one.
    pub reason: Option<String>,
    /// A `PGRST` code, a SQLSTATE, or whatever the database raised.
    pub code: Cow<'static, str>,
    /// What happened.
    pub message: String,
    /// More about it; mostly text.
    pub details: Option<Value>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Headers of this error's own, such as `WWW-Authenticate`.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// How much of an error the body tells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbosity {
    /// Code, message, details and hint.
    #[default]
    Verbose,
    /// Code and message.
    Minimal,
}

impl Report {
    /// A report with the code's status, and nothing but a message.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            status: code.status(),
            reason: None,
            code: Cow::Borrowed(code.name()),
            message: message.into(),
            details: None,
            hint: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn details(mut self, details: Option<impl Into<Value>>) -> Self {
        self.details = details.map(Into::into);
        self
    }

    pub(crate) fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }

    /// The body: one JSON object.
    #[must_use]
    pub fn body(&self, verbosity: Verbosity) -> String {
        let body = match verbosity {
            Verbosity::Verbose => json!({
                "code": self.code,
                "details": self.details,
                "hint": self.hint,
                "message": self.message,
            }),
            Verbosity::Minimal => json!({ "code": self.code, "message": self.message }),
        };
        body.to_string()
    }

    /// Every header of the answer but `Content-Length`.
    #[must_use]
    pub fn all_headers(&self) -> Vec<(HeaderName, HeaderValue)> {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        let mut headers = vec![(header::CONTENT_TYPE, json)];
        headers.extend(self.proxy_status().map(|value| (PROXY_STATUS, value)));
        headers.extend(self.headers.iter().cloned());
        headers
    }

    /// The value of `Proxy-Status`; none where the code, which a function may have raised, is no token.
    #[must_use]
    pub fn proxy_status(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("PostgREST; error={}", self.code)).ok()
    }
}
