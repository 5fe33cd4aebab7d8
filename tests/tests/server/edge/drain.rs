//! Several sockets on one address, and stopping while connections of every kind are open.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::frames::Frames;

#[tokio::test]
async fn several_accept_loops_share_one_address() {
    let app = TestApp::builder().set("SEAWALL_ACCEPT_LOOPS", "4").start().await;
    for _ in 0..40 {
        app.as_user(OWNER)
            .get("/rest/v1/rooms?limit=0")
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn idle_connections_and_half_sent_heads_keep_nobody_from_stopping() {
    let app = TestApp::builder()
        .set("SEAWALL_DRAIN_TIMEOUT", "20000")
        .start()
        .await;
    let mut idle = TcpStream::connect(app.address()).await.unwrap();
    idle.write_all(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let mut buffer = vec![0; 4096];
    assert!(idle.read(&mut buffer).await.unwrap() > 0);
    let _silent = TcpStream::connect(app.address()).await.unwrap();
    let http2 = TcpStream::connect(app.address()).await.unwrap();
    let _http2 = Frames::hello(http2, 65_535).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let started = Instant::now();
    app.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn a_network_with_too_many_connections_is_told_so() {
    let app = TestApp::builder()
        .set("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5")
        .start()
        .await;
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(TcpStream::connect(app.address()).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    let answer = app.send_raw("GET /live HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 503") && answer.contains("SEAWALL_CONNECTIONS"),
        "{answer}"
    );
    assert!(answer.contains("retry-after: 1"), "{answer}");
    drop(held);
    app.wait_for("/live", 200, Duration::from_secs(5)).await;
}
