//! What the HTTP library accepts and a careful server does not.

use http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use http::{Request, StatusCode, Version};

use crate::error::ApiError;

/// Refuses requests that two servers in a row could understand differently.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), ApiError> {
    let headers = request.headers();
    if headers.contains_key(CONTENT_LENGTH) && headers.contains_key(TRANSFER_ENCODING) {
        return Err(refused(
            "a request must not have both Content-Length and Transfer-Encoding",
        ));
    }
    match headers.get_all(HOST).iter().count() {
        0 if request.version() == Version::HTTP_11 => Err(refused("a request must have a Host header")),
        0 | 1 => Ok(()),
        _ => Err(refused("a request must not have more than one Host header")),
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_BAD_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request<()> {
        let mut builder = Request::builder();
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).unwrap()
    }

    #[test]
    fn ambiguous_requests_are_refused() {
        assert!(check(&request(&[("host", "a")])).is_ok());
        assert!(check(&request(&[])).is_err());
        assert!(check(&request(&[("host", "a"), ("host", "b")])).is_err());
        assert!(
            check(&request(&[
                ("host", "a"),
                ("content-length", "1"),
                ("transfer-encoding", "chunked")
            ]))
            .is_err()
        );
    }
}
