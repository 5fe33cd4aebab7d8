//! What the server keeps in memory while much passes: measured of its process.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper_util::rt::TokioIo;
use seawall_e2e::{Database, ServerProcess};
use serde_json::json;
use tokio::net::TcpStream;

use crate::sockets;
use crate::stand_in::StandIn;

pub(crate) const MIB: u64 = 1 << 20;

/// The most memory a process had while something went on, beyond what it had before.
pub(crate) struct Watch {
    server: Arc<ServerProcess>,
    before: u64,
    most: Arc<AtomicU64>,
    over: Arc<AtomicBool>,
}

impl Watch {
    pub(crate) fn over(server: &Arc<ServerProcess>) -> Self {
        let before = server.memory().unwrap();
        let watch = Self {
            server: Arc::clone(server),
            before,
            most: Arc::new(AtomicU64::new(before)),
            over: Arc::default(),
        };
        let (server, most, over) = (
            Arc::clone(server),
            Arc::clone(&watch.most),
            Arc::clone(&watch.over),
        );
        tokio::spawn(async move {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(server.memory().unwrap_or_default(), Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
        watch
    }

    pub(crate) fn grown(self, what: &str) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        let most = self
            .most
            .load(Ordering::Relaxed)
            .max(self.server.memory().unwrap());
        let grown = most.saturating_sub(self.before);
        println!(
            "{what}: {:.1} MiB before, {:.1} MiB more at most",
            self.before as f64 / MIB as f64,
            grown as f64 / MIB as f64
        );
        grown
    }
}

pub(crate) async fn server(upstream: &StandIn, settings: &[(&str, &str)]) -> (Database, Arc<ServerProcess>) {
    let database = Database::create().await;
    let url = upstream.url();
    let all = [&[("SEAWALL_UPSTREAM_URL", url.as_str())], settings].concat();
    let server = ServerProcess::start(&database, &all).await;
    (database, Arc::new(server))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_mebibytes_are_uploaded_in_flat_memory() {
    let upstream = StandIn::start().await;
    let (_database, server) = server(&upstream, &[("SEAWALL_UPLOAD_LIMIT", "314572800")]).await;
    upload(&server, 1).await;
    let watch = Watch::over(&server);
    upload(&server, 200).await;
    assert_eq!(upstream.last().bytes as u64, 200 * MIB);
    let grown = watch.grown("an upload of 200 MiB");
    assert!(grown < 48 * MIB, "{grown}");
}

pub(crate) async fn upload(server: &ServerProcess, mebibytes: usize) {
    let piece = Bytes::from(vec![b'x'; 64 << 10]);
    let pieces =
        stream::iter((0..mebibytes * 16).map(move |_| Ok::<_, Infallible>(Frame::data(piece.clone()))));
    let request = Request::post("/storage/v1/object/bucket/large.txt")
        .header("host", "a")
        .header("content-type", "text/plain")
        .body(StreamBody::new(pieces))
        .unwrap();
    let stream = TcpStream::connect(server.address()).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_that_do_not_read_cost_no_memory() {
    let upstream = StandIn::start().await;
    let (_database, server) = server(&upstream, &[("SEAWALL_WEBSOCKET_STALL_TIMEOUT", "60000")]).await;
    let mut open = Vec::new();
    for _ in 0..50 {
        open.push(
            sockets::open(server.address(), &[], &sockets::key())
                .await
                .unwrap(),
        );
    }
    let watch = Watch::over(&server);
    // Three gigabytes wait at the upstream for sockets that nobody reads.
    for socket in &mut open {
        sockets::say(socket, "flood", &json!({"count": 1000})).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let grown = watch.grown("50 sockets that nobody reads, 60 MB waiting for each");
    assert!(grown < 48 * MIB, "{grown}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_sockets_and_messages_costs_no_more_than_its_caps() {
    let upstream = StandIn::start().await;
    let (_database, server) = server(&upstream, &[("SEAWALL_WEBSOCKET_MAX_PER_ADDRESS", "20")]).await;
    let watch = Watch::over(&server);
    let mut refused = 0;
    for _ in 0..10 {
        let mut open = Vec::new();
        for _ in 0..40 {
            match sockets::open(server.address(), &[], &sockets::key()).await {
                Ok(socket) => open.push(socket),
                Err(_) => refused += 1,
            }
        }
        for socket in &mut open {
            for _ in 0..150 {
                sockets::say(socket, "broadcast", &json!({"filling": "x".repeat(8000)})).await;
            }
        }
        drop(open);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(refused >= 10 * 20, "{refused}");
    let grown = watch.grown("400 sockets wanted, 20 allowed, each flooding");
    assert!(grown < 64 * MIB, "{grown}");
}
