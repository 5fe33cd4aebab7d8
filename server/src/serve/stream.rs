//! The bytes of one connection, decrypted where they were encrypted, with patience that ends.
//!
//! Reading: what was looked at to tell the protocol is read again first; a request
//! head that has begun must be whole within its time. Writing: a peer that does not
//! read is waited for within its [`Pace`], and then the connection is an error.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use super::framing::Framing;
use super::pace::Pace;
use super::shape;

/// Which request of a connection, counted from one, was framed twice; zero for none.
#[derive(Debug, Clone, Default)]
pub(super) struct FramedTwice(Arc<AtomicU64>);

impl FramedTwice {
    pub(super) fn is(&self, request: u64) -> bool {
        self.0.load(Ordering::Relaxed) == request
    }
}

/// How long a peer is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For a request head that has begun.
    pub(super) head: Duration,
    /// For a peer that does not read.
    pub(super) write: Pace,
}

/// A connection's stream under guard.
pub(super) struct Guarded<S> {
    inner: S,
    replay: Bytes,
    framing: Option<Framing>,
    framed_twice: FramedTwice,
    patience: Patience,
    head_ends: Option<Pin<Box<Sleep>>>,
    stalled: Option<Stall>,
    /// What is still to be written in place of the library's own refusal.
    instead: Option<Bytes>,
}

/// A write that waits for the peer.
struct Stall {
    since: Instant,
    until: Pin<Box<Sleep>>,
}

impl<S> Guarded<S> {
    /// Guards a stream; `seen` was taken from it already and is read again.
    pub(super) fn new(inner: S, seen: Bytes, framing: Option<Framing>, patience: Patience) -> Self {
        Self {
            inner,
            replay: seen,
            framing,
            framed_twice: FramedTwice::default(),
            patience,
            head_ends: None,
            stalled: None,
            instead: None,
        }
    }

    /// Tells of requests that are framed twice.
    pub(super) fn framed_twice(&self) -> FramedTwice {
        self.framed_twice.clone()
    }

    fn passed(&mut self, bytes: &[u8]) {
        let Some(framing) = &mut self.framing else { return };
        framing.pass(bytes);
        if let Some(request) = framing.ambiguous() {
            self.framed_twice.0.store(request, Ordering::Relaxed);
        }
        if !framing.is_inside_head() {
            self.head_ends = None;
        } else if self.head_ends.is_none() {
            self.head_ends = Some(Box::pin(sleep(self.patience.head)));
        }
    }

    /// Looks whether a head that has begun has had its time.
    fn poll_head(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.head_ends {
            Some(ends) => {
                ready!(ends.as_mut().poll(context));
                Poll::Ready(Err(late("a request head did not arrive in time")))
            }
            None => Poll::Pending,
        }
    }

    /// Judges a write by whether it waits, and says when it has waited enough.
    fn weigh<T>(
        &mut self,
        context: &mut Context<'_>,
        poll: Poll<io::Result<T>>,
        bytes: impl FnOnce(&T) -> usize,
    ) -> Poll<io::Result<T>> {
        let result = match poll {
            Poll::Ready(result) => result,
            Poll::Pending => {
                let left = self.patience.write.left();
                let stall = self.stalled.get_or_insert_with(|| Stall {
                    since: Instant::now(),
                    until: Box::pin(sleep(left)),
                });
                ready!(stall.until.as_mut().poll(context));
                return Poll::Ready(Err(late("the peer does not read what it asked for")));
            }
        };
        if let Some(stall) = self.stalled.take() {
            self.patience.write.waited(stall.since.elapsed());
        }
        if let Ok(written) = &result {
            self.patience.write.moved(bytes(written));
        }
        Poll::Ready(result)
    }
}

impl<S: AsyncWrite + Unpin> Guarded<S> {
    fn poll_write_as_it_is(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.weigh(context, poll, |written| *written)
    }

