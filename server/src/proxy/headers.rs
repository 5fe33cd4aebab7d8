//! Which headers go on to the next hop, and which end here.

use http::header::{
    ALT_SVC, CONNECTION, EXPECT, HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName};

/// Of one connection only, whoever lists them.
const HOP_BY_HOP: [HeaderName; 9] = [
    CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Words of other proxies that upstreams believe; only the nearest hop may say them, and that is us.
const OTHERS_WORDS: [&str; 13] = [
    "x-real-ip",
    "x-client-ip",
    "x-cluster-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "fastly-client-ip",
    "x-original-url",
    "x-original-uri",
    "x-rewrite-url",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-http-method-override",
];

/// What an upstream says to browsers and we say for it.
const OURS_TO_SAY: [&str; 8] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-expose-headers",
    "access-control-max-age",
    "access-control-allow-private-network",
    "x-request-id",
];

pub(super) fn strip_request(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    headers.remove(HOST);
    headers.remove(EXPECT);
    for name in OTHERS_WORDS {
        headers.remove(name);
    }
}

pub(super) fn strip_answer(headers: &mut HeaderMap) {
    strip_hop_by_hop(headers);
    headers.remove(ALT_SVC);
    for name in OURS_TO_SAY {
        headers.remove(name);
    }
}

fn strip_hop_by_hop(headers: &mut HeaderMap) {
    let listed: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in listed.into_iter().filter(may_be_listed).chain(HOP_BY_HOP) {
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
