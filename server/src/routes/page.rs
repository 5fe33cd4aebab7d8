//! A built page, with every unknown address that looks like a page's leading to it.

use std::path::Path;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, Method, StatusCode};
use tower_http::services::{ServeDir, ServeFile};

use crate::error::ApiError;

/// Only what the page brought itself, and WebAssembly; no inline script, no eval, no frames.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
);

/// Names with a content hash in them never change their content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");

/// The page of a folder, as fallback of a router.
pub(crate) fn routes(folder: &Path) -> Router {
    let index = ServeFile::new(folder.join("index.html"));
    let files = ServeDir::new(folder).fallback(index);
    Router::new().fallback_service(files).layer(from_fn(guard))
}

async fn guard(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return ApiError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "SEAWALL_METHOD",
            "a page can only be read",
        )
        .into_response();
    }
    let wants_page = request.headers().get(ACCEPT).is_none_or(|accept| {
        accept
            .to_str()
            .is_ok_and(|accept| accept.contains("text/html") || accept.contains("*/*"))
    });
    let mut response = next.run(request).await;
    let is_html = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if is_html && (looks_like_a_file(&path) || !wants_page) {
        return ApiError::not_found().into_response();
    }
    let lifetime = if path.starts_with("/assets/") && !is_html {
        FOREVER
    } else {
        REVALIDATE
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, lifetime);
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    response
}

/// A missing script must be a 404, not a page that the browser tries to run.
fn looks_like_a_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    name.contains('.') && !name.ends_with(".html")
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    async fn get(folder: &Path, path: &str) -> Response {
        routes(folder)
            .oneshot(Request::get(path).body(Body::empty()).unwrap())
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn unknown_addresses_lead_to_the_page_and_missing_files_do_not() {
        let folder = std::env::temp_dir().join(format!("seawall-page-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("assets")).unwrap();
        std::fs::write(folder.join("index.html"), "<!doctype html>").unwrap();
        std::fs::write(folder.join("assets/a-1.js"), "1").unwrap();
        let page = get(&folder, "/rooms/1").await;
        assert_eq!(page.status(), StatusCode::OK);
        assert!(
            page.headers()[CONTENT_SECURITY_POLICY]
                .to_str()
                .unwrap()
                .contains("'wasm-unsafe-eval'")
        );
        assert_eq!(
            get(&folder, "/assets/a-1.js").await.headers()[CACHE_CONTROL],
            FOREVER
        );
        assert_eq!(
            get(&folder, "/assets/gone.js").await.status(),
            StatusCode::NOT_FOUND
        );
        assert_ne!(get(&folder, "/../Cargo.toml").await.status(), StatusCode::OK);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
