//! Compresses answers over a kilobyte for those who ask, where that gives nothing away.
//!
//! How well an answer shrinks tells how much of it repeats. Where an answer has a
//! secret and also what an attacker may put there by way of a victim's browser, its
//! size tells the secret bit by bit. A browser sends a token along by itself only in
//! a cookie, so what is kept out is: the auth service (its answers are tokens), what
//! sets a cookie, and links that are secrets themselves. A caller keeps its own answer out with
//! `x-no-compression`.
//!
//! PostgREST's `Content-Range` counts rows, not bytes; it is hidden from the library,
//! which would take every list for a piece of a file.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, SET_COOKIE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{And, Predicate, SizeAbove};

use super::{Around, Next};
use crate::app::App;
use crate::telemetry::label;

const LEAST: u64 = 1024;
/// Quick enough to pay for itself on a local network.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);
const NO_COMPRESSION: HeaderName = HeaderName::from_static("x-no-compression");

/// Left as they are: what is compressed already, and what must arrive as it is made.
const INCOMPRESSIBLE: [&str; 11] = [
    "application/grpc",
    "application/gzip",
    "application/octet-stream",
    "application/pdf",
    "application/zip",
    "audio/",
    "font/woff",
    "image/",
    "text/event-stream",
    "video/",
    "multipart/",
];

/// An answer that stays as it is.
#[derive(Debug, Clone, Copy)]
struct Untouched;

/// A count of rows, hidden from the library.
#[derive(Debug, Clone)]
struct Rows(HeaderValue);

pub(super) type Layer = CompressionLayer<And<SizeAbove, Suitable>>;

/// The library's layer, between [`after`] and the door.
pub(super) fn layer(app: &App) -> Layer {
    CompressionLayer::new()
        .quality(LEVEL)
        .compress_when(suitable(app))
}

fn suitable(app: &App) -> And<SizeAbove, Suitable> {
    SizeAbove::new(LEAST).and(Suitable {
        enabled: app.config.connections.compression,
    })
}

/// Stands inside: whether the answer is to stay as it is.
pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, bool> {
    let declined = request.headers().contains_key(NO_COMPRESSION)
        || label(app, request.uri().path()) == "auth"
        || request.uri().path().contains("/object/sign/")
        || request.uri().path().contains("/object/upload/sign/");
    ControlFlow::Continue(declined)
}

pub(super) fn leave(app: &App, declined: bool, response: &mut Response) {
    if declined || is_delicate(response.headers()) {
        response.extensions_mut().insert(Untouched);
    } else if app.config.connections.compression
        && let Some(range) = response.headers().get(CONTENT_RANGE)
        && !range.as_bytes().starts_with(b"bytes")
    {
        let rows = Rows(range.clone());
        response.headers_mut().remove(CONTENT_RANGE);
        response.extensions_mut().insert(rows);
    }
}

/// Stands outside: puts back what was hidden, and weakens a tag that named other bytes. Whoever asks for nothing
/// compressed goes past the library, by `inside`.
pub(super) async fn after(app: App, inside: Around, request: Request, next: Next) -> Response {
    let asked = request.headers().contains_key(ACCEPT_ENCODING);
    let mut response = if asked {
        next.run(request).await
    } else {
        let mut plain = inside.answer(request).await;
        tell_of_others(&app, &mut plain);
        plain
    };
    if let Some(Rows(range)) = response.extensions_mut().remove::<Rows>() {
        response.headers_mut().insert(CONTENT_RANGE, range);
    }
    let untouched = response.extensions().get::<Untouched>().is_some();
    if !untouched && response.headers().contains_key(CONTENT_ENCODING) {
        weaken(response.headers_mut());
    }
    response
}

/// Others would have got other bytes, and a cache on the way must know it.
fn tell_of_others(app: &App, response: &mut Response) {
    let headers = response.headers();
    let fixed = headers.contains_key(CONTENT_ENCODING) || headers.contains_key(CONTENT_RANGE);
    let told = headers.get_all(VARY).iter().any(|value| {
        let mut names = value.to_str().unwrap_or_default().split(',');
        names.any(|name| name.trim().eq_ignore_ascii_case("accept-encoding"))
    });
    if !fixed && !told && suitable(app).should_compress(response) {
        response
            .headers_mut()
            .append(VARY, HeaderValue::from_static("accept-encoding"));
    }
}

fn is_delicate(headers: &HeaderMap) -> bool {
    let says_no = |value: &HeaderValue| {
        value
            .to_str()
            .is_ok_and(|value| value.to_ascii_lowercase().contains("no-transform"))
    };
    headers.contains_key(SET_COOKIE)
        || headers.contains_key(CONTENT_ENCODING)
        || headers.get_all(CACHE_CONTROL).iter().any(says_no)
}

/// A strong tag promises the same bytes; compressed they are others.
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG).and_then(|tag| tag.to_str().ok()) else {
        return;
    };
    if tag.starts_with("W/") {
        return;
    }
    if let Ok(weak) = HeaderValue::try_from(format!("W/{tag}")) {
        headers.insert(ETAG, weak);
    }
}

/// What the library asks of each answer beside its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Suitable {
    enabled: bool,
}

impl Predicate for Suitable {
    fn should_compress<B: http_body::Body>(&self, response: &http::Response<B>) -> bool {
        // What has no length yet is a stream, and must not wait in a compressor for more to come.
        self.enabled
            && response.body().size_hint().exact().is_some()
            && response.extensions().get::<Untouched>().is_none()
            && !is_incompressible(response.headers())
    }
}

fn is_incompressible(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    INCOMPRESSIBLE
        .into_iter()
        .any(|begins| kind.starts_with(begins.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strong_tag_is_weakened_once() {
        let mut headers = HeaderMap::from_iter([(ETAG, HeaderValue::from_static("\"a\""))]);
        weaken(&mut headers);
        weaken(&mut headers);
        assert_eq!(headers[ETAG], "W/\"a\"");
    }

    #[test]
    fn cookies_and_what_must_not_be_changed_are_delicate() {
        let with = |name, value| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert!(is_delicate(&with(SET_COOKIE, "a=b")));
        assert!(is_delicate(&with(CACHE_CONTROL, "public, No-Transform")));
        assert!(is_delicate(&with(CONTENT_ENCODING, "gzip")));
        assert!(!is_delicate(&with(CACHE_CONTROL, "no-store")));
    }
}
