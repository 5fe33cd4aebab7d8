//! What the HTTP library accepts and a careful server does not.

use http::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{HeaderName, Request, StatusCode, Version};

use crate::error::ApiError;

const APIKEY: HeaderName = HeaderName::from_static("apikey");

/// Refuses requests that two servers in a row could understand differently.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    let headers = request.headers();
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return Err(framed_twice());
    }
    // Of two, the one that is verified here need not be the one that an upstream believes.
    for (name, credentials) in [(&AUTHORIZATION, "Authorization"), (&APIKEY, "apikey")] {
        if headers.get_all(name).iter().nth(1).is_some() {
            return Err(refused(&format!(
                "a request must not have more than one {credentials} header"
            )));
        }
    }
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => {
            Err(refused("a request must have a Host header"))
        }
        (None, _) if request.version() == Version::HTTP_2 && authority.is_none() => {
            Err(refused("a request must name its host"))
        }
        (Some(host), None)
            if authority
                .is_some_and(|authority| !authority.as_bytes().eq_ignore_ascii_case(host.as_bytes())) =>
        {
            Err(refused("a request must not name two hosts"))
        }
        (None | Some(_), None) => Ok(()),
        (_, Some(_)) => Err(refused("a request must not have more than one Host header")),
    }
}

/// The refusal of a request whose end two servers could see in different places.
pub(super) fn framed_twice() -> ApiError {
    refused("a request must not have both Content-Length and Transfer-Encoding")
}

fn refused(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, version: Version, headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder().uri(uri).version(version);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    fn passes(uri: &str, version: Version, headers: &[(&str, &str)]) -> bool {
        check(&request(uri, version, headers)).is_ok()
    }

    #[test]
    fn ambiguous_requests_are_refused() {
        let h1 = |headers: &[(&str, &str)]| passes("/", Version::HTTP_11, headers);
        assert!(h1(&[("host", "a")]));
        assert!(!h1(&[]));
        assert!(!h1(&[("host", "a"), ("host", "b")]));
        assert!(!h1(&[
            ("host", "a"),
            ("content-length", "1"),
            ("transfer-encoding", "chunked")
        ]));
    }

    #[test]
    fn nobody_brings_two_credentials_of_a_kind() {
        let h1 =
            |headers: &[(&str, &str)]| passes("/", Version::HTTP_11, &[&[("host", "a")], headers].concat());
        assert!(h1(&[("authorization", "Bearer a"), ("apikey", "k")]));
        assert!(!h1(&[
            ("authorization", "Bearer a"),
            ("authorization", "Bearer b")
        ]));
        assert!(!h1(&[("apikey", "k"), ("apikey", "l")]));
    }

    #[test]
    fn over_http_2_the_host_is_named_once_too() {
        let h2 = |uri: &str, headers: &[(&str, &str)]| passes(uri, Version::HTTP_2, headers);
        assert!(h2("https://a/x", &[]) && h2("https://a/x", &[("host", "A")]));
        assert!(!h2("/x", &[]));
        assert!(!h2("https://a/x", &[("host", "b")]));
        assert!(!h2("https://a/x", &[("host", "a"), ("host", "a")]));
    }
}
