//! The policy document, for guards to fetch.

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::app::App;

pub(super) async fn read(State(app): State<App>, headers: HeaderMap) -> Response {
    let body = app.limits.rules().document();
    let hash = URL_SAFE_NO_PAD.encode(digest(&SHA256, body.as_bytes()));
    let tag = format!("\"{}\"", hash.get(..22).unwrap_or(&hash));
    let common = [(ETAG, tag.clone()), (CACHE_CONTROL, "no-cache".to_owned())];
    if headers
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|value| matches(value.to_str().unwrap_or_default(), &tag))
    {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    (common, [(CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

fn matches(header: &str, tag: &str) -> bool {
    header
        .split(',')
        .map(str::trim)
        .any(|given| given == "*" || given.trim_start_matches("W/") == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_and_listed_validators_match() {
        assert!(matches("\"a\", W/\"b\"", "\"b\"") && matches("*", "\"b\""));
        assert!(!matches("\"a\"", "\"b\"") && !matches("", "\"b\""));
    }
}
