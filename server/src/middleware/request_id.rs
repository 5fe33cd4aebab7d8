//! Gives each request an id: the caller's where it is sane, else a new one.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::{HeaderName, HeaderValue};
use uuid::Uuid;

use super::Next;
use crate::app::App;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
const MOST_BYTES: usize = 128;

/// The id, as extension of the request and header of the answer.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) Arc<str>);

pub(super) async fn layer(app: App, mut request: Request, next: Next) -> Response {
    let id = request
        .headers()
        .get(HEADER)
        .and_then(sane)
        .unwrap_or_else(|| Uuid::new_v4().to_string());
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
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::try_from(id) {
        response.headers_mut().insert(HEADER, value);
    }
    if let Some((value, name)) = trace {
        response.headers_mut().insert(name, value);
    }
    response
}

/// An id goes into logs and headers, so it must be short and plain.
fn sane(value: &HeaderValue) -> Option<String> {
    let text = value.to_str().ok()?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(&byte);
    (!text.is_empty() && text.len() <= MOST_BYTES && text.bytes().all(plain)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_is_replaced() {
        assert_eq!(sane(&HeaderValue::from_static("abc-1")), Some("abc-1".to_owned()));
        assert_eq!(sane(&HeaderValue::from_static("a b")), None);
        assert_eq!(sane(&HeaderValue::from_static("")), None);
        assert_eq!(sane(&HeaderValue::try_from("a".repeat(129)).unwrap()), None);
    }
}
