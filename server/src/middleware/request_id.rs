//! Gives each request an id: the caller's where it is sane, else a new one.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

use crate::app::App;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MOST_BYTES: usize = 128;

/// The id, as extension of the request and header of the answer.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// As a header.
    pub(crate) fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// For logs and records.
    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

/// What the answer is to say.
pub(super) struct Told {
    id: RequestId,
    trace: Option<(HeaderValue, HeaderName)>,
}

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, Told> {
    let given = request.headers().get(HEADER).filter(|value| is_sane(value));
    let id = RequestId(given.cloned().unwrap_or_else(new));
    let trace = app.config.server.trace_header.clone();
    let trace = trace.map(|name| {
        (
            request
                .headers()
                .get(&name)
                .cloned()
                .unwrap_or(HeaderValue::from_static("")),
            name,
        )
    });
    request.extensions_mut().insert(id.clone());
    ControlFlow::Continue(Told { id, trace })
}

pub(super) fn leave(_: &App, Told { id, trace }: Told, response: &mut Response) {
    response.headers_mut().insert(HEADER, id.0);
    if let Some((value, name)) = trace {
        response.headers_mut().insert(name, value);
    }
}

/// An id goes into logs and headers, so it must be short and plain.
fn is_sane(value: &HeaderValue) -> bool {
    let text = value.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    !text.is_empty() && text.len() <= MOST_BYTES && text.iter().all(plain)
}

fn new() -> HeaderValue {
    let mut text = Uuid::encode_buffer();
    let text = Uuid::new_v4().hyphenated().encode_lower(&mut text);
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        assert!(is_sane(&HeaderValue::from_static("abc-1")));
        assert!(!is_sane(&HeaderValue::from_static("a b")));
        assert!(!is_sane(&HeaderValue::from_static("")));
        assert!(!is_sane(&HeaderValue::try_from("a".repeat(129)).unwrap()));
        assert_ne!(new(), new());
    }
}
