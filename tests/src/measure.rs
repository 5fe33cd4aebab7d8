//! What every benchmark needs: numbers from the environment, what a process has spent, and a steady load.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Clock ticks a second, the same on every Linux.
const TICKS: f64 = 100.0;

/// Or a sentence.
pub type Measured<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// A number from the environment.
///
/// # Errors
///
/// What is there is not a number.
pub fn number(name: &str, default: u64) -> Measured<u64> {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .map_err(|_| format!("{name} is not a number: {text:?}").into()),
        Err(_) => Ok(default),
    }
}

/// Processor seconds a process has used, its own and the system's for it.
#[must_use]
pub fn processor_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

/// Memory of a process now, in MiB.
#[must_use]
pub fn resident_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The one in the middle.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One answer.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
    /// From sending to the body's end.
    pub took: Duration,
}

/// A connection that is kept.
pub struct Line {
    address: SocketAddr,
    sender: http1::SendRequest<Full<Bytes>>,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    ///
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Measured<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { address, sender })
    }

    /// Sends a request and waits for the whole answer.
    ///
    /// # Errors
    ///
    /// The connection broke.
    pub async fn ask(&mut self, request: http::request::Builder, body: Bytes) -> Measured<Heard> {
        let host = self.address.to_string();
        let request: Request<Full<Bytes>> = request.header("host", host).body(Full::new(body))?;
        let started = Instant::now();
        let (head, body) = self.sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Heard {
            status: head.status,
            headers: head.headers,
            body,
            took: started.elapsed(),
        })
    }
}

/// Which request comes next: by the connection's number and how many it has sent.
pub type Next = Arc<dyn Fn(u64, u64) -> (http::request::Builder, Bytes) + Send + Sync>;

/// Sends for a span over so many connections, each its next when the last was answered.
///
/// # Errors
///
/// A connection broke, or an answer was not a success.
pub async fn steadily(
    address: SocketAddr,
    connections: u64,
    span: Duration,
    next: Next,
) -> Measured<Vec<Heard>> {
    let until = Instant::now() + span;
    let senders: Vec<_> = (0..connections)
        .map(|connection| {
            let next = Arc::clone(&next);
            tokio::spawn(async move {
                let mut line = Line::open(address).await?;
                let mut heard = Vec::new();
                for count in 0_u64.. {
                    if Instant::now() >= until {
                        break;
                    }
                    let (request, body) = next(connection, count);
                    let answer = line.ask(request, body).await?;
                    if !answer.status.is_success() {
                        let body = String::from_utf8_lossy(&answer.body);
                        return Err(format!("{}: {body}", answer.status).into());
                    }
                    heard.push(answer);
                }
                Measured::Ok(heard)
            })
        })
        .collect();
    let mut all = Vec::new();
    for sender in senders {
        all.append(&mut sender.await??);
    }
    Ok(all)
}

/// How long a share of answers took at most, in microseconds.
#[must_use]
pub fn within_us(heard: &[Heard], share: f64) -> f64 {
    let mut all: Vec<f64> = heard.iter().map(|one| one.took.as_secs_f64() * 1e6).collect();
    all.sort_unstable_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a place in a list of measured requests"
    )]
    let place = (share * all.len() as f64) as usize;
    all.get(place.min(all.len().saturating_sub(1)))
        .copied()
        .unwrap_or(f64::NAN)
}
