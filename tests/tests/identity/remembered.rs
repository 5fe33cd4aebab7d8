//! Remembering tokens changes no answer.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use seawall_e2e::{OWNER, SECRET, TestApp};
use seawall_server::auth::mint::mint;
use serde_json::json;

const ROOMS: &str = "/rest/v1/rooms?select=name";

#[tokio::test]
async fn a_remembered_token_ends_when_it_says() {
    let app = TestApp::start().await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Thirty seconds of grace, of which two are left.
    let token = mint(
        SECRET,
        &json!({"sub": OWNER.id, "role": "authenticated", "exp": now - 28}),
    )
    .unwrap();
    let status = async || app.with_token(token.clone()).get(ROOMS).send().await.status;
    assert_eq!(status().await, 200);
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(status().await, 401);
}

#[tokio::test]
async fn a_changed_secret_ends_what_was_verified_by_the_old_one() {
    let app = TestApp::start().await;
    let token = OWNER.token();
    let status = async || app.with_token(token.clone()).get(ROOMS).send().await.status;
    assert_eq!(status().await, 200);
    let name = app.database().value("select current_database()").await;
    app.database()
        .run(&format!(
            "alter role seawall_e2e_login in database {name}
               set pgrst.jwt_secret = 'another-secret-of-the-tests-with-32-bytes';
             notify pgrst, 'reload config'"
        ))
        .await;
    let started = std::time::Instant::now();
    while status().await != 401 {
        assert!(started.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_token_that_was_refused_is_refused_again() {
    let app = TestApp::start().await;
    for _ in 0..3 {
        app.with_token("a.b.c").get(ROOMS).send().await.expect(401);
        app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    }
}
