//! Follows the framing of HTTP/1 requests as their bytes pass, and remembers what the HTTP library forgets.
//!
//! The library understands a request with both `Content-Length` and `Transfer-Encoding`
//! by dropping the one and closing the connection afterwards: safe, but silent. Such a
//! request is refused here instead, and for that somebody must have seen it. The same
//! look tells when a head begins and when it is whole, so that one that trickles in
//! can be cut off while an idle connection is kept.
//!
//! Nothing is parsed twice in a way that matters: the library alone decides what a
//! request is. Where the bytes stop making sense this stops looking, and the library
//! refuses them.

use memchr::memchr;

/// Longer than any header line that matters here; the rest of a line is not kept.
const KEPT: usize = 128;

/// Where the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a request.
    Between,
    /// Inside a head.
    Head,
    /// Inside a body of known length.
    Body(u64),
    /// In the line that gives a chunk's size.
    ChunkSize,
    /// Inside a chunk and the line end after it.
    Chunk(u64),
    /// In the lines after the last chunk.
    Trailers,
    /// Not followed any more: another protocol, or nonsense.
    Lost,
}

/// What a head has said so far.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    content_length: Option<u64>,
    transfer_encoding: bool,
    upgrade: bool,
}

/// The follower of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    state: State,
    said: Said,
    line: Vec<u8>,
    heads: u64,
    ambiguous: Option<u64>,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self {
            state: State::Between,
            said: Said::default(),
            line: Vec::with_capacity(KEPT),
            heads: 0,
            ambiguous: None,
        }
    }

    /// Whether a head has begun and is not whole.
    pub(super) fn is_inside_head(&self) -> bool {
        self.state == State::Head
    }

    /// Which request of the connection, counted from one, was framed twice.
    pub(super) fn ambiguous(&self) -> Option<u64> {
        self.ambiguous
    }

    /// Looks at bytes that passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.state {
                State::Lost => return,
                State::Body(left) => self.skip(bytes, left, State::Between, State::Body),
                State::Chunk(left) => self.skip(bytes, left, State::ChunkSize, State::Chunk),
                State::Between | State::Head | State::ChunkSize | State::Trailers => self.take_line(bytes),
            };
        }
    }

    fn skip<'bytes>(
        &mut self,
        bytes: &'bytes [u8],
        left: u64,
        then: State,
        still: fn(u64) -> State,
    ) -> &'bytes [u8] {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left.saturating_sub(here as u64);
        self.state = if left == 0 { then } else { still(left) };
        bytes.get(here..).unwrap_or_default()
    }

    fn take_line<'bytes>(&mut self, bytes: &'bytes [u8]) -> &'bytes [u8] {
        let end = memchr(b'\n', bytes);
        let piece = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let room = KEPT.saturating_sub(self.line.len());
        self.line
            .extend_from_slice(piece.get(..piece.len().min(room)).unwrap_or_default());
        let Some(end) = end else {
            if self.state == State::Between && !self.line.trim_ascii().is_empty() {
                self.state = State::Head;
            }
            return &[];
        };
        let mut line = std::mem::take(&mut self.line);
        self.end_line(line.trim_ascii_end());
        line.clear();
        self.line = line;
        bytes.get(end + 1..).unwrap_or_default()
    }

    fn end_line(&mut self, line: &[u8]) {
        self.state = match self.state {
            // Empty lines before a request are allowed.
            State::Between if line.is_empty() => State::Between,
            State::Between => State::Head,
            State::Head if line.is_empty() => self.end_head(),
            State::Head => {
                self.header(line);
                State::Head
            }
            State::ChunkSize => match chunk_size(line) {
                Some(0) => State::Trailers,
                // The line end after a chunk belongs to it.
                Some(size) => State::Chunk(size.saturating_add(2)),
                None => State::Lost,
            },
            State::Trailers if line.is_empty() => State::Between,
            State::Trailers => State::Trailers,
            State::Body(_) | State::Chunk(_) | State::Lost => State::Lost,
        };
    }

    fn header(&mut self, line: &[u8]) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves.next().unwrap_or_default().trim_ascii();
        let value = halves.next().unwrap_or_default().trim_ascii();
        if name.eq_ignore_ascii_case(b"content-length") {
            self.said.content_length = Some(decimal(value).unwrap_or(0));
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            self.said.transfer_encoding = true;
        } else if name.eq_ignore_ascii_case(b"upgrade") {
            self.said.upgrade = true;
        }
    }

    fn end_head(&mut self) -> State {
        self.heads += 1;
        let said = std::mem::take(&mut self.said);
        match (said.content_length, said.transfer_encoding) {
            (Some(_), true) => {
                self.ambiguous.get_or_insert(self.heads);
                State::Lost
            }
            _ if said.upgrade => State::Lost,
            (None, true) => State::ChunkSize,
            (None | Some(0), false) => State::Between,
            (Some(length), false) => State::Body(length),
        }
    }
}

fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TWICE: &str =
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";

    fn follow(text: &str) -> Framing {
        let mut framing = Framing::new();
        framing.pass(text.as_bytes());
        framing
    }

    #[test]
    fn a_request_framed_twice_is_seen_in_either_order() {
        assert_eq!(follow(TWICE).ambiguous(), Some(1));
        let turned = "POST / HTTP/1.1\r\ntransfer-encoding : chunked\r\nCONTENT-LENGTH:3\r\n\r\n";
        assert_eq!(follow(turned).ambiguous(), Some(1));
    }

    #[test]
    fn it_is_seen_behind_others_on_the_same_connection() {
        let before = [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab\r\nc",
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\na\r\n\r\n0\r\nTrailer: 1\r\n\r\n",
        ];
        for first in before {
            assert_eq!(
                follow(&format!("{first}{TWICE}")).ambiguous(),
                Some(2),
                "{first:?}"
            );
        }
    }

    #[test]
    fn a_body_that_looks_like_headers_is_a_body() {
        let body = "POST / HTTP/1.1\r\nContent-Length: 29\r\n\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(follow(body).ambiguous(), None);
    }

    #[test]
    fn a_head_is_entered_at_its_first_byte_and_left_at_its_last() {
        let mut framing = Framing::new();
        framing.pass(b"\r\n");
        assert!(!framing.is_inside_head());
        framing.pass(b"G");
        assert!(framing.is_inside_head());
        framing.pass(b"ET / HTTP/1.1\r\nHost: a\r\n\r");
        assert!(framing.is_inside_head());
        framing.pass(b"\n");
        assert!(!framing.is_inside_head());
    }

    #[test]
    fn another_protocol_is_not_followed() {
        let framing = follow("GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n\u{1}half a frame");
        assert!(!framing.is_inside_head());
        assert_eq!(framing.ambiguous(), None);
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_changes_nothing(cuts in proptest::collection::vec(1_usize..9, 0..60)) {
            let chunked = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
            let text = format!("{chunked}{TWICE}");
            let mut framing = Framing::new();
            let mut rest = text.as_bytes();
            for cut in cuts {
                let (piece, left) = rest.split_at(cut.min(rest.len()));
                framing.pass(piece);
                rest = left;
            }
            framing.pass(rest);
            prop_assert_eq!(framing.ambiguous(), Some(2));
        }

        #[test]
        fn nothing_makes_it_stumble(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut framing = Framing::new();
            framing.pass(&bytes);
            prop_assert!(framing.line.len() <= KEPT);
        }
    }
}
