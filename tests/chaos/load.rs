//! The load: so many requests a second whatever becomes of them, as people come whether the server is well or not.
//!
//! Seven in ten ask for the same few things, which a cache may know; two ask for what
//! nobody asked before; one writes. And somebody looks at `/ready` twenty times a second.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use seawall_e2e::OWNER;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Longer than any caller waits.
const PATIENCE: Duration = Duration::from_secs(30);
/// Answers in a row that mean all is well.
const WELL: u64 = 50;

/// What a request was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something asked for before.
    Known,
    /// Something new.
    New,
    Write,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    /// The status; none where the connection broke or nobody answered.
    pub(crate) status: Option<u16>,
    pub(crate) stale: bool,
}

impl Seen {
    pub(crate) fn is_answered(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
    well_in_a_row: AtomicU64,
}

/// Requests going out.
pub(crate) struct Load {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

impl Load {
    pub(crate) fn start(address: SocketAddr, rate: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let sender = tokio::spawn(send_steadily(address, rate, Arc::clone(&shared)));
        Self { shared, sender }
    }

    /// Waits for a run of answers of requests sent after an instant.
    pub(crate) async fn until_well(&self, after: Instant, limit: Duration) {
        self.shared.well_in_a_row.store(0, Ordering::Relaxed);
        while self.shared.well_in_a_row.load(Ordering::Relaxed) < WELL && after.elapsed() < limit {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops, and waits for what is under way.
    pub(crate) async fn stop(self) -> Vec<Seen> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let _ended = self.sender.await;
        let mut seen = self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *seen)
    }
}

async fn send_steadily(address: SocketAddr, rate: u64, shared: Arc<Shared>) {
    let bearer = format!("Bearer {}", OWNER.token_for(86_400));
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / rate.max(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut under_way = tokio::task::JoinSet::new();
    for number in 0_u64.. {
        ticks.tick().await;
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        let (shared, bearer) = (Arc::clone(&shared), bearer.clone());
        under_way.spawn(async move {
            let seen = one(address, number, &bearer).await;
            if seen.is_answered() {
                shared.well_in_a_row.fetch_add(1, Ordering::Relaxed);
            } else {
                shared.well_in_a_row.store(0, Ordering::Relaxed);
            }
            shared
                .seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(seen);
        });
        while under_way.try_join_next().is_some() {}
    }
    while under_way.join_next().await.is_some() {}
}

async fn one(address: SocketAddr, number: u64, bearer: &str) -> Seen {
    let (kind, request) = request(number);
    let request = request.header("host", "chaos").header("authorization", bearer);
    let sent = Instant::now();
    let body = match kind {
        Kind::Write => Bytes::from_static(
            br#"{"room_id":"aaaaaaaa-0000-4000-8000-000000000002","body":"written under chaos"}"#,
        ),
        Kind::Known | Kind::New => Bytes::new(),
    };
    let answer = tokio::time::timeout(PATIENCE, exchange(address, request.body(Full::new(body)))).await;
    let answer = answer.ok().flatten();
    Seen {
        kind,
        sent,
        took: sent.elapsed(),
        status: answer.map(|(status, _)| status),
        stale: answer.is_some_and(|(_, stale)| stale),
    }
}

fn request(number: u64) -> (Kind, http::request::Builder) {
    let builder = http::Request::builder();
    match number % 10 {
        0 => (
            Kind::Write,
            builder
                .method("POST")
                .uri("/rest/v1/messages")
                .header("content-type", "application/json"),
        ),
        1 | 2 => (
            Kind::New,
            builder.uri(format!("/rest/v1/rooms?select=name&name=neq.{number}")),
        ),
        known => (
            Kind::Known,
            builder.uri(format!("/rest/v1/rooms?select=name&limit={}", 1 + known % 3)),
        ),
    }
}

async fn exchange(
    address: SocketAddr,
    request: Result<http::Request<Full<Bytes>>, http::Error>,
) -> Option<(u16, bool)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request.ok()?).await.ok()?;
    let status = response.status().as_u16();
    let stale = response
        .headers()
        .get("x-cache")
        .is_some_and(|value| value == "STALE");
    let whole = response.into_body().collect().await.ok();
    connection.abort();
    whole.map(|_| (status, stale))
}

/// Somebody who looks whether the server says that it is well.
pub(crate) struct Watch {
    looks: Arc<Mutex<Vec<(Instant, bool)>>>,
    looking: JoinHandle<()>,
}

impl Watch {
    pub(crate) fn start(address: SocketAddr) -> Self {
        let looks = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&looks);
        let looking = tokio::spawn(async move {
            loop {
                let request = http::Request::builder().uri("/ready").header("host", "chaos");
                let answer = exchange(address, request.body(Full::default())).await;
                let ready = answer.is_some_and(|(status, _)| status == 200);
                noted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((Instant::now(), ready));
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        Self { looks, looking }
    }

    pub(crate) fn stop(self) -> Vec<(Instant, bool)> {
        self.looking.abort();
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *looks)
    }
}
