//! Credentials as Supabase's gateway reads them: a token in `Authorization`, else the `apikey`.
//!
//! An `apikey` that is a token says who asks where nothing else does. A publishable key
//! (`sb_…`) is not a token: clients send it in `Authorization` all the same, the upstream
//! knows what it is worth, and here its bearer is nobody in particular. A browser's
//! WebSocket cannot send headers, so its key is in the query.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;

use crate::app::App;

const API_KEY: HeaderName = HeaderName::from_static("apikey");

/// The role of those who say nothing of themselves, where no other is configured.
pub(crate) const NOBODY: &str = "anon";

/// The request is passed on: who asks without a token is the upstream's to judge.
#[derive(Debug, Clone, Default)]
pub(crate) struct Passing {
    /// Put aside while the token is looked at here, and sent on as it came.
    pub(super) opaque: Option<HeaderValue>,
    /// The keys that are in the query.
    in_query: Vec<String>,
}

impl Passing {
    /// Whether the request brings a credential that only the upstream can judge.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque.is_some()
    }

    /// The keys that are in the query, which some upstreams take as well as one in a header.
    pub(crate) fn keys_in_query(&self) -> &[String] {
        &self.in_query
    }
}

pub(crate) fn enter(_: &App, request: &mut Request) -> ControlFlow<Response> {
    let in_query = keys_of_query(request.uri().query().unwrap_or_default());
    let passing = arrange(request.headers_mut(), in_query);
    request.extensions_mut().insert(passing);
    ControlFlow::Continue(())
}

/// Whether a request brings a key that only the upstream can judge.
pub(crate) fn carries_key(request: &Request) -> bool {
    let is_key = |key: &HeaderValue| {
        key.to_str()
            .is_ok_and(|key| key.starts_with("sb_") && !key.contains('.'))
    };
    let in_query = first(&keys_of_query(request.uri().query().unwrap_or_default()));
    request
        .headers()
        .get(API_KEY)
        .or(in_query.as_ref())
        .is_some_and(is_key)
        || request.headers().get(AUTHORIZATION).is_some_and(is_opaque)
}

fn arrange(headers: &mut HeaderMap, in_query: Vec<String>) -> Passing {
    let opaque = match headers.get(AUTHORIZATION) {
        Some(value) if is_opaque(value) => headers.remove(AUTHORIZATION),
        Some(_) => None,
        None => {
            let key = headers.get(API_KEY).cloned().or_else(|| first(&in_query));
            let token = key.filter(is_token).and_then(|key| bearer(&key));
            if let Some(token) = token {
                headers.insert(AUTHORIZATION, token);
            }
            None
        }
    };
    Passing { opaque, in_query }
}

/// `Bearer sb_publishable_…` and its like.
fn is_opaque(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let key = text.split_once(' ').map(|(_, key)| key.trim());
    key.is_some_and(|key| key.starts_with("sb_") && !key.contains('.'))
}

fn is_token(key: &HeaderValue) -> bool {
    key.as_bytes().iter().filter(|byte| **byte == b'.').count() == 2
}

fn bearer(key: &HeaderValue) -> Option<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.to_str().ok()?)).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `apikey=…` of a query. A key has no letters that a query must encode, but one may, and the upstream reads it.
fn keys_of_query(query: &str) -> Vec<String> {
    let decoded = |text| percent_decode_str(text).decode_utf8_lossy();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let keys = pairs.filter(|(name, _)| decoded(name) == "apikey");
    keys.map(|(_, key)| decoded(key).into_owned()).collect()
}

fn first(keys: &[String]) -> Option<HeaderValue> {
    HeaderValue::from_str(keys.first()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arranged(authorization: Option<&'static str>, key: Option<&'static str>) -> (Option<String>, bool) {
        let mut headers = HeaderMap::new();
        let pairs = [(AUTHORIZATION, authorization), (API_KEY, key)];
        for (name, value) in pairs {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_static(value));
            }
        }
        let passing = arrange(&mut headers, Vec::new());
        let left = headers
            .get(AUTHORIZATION)
            .map(|value| value.to_str().unwrap().to_owned());
        (left, passing.opaque.is_some())
    }

    #[test]
    fn a_key_that_is_a_token_speaks_where_nothing_else_does() {
        assert_eq!(
            arranged(None, Some("a.b.c")),
            (Some("Bearer a.b.c".to_owned()), false)
        );
        assert_eq!(
            arranged(Some("Bearer x.y.z"), Some("a.b.c")),
            (Some("Bearer x.y.z".to_owned()), false)
        );
    }

    #[test]
    fn a_publishable_key_is_nobody_in_particular() {
        assert_eq!(
            arranged(Some("Bearer sb_publishable_x"), Some("sb_publishable_x")),
            (None, true)
        );
        assert_eq!(arranged(None, Some("sb_publishable_x")), (None, false));
    }

    #[test]
    fn a_token_does_not_pass_as_a_key() {
        assert_eq!(
            arranged(Some("Bearer sb_.b.c"), None),
            (Some("Bearer sb_.b.c".to_owned()), false)
        );
    }

    #[test]
    fn a_websockets_key_is_in_its_query() {
        assert_eq!(keys_of_query("vsn=2.0.0&apikey=a.b.c"), ["a.b.c"]);
        assert_eq!(
            keys_of_query("api%6Bey=sb%5Fsecret_x&apikey=b"),
            ["sb_secret_x", "b"]
        );
        assert!(keys_of_query("noapikey=a&apikey").is_empty());
    }
}
