//! Good clients: each asks again as soon as it is answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use seawall_e2e::OWNER;
use tokio::net::TcpStream;

const CLIENTS: usize = 8;

/// What a turn came to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Good {
    pub(super) per_second: f64,
    pub(super) failed: usize,
}

#[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
pub(super) async fn turn(server: SocketAddr, span: Duration) -> Good {
    let until = Instant::now() + span;
    let clients: Vec<_> = (0..CLIENTS).map(|_| tokio::spawn(ask(server, until))).collect();
    let (mut answered, mut failed) = (0_usize, 0);
    for client in clients {
        match client.await {
            Ok(Some((well, badly))) => {
                answered += well;
                failed += badly;
            }
            Ok(None) | Err(_) => failed += 1,
        }
    }
    Good {
        per_second: answered as f64 / span.as_secs_f64(),
        failed,
    }
}

/// Answers of 200 and others; nothing where the connection broke.
async fn ask(server: SocketAddr, until: Instant) -> Option<(usize, usize)> {
    let stream = TcpStream::connect(server).await.ok()?;
    stream.set_nodelay(true).ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let bearer = format!("Bearer {}", OWNER.token());
    let (mut answered, mut failed) = (0, 0);
    while Instant::now() < until {
        let request = http::Request::get("/rest/v1/rooms?select=name")
            .header("host", "good")
            .header("authorization", &bearer)
            .body(Empty::<Bytes>::new());
        let response = sender.send_request(request.ok()?).await.ok()?;
        let is_well = response.status() == 200;
        response.into_body().collect().await.ok()?;
        answered += usize::from(is_well);
        failed += usize::from(!is_well);
    }
    connection.abort();
    Some((answered, failed))
}
