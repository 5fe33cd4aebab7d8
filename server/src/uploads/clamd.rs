//! Asking clamd: the content is streamed to it (`INSTREAM`) and it answers with one line.

use std::io;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::spool::Slice;
use crate::config::ClamdAddress;

const MOST_ANSWER: u64 = 4096;

/// What clamd said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// Malware, by its signature's name.
    Malware(String),
}

/// Scans a content.
///
/// # Errors
/// When clamd cannot be reached, does not answer in time, or could not scan it.
pub(super) async fn scan(address: &ClamdAddress, content: Slice, limit: Duration) -> io::Result<Found> {
    let scanning = async {
        match address {
            ClamdAddress::Tcp(address) => converse(TcpStream::connect(address).await?, content).await,
            #[cfg(unix)]
            ClamdAddress::Unix(path) => converse(tokio::net::UnixStream::connect(path).await?, content).await,
            #[cfg(not(unix))]
            ClamdAddress::Unix(_) => Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    };
    match tokio::time::timeout(limit, scanning).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
    }
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, content: Slice) -> io::Result<Found> {
    let sent = send(&mut stream, content).await;
    // It stops listening when it has heard enough, and then its answer matters more than our error.
    let mut answer = Vec::new();
    let read = (&mut stream).take(MOST_ANSWER).read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent?;
        read?;
    }
    understood(&String::from_utf8_lossy(&answer))
}

async fn send(stream: &mut (impl AsyncWrite + Unpin), content: Slice) -> io::Result<()> {
    stream.write_all(b"zINSTREAM\0").await?;
    let mut pieces = Box::pin(content.stream());
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        let len = u32::try_from(piece.len()).map_err(io::Error::other)?;
        stream.write_all(&len.to_be_bytes()).await?;
        stream.write_all(&piece).await?;
    }
    stream.write_all(&0_u32.to_be_bytes()).await?;
    stream.flush().await
}

fn understood(answer: &str) -> io::Result<Found> {
    let answer = answer.trim_matches(['\0', '\n', ' ']);
    let verdict = answer.strip_prefix("stream: ").unwrap_or(answer);
    if verdict == "OK" {
        return Ok(Found::Nothing);
    }
    match verdict.strip_suffix(" FOUND") {
        Some(name) => Ok(Found::Malware(name.to_owned())),
        None => Err(io::Error::other(format!("clamd answered {answer:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ok_is_ok() {
        assert_eq!(understood("stream: OK\0").unwrap(), Found::Nothing);
        assert_eq!(
            understood("stream: Eicar-Signature FOUND\0").unwrap(),
            Found::Malware("Eicar-Signature".to_owned())
        );
        for answer in [
            "",
            "INSTREAM size limit exceeded. ERROR\0",
            "stream: Can't allocate memory ERROR",
            "OKAY",
        ] {
            assert!(understood(answer).is_err(), "{answer}");
        }
    }
}
