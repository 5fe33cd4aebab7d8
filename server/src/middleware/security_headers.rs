//! Headers that keep a browser from making more of an answer than it is.
//!
//! A header that a handler has set stays: the static page has a policy of its own.
//! Over TLS, ours or that of a proxy which is believed, the browser is also told to
//! come back the same way.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;
use http::header::{
    CONTENT_SECURITY_POLICY, REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::app::{App, Parts};
use crate::serve::{Encrypted, Peer};

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

static HEADERS: [(HeaderName, HeaderValue); 7] = [
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    // An answer of the API is data: nothing in it may run, whatever it contains.
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("x-permitted-cross-domain-policies"),
        HeaderValue::from_static("none"),
    ),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=()"),
    ),
];

/// Whether the browser's way to us was encrypted, as far as we can know.
pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, bool> {
    ControlFlow::Continue(is_encrypted(app, request))
}

pub(super) fn leave(app: &App, is_encrypted: bool, response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in &HEADERS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if is_encrypted {
        stay_encrypted(headers, app.config.connections.hsts_max_age_s);
    }
}

fn stay_encrypted(headers: &mut HeaderMap, seconds: u64) {
    if seconds == 0 {
        return;
    }
    if let Ok(value) = HeaderValue::try_from(format!("max-age={seconds}")) {
        headers.entry(STRICT_TRANSPORT_SECURITY).or_insert(value);
    }
}

fn is_encrypted(app: &Parts, request: &Request) -> bool {
    if request.extensions().get::<Encrypted>().is_some() {
        return true;
    }
    let Some(Peer(peer)) = request.extensions().get::<Peer>() else {
        return false;
    };
    let trusted = &app.config.limits.trusted_proxies;
    trusted.iter().any(|network| network.contains(peer.ip()))
        && request
            .headers()
            .get(FORWARDED_PROTO)
            .is_some_and(|scheme| scheme.as_bytes().eq_ignore_ascii_case(b"https"))
}
