//! What operators and guards ask.

use seawall_e2e::{OWNER, TestApp};

#[tokio::test]
async fn health_and_readiness_answer_everybody() {
    let app = TestApp::start().await;
    for path in ["/health", "/live", "/ready"] {
        app.anonymous().get(path).send().await.expect(200);
    }
}

#[tokio::test]
async fn metrics_count_requests_and_name_nobody() {
    let app = TestApp::start().await;
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
    let metrics = app.anonymous().get("/metrics").send().await.expect(200);
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(
        text.lines()
            .any(|line| line.starts_with("http_requests_total") && line.contains("200")),
        "{text}"
    );
    assert!(!text.contains(OWNER.id) && !text.contains(OWNER.email));
}

#[tokio::test]
async fn the_policy_is_published_with_a_validator() {
    let app = TestApp::start().await;
    let policy = app.anonymous().get("/policy").send().await.expect(200);
    assert_eq!(policy.json()["breaker"]["failureThreshold"], 5);
    let tag = policy.header("etag").to_owned();
    assert!(!tag.is_empty());
    app.anonymous()
        .get("/policy")
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(304);
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_an_error_in_the_one_shape() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get("/nowhere").send().await.expect(404);
    for field in ["code", "message", "details", "hint"] {
        assert!(answer.json().get(field).is_some(), "{field}");
    }
}

#[tokio::test]
async fn every_answer_carries_a_request_id() {
    let app = TestApp::start().await;
    let own = app.anonymous().get("/health").send().await;
    assert!(!own.header("x-request-id").is_empty());
    let given = app
        .anonymous()
        .get("/health")
        .header("x-request-id", "abc-123")
        .send()
        .await;
    assert_eq!(given.header("x-request-id"), "abc-123");
}
