//! Upstreams that are slow, broken or away.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;
use tokio::net::TcpListener;

use crate::front::Front;
use crate::stand_in::StandIn;

/// An address where nobody listens.
async fn nowhere() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_upstream_that_is_away_is_a_502_with_a_wait() {
    let front = Front::configured(&nowhere().await, &[]).await;
    let answer = front.get("/rest/v1/rooms").send().await.expect(502);
    assert_eq!(answer.code(), "SEAWALL_UPSTREAM_UNREACHABLE");
    assert_eq!(answer.headers["retry-after"], "1");
    assert!(!String::from_utf8_lossy(&answer.body).contains("127.0.0.1"));
}

#[tokio::test]
async fn an_upstream_that_does_not_answer_is_a_504() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_UPSTREAM_TIMEOUT", "200")]).await;
    let started = Instant::now();
    let answer = front.get("/functions/v1/hang").send().await.expect(504);
    assert_eq!(answer.code(), "SEAWALL_UPSTREAM_TIMEOUT");
    assert!(started.elapsed() < Duration::from_secs(5));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn an_answer_that_stalls_is_cut_off() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_UPSTREAM_IDLE_TIMEOUT", "200")]).await;
    let request = front.get("/functions/v1/stall");
    let sent = tokio::spawn(request.send());
    // The connection breaks in the middle of the answer, which the test's client reports by panicking.
    let broken = tokio::time::timeout(Duration::from_secs(10), sent).await.unwrap();
    assert!(broken.is_err());
}

#[tokio::test]
async fn only_what_is_safe_is_sent_again() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front.get("/functions/v1/vanish").send().await.expect(502);
    assert_eq!(answer.code(), "SEAWALL_UPSTREAM_LOST");
    assert_eq!(upstream.seen().len(), 2);
    let post = front
        .request(Method::POST, "/functions/v1/vanish")
        .json(&json!({}));
    post.send().await.expect(502);
    assert_eq!(upstream.seen().len(), 3);
    let delete = front.request(Method::DELETE, "/rest/v1/vanish");
    delete.send().await.expect(502);
    assert_eq!(upstream.seen().len(), 4);
}

#[tokio::test]
async fn a_request_that_was_never_sent_is_sent_when_the_upstream_is_back() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let front = Front::configured(&format!("http://{address}"), &[("SEAWALL_UPSTREAM_RETRIES", "5")]).await;
    let late = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        StandIn::on(TcpListener::bind(address).await.unwrap())
    });
    front
        .request(Method::DELETE, "/rest/v1/rooms")
        .send()
        .await
        .expect(200);
    assert_eq!(late.await.unwrap().seen().len(), 1);
    assert!(front.metric("upstream_retries_total{service=\"rest\"}").await >= 1.0);
}

#[tokio::test]
async fn retries_are_a_small_share_of_all_requests() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_UPSTREAM_RETRIES", "5")]).await;
    for _ in 0..3 {
        front.get("/functions/v1/vanish").send().await;
    }
    // Five were saved up; after that each call pays for a tenth of one.
    assert!(upstream.seen().len() <= 3 + 5, "{}", upstream.seen().len());
}

#[tokio::test]
async fn a_service_that_fails_is_spared_and_the_others_are_not() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    for _ in 0..30 {
        front.get("/functions/v1/status/503/x").send().await;
    }
    let answer = front.get("/functions/v1/hello").send().await.expect(503);
    assert_eq!(answer.code(), "SEAWALL_CIRCUIT_OPEN");
    assert!(answer.headers.contains_key("retry-after"));
    let before = upstream.seen().len();
    front.get("/functions/v1/hello").send().await.expect(503);
    assert_eq!(upstream.seen().len(), before);
    front.get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn the_code_of_an_error_is_judged_before_its_status() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    // A bug in somebody's function and a deadlock arrive as 500, and neither is the service's.
    for code in ["42P17", "40P01", "P0001"].repeat(10) {
        let answer = front
            .get(&format!("/rest/v1/status/500/{code}"))
            .send()
            .await
            .expect(500);
        assert_eq!(answer.code(), code);
    }
    front.get("/rest/v1/rooms").send().await.expect(200);
    for _ in 0..30 {
        front.get("/rest/v1/status/500/57P01").send().await;
    }
    front.get("/rest/v1/rooms").send().await.expect(503);
}
