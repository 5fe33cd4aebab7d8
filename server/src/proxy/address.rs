//! A request's path below its mount, if it stays there.
//!
//! An upstream that resolves `..` after we decided by the path could be led to another
//! service than the one that was decided about, so such paths do not pass in any spelling.

use http::{StatusCode, Uri};

use super::service::Upstream;
use crate::config::UpstreamUrl;
use crate::error::ApiError;

/// The address at the upstream of what was asked for here below `prefix`.
pub(super) fn translate(uri: &Uri, prefix: &str, url: &UpstreamUrl) -> Result<Uri, ApiError> {
    let rest = uri.path().strip_prefix(prefix).unwrap_or(uri.path());
    if climbs(rest) {
        return Err(refused());
    }
    url.join(rest, uri.query()).map_err(|_| refused())
}

/// An upstream's absolute address of itself as the caller must write it.
pub(super) fn from_outside(
    location: &str,
    upstream: Upstream,
    url: &UpstreamUrl,
    base: &str,
) -> Option<String> {
    let rest = url.rest_of(location)?;
    Some(format!("{base}{}{rest}", upstream.mount()))
}

fn refused() -> ApiError {
    let message = "the path leads out of the service it begins in";
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_PATH", message)
}

/// Whether a path has a segment `.` or `..`, plain or encoded (twice, even).
fn climbs(path: &str) -> bool {
    // Most paths have nothing in them that could.
    if !path.bytes().any(|byte| matches!(byte, b'.' | b'%' | 0)) {
        return false;
    }
    let mut plain = path.as_bytes().to_vec();
    for _ in 0..3 {
        let climbs = plain
            .split(|byte| matches!(byte, b'/' | b'\\'))
            .any(|segment| matches!(segment.split(|byte| *byte == b';').next(), Some(b"." | b"..")));
        if climbs || plain.contains(&0) {
            return true;
        }
        if !plain.contains(&b'%') {
            return false;
        }
        plain = decoded(&plain);
    }
    false
}

fn decoded(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let byte = (*first == b'%').then(|| hex(after)).flatten();
        match byte {
            Some(byte) => {
                plain.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                plain.push(*first);
                rest = after;
            }
        }
    }
    plain
}

fn hex(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(..2)?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_dots_leads_out() {
        for path in [
            "/../admin",
            "/a/..",
            "/a/%2e%2E/b",
            "/a/.%2e/b",
            "/a/..%2fb",
            "/a/..\\b",
            "/a/%252e%252e/b",
            "/a/..;x=1/b",
            "/./a",
            "/a%00",
        ] {
            assert!(climbs(path), "{path}");
        }
        for path in ["", "/", "/a.b/..c/d..", "/rooms", "/%zz/%", "/caf%C3%A9", "/a//b"] {
            assert!(!climbs(path), "{path}");
        }
    }
}
