//! What administrators see of the parts, and how soon a database that is gone or silent is noticed.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp, TestRedis};
use serde_json::{Value, json};

use super::cache::{ROOMS, caller, keeping, warm};

fn administrator() -> Value {
    json!({"sub": OWNER.id, "role": "service_role"})
}

#[tokio::test]
async fn details_are_for_administrators_alone() {
    let redis = TestRedis::start().await;
    let app = TestApp::builder()
        .set("SEAWALL_REDIS_URL", &redis.url())
        .start()
        .await;
    app.anonymous().get("/health/detailed").send().await.expect(401);
    app.as_user(OWNER)
        .get("/health/detailed")
        .send()
        .await
        .expect(403);
    let details = app
        .with_claims(&administrator())
        .get("/health/detailed")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(details["status"], "ok");
    assert_eq!(details["database"]["reachable"], true, "{details}");
    assert_eq!(details["redis"]["reachable"], true, "{details}");
    assert_eq!(details["breakers"]["postgres"], "closed", "{details}");
    assert_eq!(details["rls_failures"]["last_5min"], 0);
    for figure in ["active", "idle", "waiting", "max"] {
        assert!(details["pool"][figure].is_u64(), "{figure} in {details}");
    }
    assert!(details["version"].is_string() && details["uptime_s"].is_u64());
    redis.kill();
    let details = app
        .with_claims(&administrator())
        .get("/health/detailed")
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(details["redis"]["reachable"], false, "{details}");
}

#[tokio::test]
async fn contexts_that_could_not_be_set_are_counted_for_five_minutes() {
    let app = TestApp::start().await;
    app.database()
        .run("create role seawall_health_unreachable nologin")
        .await;
    let claims = json!({"sub": OWNER.id, "role": "seawall_health_unreachable"});
    app.with_claims(&claims).get("/rest/v1/rooms").send().await;
    app.database().run("drop role seawall_health_unreachable").await;
    let details = app
        .with_claims(&administrator())
        .get("/health/detailed")
        .send()
        .await
        .expect(200)
        .json();
    let metrics = app.anonymous().get("/metrics").send().await;
    let counted = String::from_utf8_lossy(&metrics.body).contains("rls_context_failures_total 1");
    assert_eq!(
        details["rls_failures"]["last_5min"],
        u64::from(counted),
        "{details}"
    );
}

#[tokio::test]
async fn a_silent_database_is_noticed_and_what_waits_for_it_is_let_go() {
    let app = TestApp::builder().start().await;
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
    app.proxy().stall();
    let started = Instant::now();
    let answer = app.as_user(OWNER).get("/rest/v1/rooms").send().await;
    assert_eq!(answer.status, 503, "{:?}", answer.body);
    assert!(
        started.elapsed() < Duration::from_secs(25),
        "{:?}",
        started.elapsed()
    );
    app.wait_for("/ready", 503, Duration::from_secs(20)).await;
    app.proxy().pass();
    // Nobody asks for anything meanwhile: it comes back by itself.
    app.wait_for("/ready", 200, Duration::from_secs(30)).await;
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn an_idle_server_notices_by_itself() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_PROBE_INTERVAL", "1")
        .start()
        .await;
    app.proxy().refuse();
    app.wait_for("/ready", 503, Duration::from_secs(20)).await;
    app.proxy().pass();
    app.wait_for("/ready", 200, Duration::from_secs(30)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_on_a_pool_of_twenty_are_served_or_told_to_wait() {
    let app = TestApp::builder()
        .set("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000")
        .start()
        .await;
    let calls = (0..1000).map(|_| {
        let request = app.as_user(OWNER).get("/rest/v1/rooms?select=name");
        tokio::spawn(request.send())
    });
    let calls: Vec<_> = calls.collect();
    let (mut served, mut told) = (0, 0);
    for call in calls {
        let answer = call.await.unwrap();
        match answer.status.as_u16() {
            200 => served += 1,
            429 | 503 if !answer.header("retry-after").is_empty() => told += 1,
            504 if answer.code() == "PGRST003" => told += 1,
            other => panic!("{other}: {:?}", answer.body),
        }
    }
    assert_eq!(served + told, 1000);
    assert!(served > 0);
    let metrics = app.anonymous().get("/metrics").send().await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("database_pool_wait_seconds_count"));
}

#[tokio::test]
async fn a_statement_may_be_bounded() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_STATEMENT_TIMEOUT", "1000")
        .start()
        .await;
    app.database()
        .run(
            "create function nap() returns int language sql volatile as 'select 1 from pg_sleep(15)';
             grant execute on function nap() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("nap").await;
    let answer = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/nap", &json!({}))
        .send()
        .await;
    assert_eq!(answer.code(), "57014");
}

#[tokio::test]
async fn details_tell_how_queue_and_cache_stand() {
    let app = keeping().with_store().start().await;
    let admin = app.with_claims(&administrator());
    warm(&caller(&app, OWNER), ROOMS).await;
    let details = admin.get("/health/detailed").send().await.expect(200).json();
    assert_eq!(details["queue"]["reachable"], true, "{details}");
    for figure in ["depth", "running", "dead"] {
        assert_eq!(details["queue"][figure], 0, "{figure} in {details}");
    }
    assert!(details["queue"]["max"].is_u64(), "{details}");
    assert_eq!(details["cache"]["hits"], 1, "{details}");
    let rate = details["cache"]["hit_rate"].as_f64().unwrap();
    assert!(rate > 0.0 && rate <= 0.5, "{details}");
}

#[tokio::test]
async fn what_is_switched_off_is_not_called_well() {
    let app = TestApp::start().await;
    let admin = app.with_claims(&administrator());
    let details = admin.get("/health/detailed").send().await.expect(200).json();
    assert!(
        details["queue"].is_null() && details["cache"].is_null(),
        "{details}"
    );
}
