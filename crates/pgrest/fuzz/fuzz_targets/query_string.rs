//! Whatever a query string holds, it is understood or explained, and never both slowly and without end.

#![no_main]

use http::{HeaderMap, Method};
use libfuzzer_sys::fuzz_target;
use seawall_pgrest::{
    error::RequestError,
    request::{ApiRequest, RawRequest, RequestConfig, grammar},
};

fuzz_target!(|query: &str| {
    for (method, path) in [(Method::GET, "/items"), (Method::GET, "/rpc/call")] {
        let headers = HeaderMap::new();
        let raw = RawRequest {
            method: &method,
            path,
            query,
            headers: &headers,
            body: b"",
        };
        match ApiRequest::parse(&RequestConfig::default(), raw) {
            Ok(request) => same_when_canonical(&request, &method, path),
            Err(error) => explained(&error),
        }
    }
    // the little languages see what decoding would not let through
    for result in [
        grammar::select(query).map(drop),
        grammar::order(query).map(drop),
        grammar::operation(query).map(drop),
        grammar::logic("not.and", query).map(drop),
    ] {
        if let Err(error) = result {
            assert!(error.message.starts_with("\"failed to parse "), "{error:?}");
            assert!(!error.details.is_empty(), "{error:?}");
        }
    }
});

/// The canonical form of an understood query string is understood too, and canonical.
fn same_when_canonical(request: &ApiRequest, method: &Method, path: &str) {
    let headers = HeaderMap::new();
    let raw = RawRequest {
        method,
        path,
        query: &request.query.canonical,
        headers: &headers,
        body: b"",
    };
    let again = ApiRequest::parse(&RequestConfig::default(), raw).expect("the canonical form is understood");
    assert_eq!(again.query.canonical, request.query.canonical);
}

fn explained(error: &RequestError) {
    let report = error.report();
    assert!(report.status.is_client_error(), "{error:?}");
    assert!(!report.message.is_empty(), "{error:?}");
}
