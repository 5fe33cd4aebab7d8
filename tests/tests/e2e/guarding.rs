//! What happens to requests that are not honest, and when the context of one cannot be set.

use seawall_e2e::{OWNER, TestApp};

#[tokio::test]
async fn ambiguous_requests_are_refused() {
    let app = TestApp::start().await;
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n";
    let two_hosts = "GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n";
    let no_host = "GET /live HTTP/1.1\r\nConnection: close\r\n\r\n";
    for request in [both, two_hosts, no_host] {
        let answer = app.send_raw(request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
}

#[tokio::test]
async fn an_enormous_header_is_refused() {
    let app = TestApp::start().await;
    let request = format!(
        "GET /live HTTP/1.1\r\nHost: a\r\nX: {}\r\nConnection: close\r\n\r\n",
        "x".repeat(100_000)
    );
    assert!(app.send_raw(&request).await.starts_with("HTTP/1.1 431"));
}

#[tokio::test]
async fn half_a_header_is_not_waited_for() {
    let app = TestApp::builder()
        .set("SEAWALL_HEADER_TIMEOUT", "300")
        .start()
        .await;
    app.send_raw("GET /live HTTP/1.1\r\nHo").await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = TestApp::builder().set("SEAWALL_BODY_LIMIT", "2048").start().await;
    let request = app
        .as_user(OWNER)
        .request(http::Method::POST, "/rest/v1/messages");
    request
        .body("application/json", "[".repeat(4096))
        .send()
        .await
        .expect(413);
}

#[tokio::test]
async fn a_context_that_cannot_be_set_fails_and_is_counted() {
    let app = TestApp::start().await;
    // The token's role is there, but the login role was robbed of it: SET LOCAL ROLE must fail, and nothing
    // may run under whatever role is left.
    app.database()
        .run("create role seawall_test_unreachable nologin")
        .await;
    let claims = serde_json::json!({"sub": OWNER.id, "role": "seawall_test_unreachable"});
    let answer = app.with_claims(&claims).get("/rest/v1/rooms").send().await;
    app.database().run("drop role seawall_test_unreachable").await;
    assert!(
        answer.status.is_client_error() || answer.status == 500,
        "{}",
        answer.status
    );
    let metrics = app.anonymous().get("/metrics").send().await.expect(200);
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(text.contains("rls_context_failures_total"), "{text}");
}
