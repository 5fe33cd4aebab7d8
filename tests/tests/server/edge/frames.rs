//! HTTP/2 frames by hand: what no honest client sends.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames.
pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const GOAWAY: u8 = 7;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A frame as it came.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// A connection that speaks frames.
pub(super) struct Frames<S>(S);

impl<S: AsyncRead + AsyncWrite + Unpin> Frames<S> {
    /// Says hello; `window` is how much of each answer is asked for.
    pub(super) async fn hello(stream: S, window: u32) -> io::Result<Self> {
        let mut frames = Self(stream);
        frames.0.write_all(PREFACE).await?;
        let mut settings = vec![0, 4];
        settings.extend(window.to_be_bytes());
        frames.send(SETTINGS, 0, 0, &settings).await?;
        frames.send(SETTINGS, 1, 0, &[]).await?;
        Ok(frames)
    }

    pub(super) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let mut frame = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.0.write_all(&frame).await
    }

    /// Asks with GET, with further headers.
    pub(super) async fn get(&mut self, stream: u32, path: &str, more: &[(&str, &str)]) -> io::Result<()> {
        // `:method GET` and `:scheme http` are in the static table; what follows is spelt out.
        let mut block = vec![0x82, 0x86];
        literal(&mut block, ":path", path);
        literal(&mut block, ":authority", "localhost");
        for (name, value) in more {
            literal(&mut block, name, value);
        }
        self.send(HEADERS, END_STREAM | END_HEADERS, stream, &block).await
    }

    pub(super) async fn reset(&mut self, stream: u32) -> io::Result<()> {
        self.send(RST_STREAM, 0, stream, &8_u32.to_be_bytes()).await
    }

    /// The next frame; nothing at the end of the connection or after ten seconds without one.
    pub(super) async fn next(&mut self) -> Option<Frame> {
        tokio::time::timeout(Duration::from_secs(10), self.read())
            .await
            .ok()?
            .ok()
    }

    async fn read(&mut self) -> io::Result<Frame> {
        let mut head = [0; 9];
        self.0.read_exact(&mut head).await?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap_or(0)];
        self.0.read_exact(&mut payload).await?;
        Ok(Frame {
            kind: head[3],
            stream: u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]),
            payload,
        })
    }
}

/// A header that is in no table, lengths as HPACK writes them.
pub(super) fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        let mut length = text.len();
        if length < 127 {
            block.push(u8::try_from(length).unwrap_or(0));
        } else {
            block.push(127);
            length -= 127;
            while length >= 128 {
                block.push(u8::try_from(length % 128).unwrap_or(0) | 128);
                length /= 128;
            }
            block.push(u8::try_from(length).unwrap_or(0));
        }
        block.extend(text.as_bytes());
    }
}
