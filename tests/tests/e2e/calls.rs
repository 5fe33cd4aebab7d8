//! Functions over HTTP.

use seawall_e2e::{GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp};
use serde_json::json;

#[tokio::test]
async fn a_function_runs_as_whoever_calls_it() {
    let app = TestApp::start().await;
    let call = |user, room: &str| {
        app.as_user(user).post(
            "/rest/v1/rpc/post_message",
            &json!({"room": room, "body": " hi "}),
        )
    };
    let answer = call(GUEST, HARBOUR).send().await.expect(200);
    assert_eq!(answer.json()["body"], "hi");
    assert_eq!(answer.json()["author_id"], GUEST.id);
    assert_eq!(call(GUEST, LIGHTHOUSE).send().await.expect(403).code(), "42501");
}

#[tokio::test]
async fn a_stable_function_answers_get_with_filters() {
    let app = TestApp::start().await;
    let path = format!("/rest/v1/rpc/room_activity?room={HARBOUR}&select=author,messages&messages=gt.2");
    let answer = app.as_user(OWNER).get(&path).send().await.expect(200);
    assert_eq!(answer.json(), json!([{"author": "Guest", "messages": 3}]));
}

#[tokio::test]
async fn a_volatile_function_does_not_write_on_get() {
    let app = TestApp::start().await;
    let path = format!("/rest/v1/rpc/post_message?room={HARBOUR}&body=hi");
    let answer = app.as_user(GUEST).get(&path).send().await.expect(405);
    assert_eq!(answer.code(), "25006");
    assert_eq!(app.database().value("select count(*) from messages").await, "7");
}

#[tokio::test]
async fn a_function_that_is_not_there_is_named() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER);
    assert_eq!(
        owner
            .post("/rest/v1/rpc/nothing", &json!({}))
            .send()
            .await
            .expect(404)
            .code(),
        "PGRST202"
    );
    let wrong = owner
        .post("/rest/v1/rpc/room_activity", &json!({"chamber": HARBOUR}))
        .send()
        .await
        .expect(404);
    assert_eq!(wrong.code(), "PGRST202");
}

#[tokio::test]
async fn a_function_may_set_status_and_headers() {
    let app = TestApp::start().await;
    app.database()
        .run(
            "create function brew() returns text language plpgsql as $$ begin
               perform set_config('response.status', '418', true);
               perform set_config('response.headers', '[{\"x-pot\": \"tea\"}]', true);
               return 'short and stout';
             end $$;
             create function fail() returns void language plpgsql as $$ begin
               raise sqlstate 'PT402' using message = 'pay first', hint = 'coins';
             end $$;
             notify pgrst, 'reload schema'",
        )
        .await;
    app.wait_for_function("brew").await;
    let answer = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/brew", &json!({}))
        .send()
        .await
        .expect(418);
    assert_eq!(
        (answer.json(), answer.header("x-pot")),
        (json!("short and stout"), "tea")
    );
    let refused = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/fail", &json!({}))
        .send()
        .await
        .expect(402);
    assert_eq!(refused.json()["hint"], "coins");
}
