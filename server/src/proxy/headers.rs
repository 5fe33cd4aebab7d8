//! Which headers go on to the next hop, and which end here.

use http::header::CONNECTION;
use http::{HeaderMap, HeaderName};

pub(super) fn strip_request(headers: &mut HeaderMap) {
    strip(headers, |name| {
        is_hop_by_hop(name) || is_anothers_word(name) || matches!(name, "host" | "expect")
    });
}

pub(super) fn strip_answer(headers: &mut HeaderMap) {
    strip(headers, |name| {
        is_hop_by_hop(name) || is_ours_to_say(name) || name == "alt-svc"
    });
}

/// Of one connection only, whoever lists them.
fn is_hop_by_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Words of other proxies that upstreams believe; only the nearest hop may say them, and that is us.
fn is_anothers_word(name: &str) -> bool {
    matches!(
        name,
        "x-real-ip"
            | "x-client-ip"
            | "x-cluster-client-ip"
            | "true-client-ip"
            | "cf-connecting-ip"
            | "fastly-client-ip"
            | "x-original-url"
            | "x-original-uri"
            | "x-rewrite-url"
            | "x-forwarded-port"
            | "x-forwarded-prefix"
            | "x-forwarded-server"
            | "x-http-method-override"
    )
}

/// What an upstream says to browsers and we say for it.
fn is_ours_to_say(name: &str) -> bool {
    matches!(
        name,
        "access-control-allow-origin"
            | "access-control-allow-credentials"
            | "access-control-allow-headers"
            | "access-control-allow-methods"
            | "access-control-expose-headers"
            | "access-control-max-age"
            | "access-control-allow-private-network"
            | "x-request-id"
    )
}

/// Removes what ends here and what the sender lists as of this connection. Most have little of either, so the few
/// headers there are are looked through once instead of once for each name.
fn strip(headers: &mut HeaderMap, ends_here: impl Fn(&str) -> bool) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .filter(may_be_listed)
        .collect();
    let ending = headers.keys().filter(|name| ends_here(name.as_str()));
    let ending: Vec<HeaderName> = ending.cloned().chain(listed).collect();
    for name in ending {
        headers.remove(name);
    }
}

/// A caller must not be able to list away what says who it is.
fn may_be_listed(name: &HeaderName) -> bool {
    let name = name.as_str();
    !(name == "authorization" || name == "apikey" || name.starts_with("content-"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn what_is_of_one_connection_stays_there() {
        let mut headers = headers(&[
            ("connection", "close, X-Mine ,authorization"),
            ("keep-alive", "timeout=5"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("authorization", "Bearer a"),
            ("apikey", "k"),
            ("traceparent", "00-a-b-01"),
            ("x-real-ip", "1.2.3.4"),
        ]);
        strip_request(&mut headers);
        let mut left: Vec<&str> = headers.keys().map(HeaderName::as_str).collect();
        left.sort_unstable();
        assert_eq!(left, ["apikey", "authorization", "traceparent"]);
    }

    #[test]
    fn cross_origin_rules_are_ours() {
        let mut headers = headers(&[("access-control-allow-origin", "*"), ("content-range", "0-1/2")]);
        strip_answer(&mut headers);
        assert_eq!(headers.len(), 1);
    }
}
