//! Looking at a connection's first request before the HTTP library does.
//!
//! The library drops a `Content-Length` beside a `Transfer-Encoding` and closes the
//! connection afterwards: safe, but silent. A request that two servers in a row could
//! understand differently is refused instead. Bytes are peeked at, never taken.

use std::time::Duration;

use tokio::net::TcpStream;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const LOOK: usize = 8 << 10;
/// Between two looks at a head that is still arriving; peeking again at once would spin.
const PAUSE: Duration = Duration::from_millis(5);

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    Http1,
    Http2,
    /// Framed twice.
    Ambiguous,
}

/// Looks until the kind is clear; nothing when the peer says too little in time.
pub(super) async fn look(stream: &TcpStream, patience: Duration) -> Option<Head> {
    let mut seen = vec![0; LOOK];
    let looking = async {
        loop {
            let count = stream.peek(&mut seen).await.ok().filter(|count| *count > 0)?;
            if let Some(head) = recognise(seen.get(..count)?) {
                return Some(head);
            }
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::time::timeout(patience, looking).await.ok().flatten()
}

fn recognise(seen: &[u8]) -> Option<Head> {
    if PREFACE.starts_with(seen) || seen.starts_with(PREFACE) {
        return (seen.len() >= PREFACE.len()).then_some(Head::Http2);
    }
    let end = seen.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    match end {
        Some(end) if is_framed_twice(seen.get(..end)?) => Some(Head::Ambiguous),
        Some(_) => Some(Head::Http1),
        // A longer head than is looked at: the library has its own limits.
        None => (seen.len() >= LOOK).then_some(Head::Http1),
    }
}

fn is_framed_twice(head: &[u8]) -> bool {
    let has = |wanted: &[u8]| {
        head.split(|byte| *byte == b'\n').skip(1).any(|line| {
            let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(wanted)
        })
    };
    has(b"content-length") && has(b"transfer-encoding")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_bytes_tell_the_protocol() {
        assert_eq!(recognise(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Some(Head::Http1));
        assert_eq!(recognise(b"GET / HTTP/1.1\r\nHo"), None);
        assert_eq!(recognise(b"PRI"), None);
        assert_eq!(recognise(PREFACE), Some(Head::Http2));
        assert_eq!(recognise(&[b'x'; LOOK]), Some(Head::Http1));
    }

    #[test]
    fn a_request_framed_twice_is_ambiguous_in_either_order() {
        for headers in [
            "Content-Length: 3\r\nTransfer-Encoding: chunked",
            "transfer-encoding : chunked\r\nCONTENT-LENGTH:3",
        ] {
            let request = format!("POST / HTTP/1.1\r\nHost: a\r\n{headers}\r\n\r\n");
            assert_eq!(recognise(request.as_bytes()), Some(Head::Ambiguous), "{headers}");
        }
        let body = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nTransfer-Encoding: chunked";
        assert_eq!(recognise(body), Some(Head::Http1));
    }
}
