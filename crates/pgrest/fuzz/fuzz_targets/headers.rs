//! Whatever headers hold, a request is understood or explained, and what is printed reads the same.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use libfuzzer_sys::fuzz_target;
use seawall_pgrest::request::{ApiRequest, MediaType, Preferences, RawRequest, RequestConfig, media_type};

const NAMES: [&str; 8] = [
    "prefer",
    "accept",
    "range",
    "content-type",
    "accept-profile",
    "content-profile",
    "cookie",
    "x-any",
];

fuzz_target!(|data: &[u8]| {
    let headers = headers(data);
    for method in [Method::GET, Method::POST, Method::PUT, Method::OPTIONS] {
        let raw = RawRequest {
            method: &method,
            path: "/items",
            query: "limit=5",
            headers: &headers,
            body: b"{}",
        };
        if let Ok(request) = ApiRequest::parse(&RequestConfig::default(), raw) {
            assert!(!request.accept.is_empty());
            assert!(request.range.offset >= 0);
            assert!(request.range.limit.is_none_or(|limit| (0..=5).contains(&limit)));
        }
    }
    let _ = Preferences::from_headers(&headers, true);
    if let Ok(text) = std::str::from_utf8(data) {
        let read = MediaType::parse(text);
        assert_eq!(MediaType::parse(&read.to_string()), read);
        assert!(!media_type::accepted(text).is_empty());
    }
});

/// Lines of a digit, which names the header, and its value.
fn headers(data: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in data.split(|&byte| byte == b'\n').take(64) {
        if let Some((name, value)) = line.split_first()
            && let Ok(value) = HeaderValue::from_bytes(value)
        {
            let name = NAMES[usize::from(*name) % NAMES.len()];
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}
