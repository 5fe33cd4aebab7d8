//! The database goes away and comes back; the server says so, and recovers by itself.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};

const ROOMS: &str = "/rest/v1/rooms?select=name";
const RECOVERY: Duration = Duration::from_secs(30);

async fn recovers(app: &TestApp) -> Duration {
    let started = Instant::now();
    loop {
        if app.as_user(OWNER).get(ROOMS).send().await.status == 200 {
            return started.elapsed();
        }
        assert!(started.elapsed() < RECOVERY, "the server has not recovered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_clean_503_and_then_forgotten() {
    let app = TestApp::start().await;
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    app.proxy().refuse();
    let started = Instant::now();
    for _ in 0..8 {
        let answer = app.as_user(OWNER).get(ROOMS).send().await;
        assert_eq!(answer.status, 503, "{:?}", answer.body);
        assert!(
            answer.code().starts_with("PGRST00") || answer.code().starts_with("SEAWALL"),
            "{}",
            answer.code()
        );
    }
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
    app.proxy().pass();
    recovers(&app).await;
}

#[tokio::test]
async fn connections_cut_while_idle_cost_no_caller_an_error_for_long() {
    let app = TestApp::start().await;
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    app.proxy().cut();
    assert!(recovers(&app).await < Duration::from_secs(5));
}

#[tokio::test]
async fn a_database_that_stalls_holds_nobody_past_the_deadline() {
    let app = TestApp::builder()
        .set("SEAWALL_REQUEST_TIMEOUT", "700")
        .start()
        .await;
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    app.proxy().stall();
    let started = Instant::now();
    let answer = app.as_user(OWNER).get(ROOMS).send().await;
    assert!(matches!(answer.status.as_u16(), 503 | 504), "{}", answer.status);
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    app.proxy().pass();
    recovers(&app).await;
}

#[tokio::test]
async fn a_server_started_before_its_database_serves_once_it_is_there() {
    let app = TestApp::builder().start_unready().await;
    app.proxy().refuse();
    app.anonymous().get("/live").send().await.expect(200);
    app.proxy().pass();
    app.wait_for("/ready", 200, RECOVERY).await;
    recovers(&app).await;
}

#[tokio::test]
async fn a_slow_database_is_still_a_database() {
    let app = TestApp::start().await;
    app.proxy().delay(Duration::from_millis(100));
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
}