    /// Writes what stands in place of some bytes; then they count as written. Nothing where nothing does.
    fn poll_instead(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Option<Poll<io::Result<usize>>> {
        // Over HTTP/2 the library refuses in frames.
        if self.instead.is_none() && self.framing.is_some() {
            self.instead = shape::instead_of(bytes);
        }
        while let Some(mut rest) = self.instead.take() {
            if rest.is_empty() {
                return Some(Poll::Ready(Ok(bytes.len())));
            }
            match self.poll_write_as_it_is(context, &rest) {
                Poll::Ready(Ok(0)) => return Some(Poll::Ready(Ok(0))),
                Poll::Ready(Ok(written)) => {
                    let _written = rest.split_to(written.min(rest.len()));
                    self.instead = Some(rest);
                }
                Poll::Ready(Err(error)) => return Some(Poll::Ready(Err(error))),
                Poll::Pending => {
                    self.instead = Some(rest);
                    return Some(Poll::Pending);
                }
            }
        }
        None
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        if self.replay.is_empty() {
            match Pin::new(&mut self.inner).poll_read(context, buffer) {
                Poll::Ready(result) => result?,
                Poll::Pending => return self.poll_head(context),
            }
        } else {
            let count = self.replay.len().min(buffer.remaining());
            buffer.put_slice(&self.replay.split_to(count));
        }
        self.passed(buffer.filled().get(before..).unwrap_or_default());
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.poll_instead(context, bytes) {
            Some(poll) => poll,
            None => self.poll_write_as_it_is(context, bytes),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [head] = bytes
            && let Some(poll) = self.poll_instead(context, head)
        {
            return poll;
        }
        let poll = Pin::new(&mut self.inner).poll_write_vectored(context, bytes);
        self.weigh(context, poll, |written| *written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_flush(context);
        self.weigh(context, poll, |()| 0)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let poll = Pin::new(&mut self.inner).poll_shutdown(context);
        self.weigh(context, poll, |()| 0)
    }
}

fn late(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, message)
}

/// What the first bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Http1,
    Http2,
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until the protocol is clear; nothing when the peer goes or says too little.
pub(super) async fn recognise<S: AsyncRead + Unpin>(stream: &mut S) -> Option<(Protocol, Bytes)> {
    use tokio::io::AsyncReadExt as _;
    let mut seen = bytes::BytesMut::with_capacity(1024);
    loop {
        if stream.read_buf(&mut seen).await.ok()? == 0 {
            return None;
        }
        if seen.starts_with(PREFACE) {
            return Some((Protocol::Http2, seen.freeze()));
        }
        if !PREFACE.starts_with(&seen) {
            return Some((Protocol::Http1, seen.freeze()));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn guard<S>(inner: S, seen: &'static [u8]) -> Guarded<S> {
        let patience = Patience {
            head: 10 * SECOND,
            write: Pace::new(30 * SECOND, 100),
        };
        Guarded::new(inner, Bytes::from_static(seen), Some(Framing::new()), patience)
    }

    #[tokio::test]
    async fn first_bytes_tell_the_protocol_and_are_read_again() {
        let (mut peer, mut ours) = duplex(64);
        peer.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let (protocol, seen) = recognise(&mut ours).await.unwrap();
        assert_eq!(protocol, Protocol::Http1);
        let mut guarded = Guarded::new(ours, seen, None, guard((), b"").patience);
        let mut read = [0; 18];
        guarded.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"GET / HTTP/1.1\r\n\r\n");
    }

    #[tokio::test]
    async fn a_preface_in_pieces_is_http_2() {
        let (mut peer, mut ours) = duplex(64);
        let send = async {
            for piece in PREFACE.chunks(5) {
                peer.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let (_, found) = tokio::join!(send, recognise(&mut ours));
        assert_eq!(found.map(|(protocol, _)| protocol), Some(Protocol::Http2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_cut_and_an_idle_connection_is_not() {
        let (mut peer, ours) = duplex(64);
        let mut guarded = guard(ours, b"");
        let mut buffer = [0; 64];
        let idle = tokio::time::timeout(60 * SECOND, guarded.read(&mut buffer)).await;
        assert!(idle.is_err(), "an idle connection waits");
        let trickle = async {
            for byte in b"GET / HTTP/1.1".iter().cycle() {
                if peer.write_all(&[*byte]).await.is_err() {
                    return;
                }
                sleep(SECOND).await;
            }
        };
        let reading = async {
            let started = Instant::now();
            loop {
                if let Err(error) = guarded.read(&mut buffer).await {
                    return (error.kind(), started.elapsed());
                }
            }
        };
        let (kind, after) = tokio::select! {
            () = trickle => unreachable!("the trickle never ends by itself"),
            cut = reading => cut,
        };
        assert_eq!(kind, io::ErrorKind::TimedOut);
        assert_eq!(after.as_secs(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_is_cut() {
        let (_peer, ours) = duplex(64);
        let mut guarded = guard(ours, b"");
        let started = Instant::now();
        let error = guarded.write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(started.elapsed().as_secs(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_reads_slowly_enough_is_cut_and_a_steady_one_is_not() {
        for (bytes, lasts) in [(10_usize, false), (200, true)] {
            let (mut peer, ours) = duplex(256);
            let mut guarded = guard(ours, b"");
            let reading = async {
                let mut buffer = vec![0; bytes];
                loop {
                    sleep(SECOND).await;
                    if peer.read(&mut buffer).await.unwrap_or(0) == 0 {
                        std::future::pending::<()>().await;
                    }
                }
            };
            let writing = guarded.write_all(&[0; 10_000]);
            let outcome = tokio::select! {
                () = reading => unreachable!("reading never ends"),
                outcome = writing => outcome,
            };
            assert_eq!(outcome.is_ok(), lasts, "{bytes} bytes a second");
        }
    }
}
