//! Who signs out is out: at once here, soon on every instance, and after a restart too.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use seawall_e2e::{OWNER, TestApp, TestAppBuilder, TestRedis};
use serde_json::{Value, json};

const ROOMS: &str = "/rest/v1/rooms?select=name";

fn builder() -> TestAppBuilder {
    let users = json!([{"id": OWNER.id, "email": OWNER.email, "password": "owner-password"}]);
    TestApp::builder().set("SEAWALL_DEV_AUTH_USERS", &users.to_string())
}

async fn sign_in(app: &TestApp) -> String {
    let body = json!({"email": OWNER.email, "password": "owner-password"});
    let path = "/auth/v1/token?grant_type=password";
    let session: Value = app.anonymous().post(path, &body).send().await.expect(200).json();
    session["access_token"].as_str().unwrap().to_owned()
}

async fn sign_out(app: &TestApp, token: &str, scope: &str) {
    let path = format!("/auth/v1/logout?scope={scope}");
    app.with_token(token)
        .post(&path, &json!({}))
        .send()
        .await
        .expect(204);
}

async fn code(app: &TestApp, token: &str) -> String {
    let answer = app.with_token(token).get(ROOMS).send().await;
    if answer.status == 200 {
        String::new()
    } else {
        answer.code()
    }
}

