//! What came back.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::{fail, must};

/// A whole response.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Ends the test unless the status is this one; the body says why.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "body: {}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// The body as JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        must(
            &format!("the body {:?} is not JSON", self.body),
            serde_json::from_slice(&self.body),
        )
    }

    /// The rows of a list.
    #[must_use]
    #[track_caller]
    pub fn rows(&self) -> Vec<Value> {
        let body = self.json();
        match body.as_array() {
            Some(rows) => rows.clone(),
            None => fail(&format!("the body {body} is not a list")),
        }
    }

    /// One column of the rows of a list, as text.
    #[must_use]
    #[track_caller]
    pub fn column(&self, name: &str) -> Vec<String> {
        let text = |row: &Value| match row.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => "(missing)".to_owned(),
        };
        self.rows().iter().map(text).collect()
    }

    /// A header; empty when it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// A header that is a number.
    #[must_use]
    #[track_caller]
    pub fn number(&self, name: &str) -> u64 {
        must(
            &format!("header {name} ({:?}) is not a number", self.header(name)),
            self.header(name).parse(),
        )
    }

    /// The code in an error body.
    #[must_use]
    #[track_caller]
    pub fn code(&self) -> String {
        self.json()
            .get("code")
            .and_then(Value::as_str)
            .unwrap_or("(no code)")
            .to_owned()
    }
}
