//! Errors PostgreSQL raises: SQLSTATE in, status and body out.
//!
//! A function can choose its answer: `RAISE SQLSTATE 'PT402'` gives status 402, and `RAISE SQLSTATE
//! 'PGRST'` with JSON in MESSAGE and DETAIL gives the whole answer, headers included.

mod raise;
pub mod sqlstate;

use std::borrow::Cow;

use http::{HeaderValue, StatusCode, header};
use serde_json::Value;

use super::report::Report;

/// An error as PostgreSQL sent it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DatabaseError {
    /// SQLSTATE, five characters.
    pub code: String,
    /// MESSAGE.
    pub message: String,
    /// DETAIL.
    pub details: Option<String>,
    /// HINT.
    pub hint: Option<String>,
    /// Whether the role was more than the anonymous one: a denial is then 403, else 401.
    pub authenticated: bool,
}

impl DatabaseError {
    /// The status alone.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.report().status
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        if self.code == "PGRST" {
            return raise::report(&self.message, self.details.as_deref());
        }
        let (status, reason) = self.own_status();
        let mut report = Report {
            status,
            reason,
            code: Cow::Owned(self.code.clone()),
            message: self.message.clone(),
            details: self.details.clone().map(Value::String),
            hint: self.hint.clone(),
            headers: Vec::new(),
        };
        if status == StatusCode::UNAUTHORIZED {
            let bearer = HeaderValue::from_static("Bearer");
            report.headers.push((header::WWW_AUTHENTICATE, bearer));
        }
        report
    }

    fn own_status(&self) -> (StatusCode, Option<String>) {
        match self.code.strip_prefix("PT") {
            Some(digits) => raised_status(digits, &self.message),
            None => (
                sqlstate::status(&self.code, &self.message, self.authenticated),
                None,
            ),
        }
    }
}

fn raised_status(digits: &str, message: &str) -> (StatusCode, Option<String>) {
    match digits
        .parse()
        .ok()
        .and_then(|number| StatusCode::from_u16(number).ok())
    {
        Some(status) => (status, Some(message.to_owned())),
        None => (StatusCode::INTERNAL_SERVER_ERROR, None),
    }
}