async fn until_refused(app: &TestApp, token: &str) -> Duration {
    let started = Instant::now();
    while code(app, token).await != "SEAWALL_TOKEN_REVOKED" {
        assert!(started.elapsed() < Duration::from_secs(30));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    started.elapsed()
}

#[tokio::test]
async fn a_replayed_token_is_refused_and_reported() {
    let app = builder().start().await;
    let (mine, other) = (sign_in(&app).await, sign_in(&app).await);
    assert_eq!(code(&app, &mine).await, "");
    sign_out(&app, &mine, "local").await;
    let refused = app.with_token(&mine).get(ROOMS).send().await.expect(401);
    assert_eq!(refused.code(), "SEAWALL_TOKEN_REVOKED");
    assert!(refused.header("www-authenticate").contains("invalid_token"));
    assert_eq!(code(&app, &other).await, "", "the other session goes on");
    let metrics = app.anonymous().get("/metrics").send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(
        metrics.contains(r#"seawall_events_total{kind="security",what="token_replayed"} 1"#),
        "{metrics}"
    );
    assert!(metrics.contains("tokens_revoked 1"), "{metrics}");
}

#[tokio::test]
async fn a_session_that_was_never_used_here_is_refused_all_the_same() {
    let app = builder().start().await;
    let token = sign_in(&app).await;
    sign_out(&app, &token, "global").await;
    assert_eq!(code(&app, &token).await, "SEAWALL_TOKEN_REVOKED");
    assert_eq!(
        code(&app, &sign_in(&app).await).await,
        "",
        "a new session is a new session"
    );
}

#[tokio::test]
async fn the_others_end_and_this_one_goes_on() {
    let app = builder().start().await;
    let (mine, other) = (sign_in(&app).await, sign_in(&app).await);
    sign_out(&app, &mine, "others").await;
    assert_eq!(code(&app, &mine).await, "");
    assert_eq!(code(&app, &other).await, "SEAWALL_TOKEN_REVOKED");
}

async fn holds_on_two_instances(here: TestApp, there: TestApp) {
    let token = sign_in(&here).await;
    for app in [&here, &there] {
        assert_eq!(code(app, &token).await, "", "remembered on both");
    }
    // The two have found each other when a message arrives.
    let first = sign_in(&here).await;
    sign_out(&here, &first, "local").await;
    until_refused(&there, &first).await;
    sign_out(&here, &token, "local").await;
    assert_eq!(code(&here, &token).await, "SEAWALL_TOKEN_REVOKED");
    println!(
        "refused elsewhere after {:?}",
        until_refused(&there, &token).await
    );
}

#[tokio::test]
async fn it_holds_on_every_instance_by_postgres() {
    let here = builder().start().await;
    let there = builder().beside(&here).start().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    holds_on_two_instances(here, there).await;
}

#[tokio::test]
async fn it_holds_on_every_instance_by_redis() {
    let redis = TestRedis::start().await;
    let here = builder().redis(&redis).start().await;
    let there = builder().redis(&redis).beside(&here).start().await;
    holds_on_two_instances(here, there).await;
}

#[tokio::test]
async fn a_table_outlives_the_process() {
    let here = builder().with_store().start().await;
    let token = sign_in(&here).await;
    sign_out(&here, &token, "local").await;
    let kept = "select count(*) || ' ' || bool_and(octet_length(digest) = 32) from seawall.token_revocations";
    assert_eq!(here.database().value(kept).await, "1 true");
    let next = builder().with_store().beside(&here).start().await;
    assert_eq!(code(&next, &token).await, "SEAWALL_TOKEN_REVOKED");
    let fresh = sign_in(&next).await;
    assert_eq!(code(&next, &fresh).await, "");
}

#[tokio::test]
async fn redis_outlives_the_process() {
    let redis = TestRedis::start().await;
    let here = builder().redis(&redis).start().await;
    let token = sign_in(&here).await;
    sign_out(&here, &token, "local").await;
    let next = builder().redis(&redis).beside(&here).start().await;
    until_refused(&next, &token).await;
}

#[tokio::test]
async fn an_outage_of_redis_delays_and_loses_nothing() {
    let redis = TestRedis::start().await;
    let here = builder().redis(&redis).start().await;
    let there = builder().redis(&redis).beside(&here).start().await;
    let token = sign_in(&here).await;
    assert_eq!(code(&there, &token).await, "");
    redis.kill();
    sign_out(&here, &token, "local").await;
    assert_eq!(
        code(&here, &token).await,
        "SEAWALL_TOKEN_REVOKED",
        "here it holds at once"
    );
    redis.start_again().await;
    println!(
        "refused elsewhere after {:?}",
        until_refused(&there, &token).await
    );
}

#[tokio::test]
async fn an_administrator_ends_a_session_a_token_or_a_user_on_every_instance() {
    let one = builder().with_store().start().await;
    let other = builder().with_store().beside(&one).start().await;
    let admin = one.with_claims(&json!({"role": "service_role"}));
    let end = |what: Value| admin.post("/admin/sessions/revoke", &what).send();
    let tokens = [sign_in(&one).await, sign_in(&one).await, sign_in(&one).await];
    let [first, second, third] = &tokens;

    end(json!({"token": first})).await.expect(204);
    assert_eq!(code(&one, first).await, "SEAWALL_TOKEN_REVOKED");
    until_refused(&other, first).await;
    assert_eq!(code(&other, second).await, "", "the other sessions go on");

    end(json!({"session": claim(second, "session_id")}))
        .await
        .expect(204);
    until_refused(&other, second).await;
    assert_eq!(code(&other, third).await, "");

    end(json!({"user": OWNER.id})).await.expect(204);
    assert_eq!(code(&one, third).await, "SEAWALL_TOKEN_REVOKED");
    until_refused(&other, third).await;

    let listed = admin.get("/admin/sessions").send().await.expect(200).json();
    assert_eq!(listed["revoked"], 3, "{listed}");
    for secret in tokens.iter().map(String::as_str).chain([OWNER.id]) {
        assert!(
            !listed.to_string().contains(secret),
            "somebody is named in {listed}"
        );
    }
    let path = "/admin/audit?route=admin&status=204";
    let until = Instant::now() + Duration::from_secs(30);
    loop {
        let found = admin.get(path).send().await.expect(200).json();
        if found["records"]
            .as_array()
            .is_some_and(|records| records.len() == 3)
        {
            assert!(
                tokens.iter().all(|token| !found.to_string().contains(token)),
                "{found}"
            );
            break;
        }
        assert!(Instant::now() < until, "{found}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn only_administrators_end_sessions_and_only_what_can_be_one() {
    let app = builder().start().await;
    let path = "/admin/sessions/revoke";
    let wish = json!({"user": OWNER.id});
    app.anonymous().post(path, &wish).send().await.expect(401);
    app.as_user(OWNER).post(path, &wish).send().await.expect(403);
    let admin = app.with_claims(&json!({"role": "service_role"}));
    for wrong in [
        json!({}),
        json!({"user": ""}),
        json!({"token": "no token"}),
        json!({"user": OWNER.id, "session": "both"}),
    ] {
        admin.post(path, &wrong).send().await.expect(400);
    }
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
}

fn claim(token: &str, name: &str) -> String {
    let part = token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    claims[name].as_str().unwrap().to_owned()
}
