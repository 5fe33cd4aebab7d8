//! The load: so many requests a second whatever becomes of them, as people come whether the servers are well or not.
//!
//! Seven in ten ask for the same few things, which a cache may know; two ask for what
//! nobody asked before; one writes. They go to the servers in turn, each over a connection of its own.

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
    /// What everybody together may do only so often.
    Limited,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
    /// The status; none where the connection broke or nobody answered.
    pub(crate) status: Option<u16>,
    pub(crate) cached: Cached,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Cached {
    Fresh,
    Stale,
    #[default]
    No,
}

impl Seen {
    pub(crate) fn is_answered(&self) -> bool {
        self.status.is_some_and(|status| status < 400)
    }

    pub(crate) fn heard(&self) -> Instant {
        self.sent + self.took
    }
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
    well_in_a_row: AtomicU64,
}

/// Who asks for what, and how often.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) rate: u64,
    pub(crate) ask: fn(u64) -> (Kind, http::request::Builder),
}

/// Requests going out.
pub(crate) struct Load {
    shared: Arc<Shared>,
    sender: JoinHandle<()>,
}

impl Load {
    pub(crate) fn start(plan: Plan) -> Self {
        let shared = Arc::new(Shared::default());
        let sender = tokio::spawn(send_steadily(plan, Arc::clone(&shared)));
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

async fn send_steadily(plan: Plan, shared: Arc<Shared>) {
    let bearer = format!("Bearer {}", OWNER.token_for(86_400));
    let mut ticks = tokio::time::interval(Duration::from_micros(1_000_000 / plan.rate.max(1)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Burst);
    let mut under_way = tokio::task::JoinSet::new();
    for (number, server) in (0_u64..).zip(plan.servers.iter().copied().cycle()) {
        ticks.tick().await;
        if shared.stopped.load(Ordering::Relaxed) {
            break;
        }
        let (shared, bearer, (kind, request)) = (Arc::clone(&shared), bearer.clone(), (plan.ask)(number));
        under_way.spawn(async move {
            let seen = one(server, kind, request, &bearer).await;
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

async fn one(server: SocketAddr, kind: Kind, request: http::request::Builder, bearer: &str) -> Seen {
    let request = request.header("host", "chaos").header("authorization", bearer);
    let body = match kind {
        Kind::Write => Bytes::from_static(
            br#"{"room_id":"aaaaaaaa-0000-4000-8000-000000000002","body":"written under chaos"}"#,
        ),
        Kind::Known | Kind::New | Kind::Limited => Bytes::new(),
    };
    let sent = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, exchange(server, request.body(Full::new(body)))).await;
    let answer = answer.ok().flatten();
    Seen {
        kind,
        sent,
        took: sent.elapsed(),
        status: answer.map(|(status, _)| status),
        cached: answer.map_or(Cached::No, |(_, cached)| cached),
    }
}

/// What people ask for.
pub(crate) fn mixed(number: u64) -> (Kind, http::request::Builder) {
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

pub(crate) async fn exchange(
    address: SocketAddr,
    request: Result<http::Request<Full<Bytes>>, http::Error>,
) -> Option<(u16, Cached)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request.ok()?).await.ok()?;
    let status = response.status().as_u16();
    let word = response.headers().get("x-cache").map(http::HeaderValue::as_bytes);
    let cached = match word {
        Some(b"HIT") => Cached::Fresh,
        Some(b"STALE") => Cached::Stale,
        Some(_) | None => Cached::No,
    };
    let whole = response.into_body().collect().await.ok();
    connection.abort();
    whole.map(|_| (status, cached))
}
