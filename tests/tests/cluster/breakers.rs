//! Breakers forced by hand on one instance hold on all.

use std::time::{Duration, Instant};

use seawall_e2e::{Caller, OWNER, TestApp, TestRedis};
use serde_json::{Value, json};

fn admin(app: &TestApp) -> Caller<'_> {
    app.with_claims(&json!({"role": "service_role"}))
}

async fn force(app: &TestApp, how: &str) {
    admin(app)
        .post("/admin/breakers/postgres", &json!({"force": how}))
        .send()
        .await
        .expect(200);
}

async fn state(app: &TestApp) -> String {
    let answer = admin(app)
        .get("/admin/breakers/postgres")
        .send()
        .await
        .expect(200);
    let state = answer
        .json()
        .get("state")
        .and_then(Value::as_str)
        .map(str::to_owned);
    state.unwrap_or_default()
}

async fn becomes(app: &TestApp, wanted: &str) -> bool {
    let until = Instant::now() + Duration::from_secs(15);
    while Instant::now() < until {
        if state(app).await == wanted {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

async fn agree(one: &TestApp, other: &TestApp) {
    force(one, "open").await;
    assert!(becomes(other, "forced_open").await, "the other did not hear");
    let refused = other
        .as_user(OWNER)
        .get("/rest/v1/rooms")
        .send()
        .await
        .expect(503);
    assert_eq!(refused.code(), "SEAWALL_CIRCUIT_OPEN");
    force(other, "reset").await;
    assert!(becomes(one, "closed").await, "the first did not hear");
    one.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn over_the_database_two_instances_agree() {
    let one = TestApp::start().await;
    let other = TestApp::builder().beside(&one).start().await;
    agree(&one, &other).await;
}

/// A router that loses its table says nothing to anybody, and a system waits a quarter of an hour for such a peer.
#[tokio::test]
async fn a_connection_that_died_without_a_word_is_replaced() {
    let one = TestApp::start().await;
    let other = TestApp::builder().beside(&one).start().await;
    agree(&one, &other).await;
    other.proxy().forget();
    force(&one, "open").await;
    let until = Instant::now() + Duration::from_secs(120);
    while state(&other).await != "forced_open" {
        assert!(Instant::now() < until, "the other never heard");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn over_redis_two_instances_agree_and_do_again_after_it_died() {
    let redis = TestRedis::start().await;
    let one = TestApp::builder().redis(&redis).start().await;
    let other = TestApp::builder().redis(&redis).beside(&one).start().await;
    agree(&one, &other).await;
    redis.kill();
    force(&one, "open").await;
    redis.start_again().await;
    assert!(
        becomes(&other, "forced_open").await,
        "the decision was lost with Redis"
    );
}

#[tokio::test]
async fn an_instance_that_starts_later_learns_what_was_decided() {
    let one = TestApp::start().await;
    force(&one, "open").await;
    let later = TestApp::builder().beside(&one).start_unready().await;
    assert!(becomes(&later, "forced_open").await);
    let answer = admin(&later).get("/admin/instances").send().await.expect(200);
    let body: Value = answer.json();
    assert_eq!(body["instances"].as_array().map(Vec::len), Some(2), "{body}");
}

#[tokio::test]
async fn only_administrators_may_look_or_decide() {
    let app = TestApp::start().await;
    for path in ["/admin/breakers", "/admin/instances", "/admin/events"] {
        let refused = app.anonymous().get(path).send().await.expect(401);
        assert_eq!(refused.code(), "SEAWALL_UNAUTHENTICATED");
        let refused = app.as_user(OWNER).get(path).send().await.expect(403);
        assert_eq!(refused.code(), "SEAWALL_ADMIN_ONLY");
    }
    let wish = json!({"force": "open"});
    app.as_user(OWNER)
        .post("/admin/breakers/postgres", &wish)
        .send()
        .await
        .expect(403);
    assert_eq!(state(&app).await, "closed");
}

#[tokio::test]
async fn wishes_that_mean_nothing_are_refused() {
    let app = TestApp::start().await;
    let wish = |path: &str, body: Value| admin(&app).post(path, &body).send();
    let refused = wish("/admin/breakers/postgres", json!({"force": "ajar"}))
        .await
        .expect(400);
    assert_eq!(refused.code(), "SEAWALL_BAD_REQUEST");
    wish("/admin/breakers/postgres", json!({"force": "open", "for": 3}))
        .await
        .expect(400);
    wish("/admin/breakers/no-such-thing", json!({"force": "open"}))
        .await
        .expect(404);
}
