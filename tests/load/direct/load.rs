//! The load: a number of connections, each sending its next request when the last was answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::workload::Workload;

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
    let until = Instant::now() + span;
    let started = Instant::now();
    let senders =
        (0..connections).map(|_| tokio::spawn(send(address, request(address, token, workload), until)));
    let mut latencies = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        latencies.append(
            &mut sender
                .await?
                .map_err(|error| format!("{}: {error}", workload.name))?,
        );
    }
    Ok(Figures::of(latencies, started.elapsed()))
}

type Request = Box<dyn Fn() -> Result<http::Request<Full<Bytes>>, http::Error> + Send>;

fn request(address: SocketAddr, token: &str, workload: &Workload) -> Request {
    let (method, path, body) = (workload.method, workload.path, workload.body);
    let (host, bearer) = (address.to_string(), format!("Bearer {token}"));
    Box::new(move || {
        http::Request::builder()
            .method(method)
            .uri(path)
            .header("host", &host)
            .header("authorization", &bearer)
            .header("content-type", "application/json")
            .body(Full::from(body.unwrap_or_default()))
    })
}

async fn send(address: SocketAddr, request: Request, until: Instant) -> Result<Vec<Duration>, String> {
    let stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.to_string())?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let mut latencies = Vec::new();
    while Instant::now() < until {
        let started = Instant::now();
        let request = request().map_err(|error| error.to_string())?;
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| error.to_string())?;
        let status = response.status();
        let body = response
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?;
        if !status.is_success() {
            return Err(format!("{status}: {}", String::from_utf8_lossy(&body.to_bytes())));
        }
        latencies.push(started.elapsed());
    }
    Ok(latencies)
}
