//! A number of connections, each sending its next request when the last was answered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Outcome;
use crate::mix::{Mix, Wanted};
use crate::server::Server;

/// What a run came to.
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) hit_rate: f64,
}

struct Sent {
    latencies: Vec<Duration>,
    hits: u64,
}

/// Sends so many requests over so many connections. An answer that is not a success ends the benchmark.
pub(crate) async fn run(
    server: &Server<'_>,
    mix: Mix,
    connections: usize,
    requests: u64,
) -> Outcome<Figures> {
    let started = Instant::now();
    let each = requests.div_ceil(connections as u64);
    // Made once: a new token is another caller to the cache.
    let senders: Vec<_> = (0..connections as u64)
        .zip(server.addresses())
        .map(|(connection, address)| tokio::spawn(send(address, server.tokens(), mix.of(connection), each)))
        .collect();
    let mut all = Sent {
        latencies: Vec::new(),
        hits: 0,
    };
    for sender in senders {
        let mut sent = sender.await??;
        all.latencies.append(&mut sent.latencies);
        all.hits += sent.hits;
    }
    Ok(figures(all, started.elapsed()))
}

#[expect(clippy::cast_precision_loss, reason = "counts of a benchmark")]
fn figures(mut all: Sent, span: Duration) -> Figures {
    all.latencies.sort_unstable();
    let count = all.latencies.len();
    let at = |place: usize| {
        all.latencies
            .get(place)
            .map_or(f64::NAN, |latency| latency.as_secs_f64() * 1e6)
    };
    Figures {
        per_second: count as f64 / span.as_secs_f64(),
        p50_us: at(count / 2),
        p99_us: at(count * 99 / 100),
        hit_rate: all.hits as f64 / count.max(1) as f64,
    }
}

async fn send(
    address: std::net::SocketAddr,
    tokens: Arc<HashMap<String, String>>,
    mut mix: Mix,
    requests: u64,
) -> Outcome<Sent> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut sent = Sent {
        latencies: Vec::new(),
        hits: 0,
    };
    for _ in 0..requests {
        let request = request(address, &tokens, mix.next())?;
        let started = Instant::now();
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        sent.latencies.push(started.elapsed());
        if !head.status.is_success() {
            return Err(format!("{}: {}", head.status, String::from_utf8_lossy(&body)).into());
        }
        let word = head.headers.get("x-cache").map(http::HeaderValue::as_bytes);
        sent.hits += u64::from(matches!(word, Some(b"HIT" | b"STALE")));
    }
    Ok(sent)
}

fn request(
    address: std::net::SocketAddr,
    tokens: &HashMap<String, String>,
    wanted: Wanted,
) -> Outcome<http::Request<Full<Bytes>>> {
    let token = tokens.get(&wanted.person).ok_or("nobody of that name")?;
    let request = http::Request::builder()
        .method(if wanted.body.is_some() { "POST" } else { "GET" })
        .uri(wanted.path)
        .header("host", address.to_string())
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json");
    Ok(request.body(Full::from(wanted.body.unwrap_or_default()))?)
}
