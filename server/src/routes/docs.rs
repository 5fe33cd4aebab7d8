//! Interactive documentation of the API at `/api-docs`: Swagger UI, served from the binary itself.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse as _, Redirect, Response};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use utoipa_swagger_ui::{Config, SwaggerFile};

use crate::error::ApiError;

/// Its pages bring their own scripts and inline styles; nothing is fetched from elsewhere.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'",
);

pub(super) async fn index() -> Redirect {
    Redirect::permanent("/api-docs/")
}

pub(super) async fn root() -> Response {
    file("index.html")
}

pub(super) async fn asset(Path(path): Path<String>) -> Response {
    file(&path)
}

fn file(path: &str) -> Response {
    let config = Arc::new(Config::from("/openapi.json"));
    match utoipa_swagger_ui::serve(path, config) {
        Ok(Some(SwaggerFile {
            bytes, content_type, ..
        })) => {
            let content_type =
                HeaderValue::try_from(content_type).unwrap_or(HeaderValue::from_static("text/plain"));
            let headers = [(CONTENT_TYPE, content_type), (CONTENT_SECURITY_POLICY, POLICY)];
            (StatusCode::OK, headers, bytes.into_owned()).into_response()
        }
        Ok(None) => ApiError::not_found().into_response(),
        Err(error) => ApiError::internal(error).into_response(),
    }
}
