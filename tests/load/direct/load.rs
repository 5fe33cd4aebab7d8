//! The load: a number of connections, each sending its next request when the last was answered.
//!
//! A thread and a plain socket each, and no more than must be read of an answer: the load sits on the same processor
//! cores as whoever is measured, and what it takes is missing there. pgbench, which has no server, is as lean.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::workload::Workload;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is read at once.
const PIECE: usize = 64 << 10;

/// What one run came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Figures {
    /// Sorted latencies over a span.
    pub(crate) fn of(mut latencies: Vec<Duration>, span: Duration) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a place in a list of measured requests"
            )]
            let place = (share * latencies.len() as f64) as usize;
            latencies
                .get(place.min(latencies.len().saturating_sub(1)))
                .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
        };
        let requests = latencies.len() as u64;
        Self {
            requests,
            #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
            per_second: requests as f64 / span.as_secs_f64(),
            p50_us: at(0.5),
            p99_us: at(0.99),
        }
    }
}

/// Sends the workload for a span. An answer that is not a success ends the benchmark.
pub(crate) async fn run(
    address: SocketAddr,
    token: &str,
    workload: &Workload,
    connections: usize,
    span: Duration,
) -> Outcome<Figures> {
    let request: Arc<[u8]> = request(address, token, workload).into_bytes().into();
    let started = Instant::now();
    let until = started + span;
    let senders = (0..connections).map(|_| {
        let request = Arc::clone(&request);
        tokio::task::spawn_blocking(move || send(address, &request, until))
    });
    let mut latencies = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        let sent = sender.await?;
        latencies.append(&mut sent.map_err(|error| format!("{}: {error}", workload.name))?);
    }
    Ok(Figures::of(latencies, started.elapsed()))
}

fn request(address: SocketAddr, token: &str, workload: &Workload) -> String {
    let body = workload.body.unwrap_or_default();
    format!(
        "{} {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        workload.method,
        workload.path,
        body.len(),
    )
}

fn send(address: SocketAddr, request: &[u8], until: Instant) -> io::Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut latencies, mut answer) = (Vec::new(), Vec::new());
    let mut piece = vec![0; PIECE];
    while Instant::now() < until {
        let started = Instant::now();
        stream.write_all(request)?;
        answer.clear();
        while !is_whole(&answer)? {
            let read = stream.read(&mut piece)?;
            if read == 0 {
                return Err(io::Error::other("the connection was closed"));
            }
            answer.extend_from_slice(piece.get(..read).unwrap_or_default());
        }
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}

/// Whether an answer has come to its end; fails if it is not a success.
fn is_whole(answer: &[u8]) -> io::Result<bool> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begin) = head.parse(answer).map_err(io::Error::other)? else {
        return Ok(false);
    };
    let body = answer.get(begin..).unwrap_or_default();
    let code = head.code.unwrap_or_default();
    let length = head
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let whole = match length {
        Some(length) => body.len() >= length,
        // In chunks: no JSON has a line end of this kind in it.
        None => body.ends_with(b"\r\n0\r\n\r\n") || body == b"0\r\n\r\n" || code == 204,
    };
    if whole && !(200..300).contains(&code) {
        return Err(io::Error::other(format!(
            "{code}: {}",
            String::from_utf8_lossy(body)
        )));
    }
    Ok(whole)
}
