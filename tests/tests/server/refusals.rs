//! Whatever is refused, and wherever, the answer has one shape and says nothing of the inside.

use seawall_e2e::{OWNER, TestApp};
use serde_json::json;

#[tokio::test]
async fn bad_input_gets_one_shape() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER);
    let raw = |body: &'static str| {
        owner
            .request(http::Method::POST, "/rest/v1/messages")
            .body("application/json", body)
    };
    let answers = [
        raw("{").send().await.expect(400),
        raw("\u{0}").send().await.expect(400),
        owner.get("/rest/v1/rooms?select=(").send().await.expect(400),
        owner.get("/rest/v1/rooms?id=bogus.1").send().await.expect(400),
        owner.get("/rest/v1/%ff").send().await,
        owner.get("/rest/v1/nothing").send().await.expect(404),
        owner
            .get("/rest/v1/rooms")
            .header("accept-profile", "secret")
            .send()
            .await
            .expect(406),
        owner
            .get("/rest/v1/rooms")
            .header("accept", "image/png")
            .send()
            .await
            .expect(406),
        owner.request(http::Method::TRACE, "/rest/v1/rooms").send().await,
        app.with_token("nonsense")
            .get("/rest/v1/rooms")
            .send()
            .await
            .expect(401),
        app.anonymous().get("/nowhere").send().await.expect(404),
    ];
    for answer in answers {
        assert!(
            answer.status.is_client_error(),
            "{}: {:?}",
            answer.status,
            answer.body
        );
        let body = answer.json();
        for field in ["code", "message", "details", "hint"] {
            assert!(body.get(field).is_some(), "{field} in {body}");
        }
        assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
        assert!(!answer.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn a_refused_request_says_how_long_to_wait_in_the_one_shape() {
    let app = TestApp::builder()
        .limits(&json!({"limits": {"reads": {"limit": 1, "window": 60000}}}))
        .start()
        .await;
    let rooms = || {
        app.as_user(OWNER)
            .get("/rest/v1/rooms")
            .header("origin", "http://example.test")
            .send()
    };
    rooms().await.expect(200);
    let refused = rooms().await.expect(429);
    let body = refused.json();
    assert_eq!(body["code"], "SEAWALL_RATE_LIMITED");
    assert_eq!(body["retryAfter"], refused.number("retry-after"));
    for field in ["message", "details", "hint"] {
        assert!(body.get(field).is_some(), "{field}");
    }
    // A page can read what it must know.
    for name in [
        "Retry-After",
        "RateLimit",
        "X-RateLimit-Remaining",
        "X-Request-Id",
        "ETag",
    ] {
        assert!(
            refused.header("access-control-expose-headers").contains(name),
            "{name}"
        );
    }
}

#[tokio::test]
async fn an_address_has_a_limit_whoever_uses_it() {
    let app = TestApp::builder()
        .limits(&json!({"limits": {"ip": {"limit": 2, "window": 60000}}}))
        .start()
        .await;
    for user in ["a", "b"] {
        app.with_claims(&json!({"sub": user, "role": "authenticated"}))
            .get("/rest/v1/rooms?limit=0")
            .send()
            .await;
    }
    let third = app
        .with_claims(&json!({"sub": "c", "role": "authenticated"}))
        .get("/rest/v1/rooms?limit=0")
        .send()
        .await;
    let refused = third.expect(429);
    let policies = refused.header("ratelimit-policy");
    assert!(policies.starts_with("\"ip\";q=2;w=60"), "{policies}");
}

#[tokio::test]
async fn a_preflight_costs_no_quota_and_no_token() {
    let app = TestApp::builder()
        .limits(&json!({"limits": {"reads": {"limit": 1, "window": 60000}}}))
        .start()
        .await;
    for _ in 0..5 {
        let preflight = app
            .anonymous()
            .request(http::Method::OPTIONS, "/rest/v1/rooms")
            .header("origin", "http://example.test")
            .header("access-control-request-method", "GET")
            .send()
            .await
            .expect(200);
        assert_eq!(preflight.header("access-control-allow-origin"), "*");
    }
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn only_configured_origins_may_read() {
    let app = TestApp::builder()
        .set("SEAWALL_SERVER_CORS_ALLOWED_ORIGINS", "http://good.test")
        .start()
        .await;
    let from = |origin: &str| {
        app.as_user(OWNER)
            .get("/rest/v1/rooms")
            .header("origin", origin)
            .send()
    };
    assert_eq!(
        from("http://good.test")
            .await
            .header("access-control-allow-origin"),
        "http://good.test"
    );
    assert_eq!(
        from("http://bad.test")
            .await
            .header("access-control-allow-origin"),
        ""
    );
}
