//! Whatever a body holds, it is understood or explained; what was understood as JSON is JSON.

#![no_main]

use http::{HeaderMap, HeaderValue, Method, header};
use libfuzzer_sys::fuzz_target;
use seawall_pgrest::request::{ApiRequest, Payload, RawRequest, RequestConfig};

const TYPES: [&str; 6] = [
    "application/json",
    "text/csv",
    "application/x-www-form-urlencoded",
    "text/plain",
    "text/xml",
    "application/octet-stream",
];

fuzz_target!(|body: &[u8]| {
    for content_type in TYPES {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        for path in ["/items", "/rpc/call"] {
            let raw = RawRequest {
                method: &Method::POST,
                path,
                query: "",
                headers: &headers,
                body,
            };
            if let Ok(request) = ApiRequest::parse(&RequestConfig::default(), raw) {
                check(&request);
            }
        }
    }
});

fn check(request: &ApiRequest) {
    let Some(Payload::Json { text, keys }) = &request.payload else {
        return;
    };
    assert_eq!(keys, &request.columns);
    // numbers beyond a float's range, lone surrogates and great depth are PostgreSQL's to judge
    let Ok(value) = serde_json::from_str::<serde_json::Value>(text) else {
        return;
    };
    let rows = match &value {
        serde_json::Value::Array(rows) => rows.as_slice(),
        row => std::slice::from_ref(row),
    };
    for row in rows {
        let row = row.as_object().expect("a row is an object");
        assert!(row.keys().eq(keys.iter()) || row.len() == keys.len());
    }
}
