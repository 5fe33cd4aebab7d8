//! What an upstream's answer says about the upstream.
//!
//! The code of an error is judged before its status. It is in a header where the service
//! is kind, else in the body: the beginning of a JSON error is read, within bounds of size
//! and time, and sent on with what follows it.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use http::response::Parts;
use http::{HeaderMap, StatusCode};
use seawall_policy::class::{Answer, Outcome, classify, hint};
use seawall_policy::time::UnixTime;
use serde::Deserialize;

use super::service::Upstream;

/// More than any honest error is long.
const LOOK_BYTES: usize = 8 << 10;
/// The beginning of an error comes with its head.
const LOOK_TIME: Duration = Duration::from_millis(250);

/// Judges an answer by its head.
pub(crate) fn by_head(upstream: Upstream, head: &Parts, code: Option<&str>, now: UnixTime) -> Outcome {
    let retry_after = head
        .headers
        .get(RETRY_AFTER)
        .and_then(|value| value.to_str().ok());
    classify(&Answer::Response {
        service: upstream.judged_as(),
        status: head.status.as_u16(),
        code,
        retry_after: retry_after.and_then(|text| hint::retry_after(text, now)),
    })
}

/// The code of an error, and the body as it was.
pub(super) async fn code_of(head: &Parts, body: Body) -> (Option<String>, Body) {
    if let Some(code) = code_in_headers(&head.headers) {
        return (Some(code), body);
    }
    if !is_plain_json(&head.headers) {
        return (None, body);
    }
    let (seen, body) = beginning(body).await;
    (code_in(&seen), body)
}

/// Whether an answer may have a code.
pub(super) fn is_error(status: StatusCode) -> bool {
    status.is_client_error() || status.is_server_error()
}

/// `x-sb-error-code: …` of auth and functions; `Proxy-Status: PostgREST; error=…`.
fn code_in_headers(headers: &HeaderMap) -> Option<String> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let named = text("x-sb-error-code").map(str::to_owned);
    named.or_else(|| {
        let error = text("proxy-status")?.split("error=").nth(1)?;
        let end = error.find([';', ',', ' ']).unwrap_or(error.len());
        error.get(..end).map(|code| code.trim_matches('"').to_owned())
    })
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("json"));
    json && !headers.contains_key(CONTENT_ENCODING)
}

/// Reads a little of a body, and gives the whole back.
async fn beginning(body: Body) -> (Bytes, Body) {
    let mut stream = body.into_data_stream();
    let mut pieces: Vec<Result<Bytes, axum::Error>> = Vec::new();
    let mut seen = BytesMut::new();
    let reading = async {
        while seen.len() < LOOK_BYTES {
            match stream.next().await {
                Some(Ok(piece)) => {
                    seen.extend_from_slice(&piece);
                    pieces.push(Ok(piece));
                }
                Some(Err(error)) => {
                    pieces.push(Err(error));
                    return;
                }
                None => return,
            }
        }
    };
    // Nobody waits for a verdict longer than this: the status will do.
    let _late = tokio::time::timeout(LOOK_TIME, reading).await;
    let whole = futures_util::stream::iter(pieces).chain(stream);
    (seen.freeze(), Body::from_stream(whole))
}

/// Where each service keeps its code.
#[derive(Deserialize)]
struct Told {
    code: Option<serde_json::Value>,
    error_code: Option<String>,
    #[serde(rename = "statusCode")]
    status_code: Option<serde_json::Value>,
    error: Option<serde_json::Value>,
}

fn code_in(body: &[u8]) -> Option<String> {
    let told: Told = serde_json::from_slice(body).ok()?;
    let word = |value: Option<serde_json::Value>| {
        value
            .and_then(|value| value.as_str().map(str::to_owned))
            .filter(|word| !word.is_empty() && word.parse::<u16>().is_err())
    };
    told.error_code
        .or_else(|| word(told.code))
        .or_else(|| word(told.status_code))
        .or_else(|| word(told.error))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt as _;

    use super::*;

    #[test]
    fn every_service_keeps_its_code_elsewhere() {
        assert_eq!(
            code_in(br#"{"code":"40P01","message":"x"}"#).as_deref(),
            Some("40P01")
        );
        assert_eq!(
            code_in(br#"{"code":400,"error_code":"bad_jwt","msg":"x"}"#).as_deref(),
            Some("bad_jwt")
        );
        assert_eq!(
            code_in(br#"{"statusCode":"404","error":"NoSuchKey","message":"x"}"#).as_deref(),
            Some("NoSuchKey")
        );
        assert_eq!(code_in(br#"{"statusCode":"404"}"#), None);
        assert_eq!(code_in(b"<html>"), None);
    }

    #[test]
    fn a_kind_service_says_it_in_a_header() {
        let of = |name: &'static str, value: &'static str| {
            code_in_headers(&HeaderMap::from_iter([(
                http::HeaderName::from_static(name),
                http::HeaderValue::from_static(value),
            )]))
        };
        assert_eq!(
            of("proxy-status", "PostgREST; error=PGRST003").as_deref(),
            Some("PGRST003")
        );
        assert_eq!(
            of("x-sb-error-code", "over_request_rate_limit").as_deref(),
            Some("over_request_rate_limit")
        );
        assert_eq!(of("proxy-status", "nginx"), None);
    }

    #[tokio::test]
    async fn what_was_looked_at_is_sent_on_unchanged() {
        let text = "x".repeat(3 * LOOK_BYTES);
        let pieces: Vec<_> = text
            .as_bytes()
            .chunks(1000)
            .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
            .collect();
        let (seen, body) = beginning(Body::from_stream(futures_util::stream::iter(pieces))).await;
        assert!(seen.len() >= LOOK_BYTES && seen.len() < 2 * LOOK_BYTES);
        assert_eq!(body.collect().await.unwrap().to_bytes(), text);
    }
}
