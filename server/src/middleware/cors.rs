//! Cross-origin rules, answered as PostgREST answers them.
//!
//! Without configured origins every origin may read, without credentials; with
//! them only those may, with credentials. What the guard in the page must read
//! (rate limits, `Retry-After`, the request's id) is exposed, which PostgREST
//! does not do; configured as a PostgREST, the list is PostgREST's.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method};

use crate::app::App;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD");
const MAX_AGE: HeaderValue = HeaderValue::from_static("86400");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const ANY: HeaderValue = HeaderValue::from_static("*");

const POSTGREST_EXPOSED: &str = "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, Range-Unit";

/// What a page may read of an answer: all that is not a secret of the way it came.
const EXPOSED_HEADERS: &str = "Content-Encoding, Content-Length, Content-Location, Content-Range, Content-Type, Date, \
     Location, Server, Transfer-Encoding, Range-Unit, Age, Cache-Control, ETag, Last-Modified, Vary, Allow, \
     Preference-Applied, Proxy-Status, Server-Timing, Retry-After, RateLimit, RateLimit-Policy, X-Seawall-Limiter, \
     X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Tier, X-RateLimit-Window, X-Cache, \
     X-Api-Version, X-Request-Id, Sb-Request-Id, X-Supabase-Api-Version, X-Relay-Error, X-Total-Count";

/// Where a request comes from.
pub(super) struct Origin {
    allowed: Option<Allowed>,
    is_another: bool,
}

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response, Origin> {
    let allowed = allowed(request.headers().get(ORIGIN), &app.config.server.cors_origins);
    if is_preflight(request) {
        let mut response = preflight(request.headers(), allowed);
        if varies(app) {
            vary_by_origin(response.headers_mut());
        }
        return ControlFlow::Break(response);
    }
    let is_another = request.headers().contains_key(ORIGIN);
    ControlFlow::Continue(Origin { allowed, is_another })
}

pub(super) fn leave(app: &App, origin: Origin, response: &mut Response) {
    let Origin { allowed, is_another } = origin;
    if let Some(allowed) = allowed {
        let exposed = if app.config.postgrest {
            POSTGREST_EXPOSED
        } else {
            EXPOSED_HEADERS
        };
        if is_another {
            response
                .headers_mut()
                .insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(exposed));
        }
        allowed.write(response.headers_mut());
    }
    if varies(app) {
        vary_by_origin(response.headers_mut());
    }
}

/// Whether answers differ by where they are asked from.
fn varies(app: &App) -> bool {
    !app.config.postgrest && !app.config.server.cors_origins.is_empty()
}

/// A cache must not hand one origin's answer to another, nor one without an origin to either.
fn vary_by_origin(headers: &mut HeaderMap) {
    if !headers
        .get_all(VARY)
        .iter()
        .any(|value| value == ORIGIN.as_str() || value == "Origin")
    {
        headers.append(VARY, HeaderValue::from_static("Origin"));
    }
}

/// What an origin is told.
enum Allowed {
    Any,
    This(HeaderValue),
}

impl Allowed {
    fn write(self, headers: &mut HeaderMap) {
        match self {
            Self::Any => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
            }
            Self::This(origin) => {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
                headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
                // A cache must not hand one origin's answer to another.
                headers.append(VARY, HeaderValue::from_static("Origin"));
            }
        }
    }
}

fn allowed(origin: Option<&HeaderValue>, origins: &[String]) -> Option<Allowed> {
    if origins.is_empty() {
        return Some(Allowed::Any);
    }
    let origin = origin?;
    origins
        .iter()
        .any(|allowed| allowed.as_bytes() == origin.as_bytes())
        .then(|| Allowed::This(origin.clone()))
}

fn is_preflight(request: &Request) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

fn preflight(request: &HeaderMap, allowed: Option<Allowed>) -> Response {
    let mut response = Response::default();
    let Some(allowed) = allowed else { return response };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(request));
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    allowed.write(headers);
    response
}

fn allowed_headers(request: &HeaderMap) -> HeaderValue {
    let asked = request
        .get(ACCESS_CONTROL_REQUEST_HEADERS)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let asked = asked.split(',').map(str::trim).filter(|name| !name.is_empty());
    let all: Vec<&str> = std::iter::once("Authorization")
        .chain(asked)
        .chain(["Accept", "Accept-Language", "Content-Language"])
        .collect();
    HeaderValue::try_from(all.join(", ")).unwrap_or(HeaderValue::from_static("Authorization"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_configured_origins_are_told_yes() {
        let origins = ["http://example.com".to_owned()];
        let origin = HeaderValue::from_static("http://example.com");
        let other = HeaderValue::from_static("http://example.com.evil.test");
        assert!(matches!(allowed(Some(&origin), &origins), Some(Allowed::This(_))));
        assert!(allowed(Some(&other), &origins).is_none());
        assert!(matches!(allowed(Some(&other), &[]), Some(Allowed::Any)));
    }

    #[test]
    fn a_preflight_may_send_what_it_asks_to_send() {
        let request = HeaderMap::from_iter([(
            ACCESS_CONTROL_REQUEST_HEADERS,
            HeaderValue::from_static("Foo,Bar"),
        )]);
        assert_eq!(
            allowed_headers(&request),
            "Authorization, Foo, Bar, Accept, Accept-Language, Content-Language"
        );
    }
}
