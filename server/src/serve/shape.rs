//! Gives the HTTP library's own refusals the one shape of every error.
//!
//! A request that the library cannot read reaches none of our layers: it is answered by
//! the library itself, with a head and no body. Such a head is written whole, is shorter than
//! any of ours, and lacks the request id that each of ours has; so it is told from them by
//! a look at its bytes, and something that says what is wrong is written in its place.

use bytes::Bytes;

/// Longer than any head that the library writes by itself.
const LONGEST: usize = 200;

/// What to write in place of these bytes; nothing where they are not the library's own refusal.
pub(super) fn instead_of(bytes: &[u8]) -> Option<Bytes> {
    if bytes.len() > LONGEST || !bytes.starts_with(b"HTTP/1.") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    if !head.contains("content-length: 0\r\n") || head.contains("x-request-id") {
        return None;
    }
    let (status, code, message) = match head.get(9..12)? {
        "400" => (
            "400 Bad Request",
            "SEAWALL_BAD_REQUEST",
            "the request cannot be understood",
        ),
        "414" => (
            "414 URI Too Long",
            "SEAWALL_URI_TOO_LONG",
            "the address is too long",
        ),
        "431" => (
            "431 Request Header Fields Too Large",
            "SEAWALL_HEADERS_TOO_LARGE",
            "the headers are too many or too large",
        ),
        _ => return None,
    };
    let body = format!(r#"{{"code":"{code}","details":null,"hint":null,"message":"{message}"}}"#);
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\n\
         x-content-type-options: nosniff\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    Some(answer.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_librarys_own_refusals_are_exchanged() {
        let own =
            b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\
                    date: Sat, 28 Nov 2026 03:40:00 GMT\r\n\r\n";
        let instead = instead_of(own).unwrap();
        let text = String::from_utf8_lossy(&instead);
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["code"], "SEAWALL_HEADERS_TOO_LARGE");
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-request-id: a\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 3\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\nmore",
            "\r\n\r\n",
        ] {
            assert_eq!(instead_of(other.as_bytes()), None, "{other}");
        }
    }
}
