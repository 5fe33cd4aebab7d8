//! Gives Seawall's own addresses one shape of error, the library's refusals included, and one version.
//!
//! The HTTP library answers a wrong method with nothing, and a body of the wrong type
//! with a sentence of its own. Tables and what is passed on from others are left
//! alone: their answers are theirs.
//!
//! A caller may say which version of the answers it was written for, `x-api-version: 1`
//! or an address under `/v1`. An unknown one is refused: a wrong guess would be worse.

use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::ALLOW;
use http::{HeaderName, HeaderValue, StatusCode};

use crate::error::{ApiError, ErrorReport};

const VERSION_HEADER: HeaderName = HeaderName::from_static("x-api-version");
const VERSION: HeaderValue = HeaderValue::from_static("1");

pub(super) async fn layer(request: Request, next: Next) -> Response {
    let mut response = match request.headers().get(VERSION_HEADER) {
        Some(version) if version != VERSION => unknown_version().into_response(),
        Some(_) | None => shaped(next.run(request).await),
    };
    response.headers_mut().insert(VERSION_HEADER, VERSION);
    response
}

fn unknown_version() -> ApiError {
    let message = "this version of the API does not exist";
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_API_VERSION", message).with_hint("the version is 1")
}

fn shaped(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Arc<ErrorReport>>().is_some() {
        return response;
    }
    let mut error = of(status);
    if let Some(allowed) = response.headers().get(ALLOW) {
        error = error.with_header(ALLOW, allowed.clone());
    }
    error.into_response()
}

fn of(status: StatusCode) -> ApiError {
    let (code, message) = match status {
        StatusCode::NOT_FOUND => return ApiError::not_found(),
        StatusCode::METHOD_NOT_ALLOWED => ("SEAWALL_METHOD", "this address does not take this method"),
        StatusCode::PAYLOAD_TOO_LARGE => ("SEAWALL_BODY_TOO_LARGE", "the request body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => ("SEAWALL_MEDIA_TYPE", "the body must be application/json"),
        _ if status.is_client_error() => ("SEAWALL_BAD_REQUEST", "the request cannot be understood"),
        _ => ("SEAWALL_INTERNAL", "internal error"),
    };
    ApiError::new(status, code, message)
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn;
    use axum::routing::get;
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::*;

    async fn ask(method: &str, version: &str) -> (StatusCode, serde_json::Value, http::HeaderMap) {
        let router = Router::new()
            .route("/live", get(async || "fine"))
            .layer(from_fn(layer));
        let mut request = Request::builder().method(method).uri("/live");
        if !version.is_empty() {
            request = request.header(VERSION_HEADER, version);
        }
        let response = router
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status,
            serde_json::from_slice(&body).unwrap_or_default(),
            parts.headers,
        )
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_in_the_one_shape_and_what_is_allowed() {
        let (status, body, headers) = ask("DELETE", "").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::METHOD_NOT_ALLOWED, &"SEAWALL_METHOD".into())
        );
        assert!(headers.contains_key(ALLOW));
    }

    #[tokio::test]
    async fn a_version_is_told_and_an_unknown_one_refused() {
        let (status, _, headers) = ask("GET", "1").await;
        assert_eq!((status, &headers[VERSION_HEADER]), (StatusCode::OK, &VERSION));
        let (status, body, _) = ask("GET", "2").await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &"SEAWALL_API_VERSION".into())
        );
    }
}
