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

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(code: &str, message: &str, details: Option<&str>) -> Report {
        DatabaseError {
            code: code.to_owned(),
            message: message.to_owned(),
            details: details.map(ToOwned::to_owned),
            hint: None,
            authenticated: true,
        }
        .report()
    }

    #[test]
    fn sqlstates_have_their_status() {
        let cases = [
            ("08006", 503),
            ("23502", 400),
            ("23503", 409),
            ("23505", 409),
            ("25006", 405),
            ("25P02", 500),
            ("28P01", 403),
            ("40001", 500),
            ("40P01", 500),
            ("42501", 403),
            ("42601", 400),
            ("42703", 400),
            ("42883", 404),
            ("42P01", 404),
            ("42P17", 500),
            ("53300", 503),
            ("53400", 500),
            ("57014", 500),
            ("57P01", 503),
            ("P0001", 400),
            ("P0002", 500),
            ("XX000", 500),
            ("22P02", 400),
            ("", 400),
        ];
        for (code, status) in cases {
            assert_eq!(raised(code, "", None).status.as_u16(), status, "{code}");
        }
    }

    #[test]
    fn some_messages_decide_the_status() {
        let cases = [
            ("21000", "UPDATE requires a WHERE clause", 400),
            ("21000", "more than one row returned by a subquery", 500),
            ("22023", "role \"x\" does not exist", 401),
            ("22023", "invalid value for parameter", 400),
            ("42883", "function xmlagg(record) does not exist", 406),
        ];
        for (code, message, status) in cases {
            assert_eq!(raised(code, message, None).status.as_u16(), status, "{message}");
        }
    }

    #[test]
    fn a_denial_asks_the_anonymous_to_authenticate() {
        let denial = DatabaseError {
            code: "42501".to_owned(),
            message: "permission denied".to_owned(),
            details: None,
            hint: None,
            authenticated: false,
        };
        let report = denial.report();
        assert_eq!(report.status, StatusCode::UNAUTHORIZED);
        let challenge = report
            .all_headers()
            .into_iter()
            .find(|(name, _)| name == header::WWW_AUTHENTICATE);
        assert_eq!(
            challenge.map(|(_, value)| value),
            Some(HeaderValue::from_static("Bearer"))
        );
    }

    #[test]
    fn a_function_can_choose_its_status() {
        let report = raised("PT402", "Payment Required", None);
        assert_eq!(report.status, StatusCode::PAYMENT_REQUIRED);
        assert_eq!(report.reason.as_deref(), Some("Payment Required"));
        for code in ["PT000", "PTxyz", "PT099", "PT"] {
            assert_eq!(
                raised(code, "", None).status,
                StatusCode::INTERNAL_SERVER_ERROR,
                "{code}"
            );
        }
    }

    #[test]
    fn a_function_can_write_the_whole_answer() {
        let message = r#"{"code":"123","message":"ABC","details":"DEF","hint":"XYZ"}"#;
        let detail = r#"{"status":332,"status_text":"My Text","headers":{"X-Header":"str"}}"#;
        let report = raised("PGRST", message, Some(detail));
        assert_eq!(report.status.as_u16(), 332);
        assert_eq!(report.reason.as_deref(), Some("My Text"));
        assert_eq!(report.proxy_status().unwrap(), "PostgREST; error=123");
        assert_eq!(
            report.headers,
            [("x-header".parse().unwrap(), HeaderValue::from_static("str"))]
        );
        let body = report.body(crate::error::Verbosity::Verbose);
        assert_eq!(
            body,
            r#"{"code":"123","details":"DEF","hint":"XYZ","message":"ABC"}"#
        );
    }

    #[test]
    fn an_answer_written_badly_is_complained_of() {
        let message = r#"{"code":"1","message":"a"}"#;
        let cases = [
            ("nonsense", None, "Invalid JSON value for MESSAGE: 'nonsense'"),
            (message, None, "DETAIL is missing in the RAISE statement"),
            (message, Some("{}"), "Invalid JSON value for DETAIL: '{}'"),
        ];
        for (message, detail, complaint) in cases {
            let report = raised("PGRST", message, detail);
            assert_eq!(report.code, "PGRST121");
            assert_eq!(report.details, Some(Value::from(complaint)));
        }
    }

    #[test]
    fn a_code_that_fits_no_header_is_left_out_of_it() {
        assert_eq!(raised("a\nb", "", None).proxy_status(), None);
    }
}
