//! Stopping: what is under way is finished, and nobody is waited for who has asked for nothing.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_connection_that_has_said_nothing_keeps_nobody_from_stopping() {
    let app = TestApp::start().await;
    let silent = TcpStream::connect(app.address()).await.unwrap();
    // Long enough for the server to have taken it.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let started = Instant::now();
    app.stop().await;
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    drop(silent);
}

#[tokio::test]
async fn a_request_under_way_is_answered_before_the_server_stops() {
    let app = TestApp::start().await;
    app.database()
        .run(
            "create function nap() returns int language sql volatile as $$ select pg_sleep(1); select 7 $$;
             grant execute on function nap() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("nap").await;
    let call = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/nap", &serde_json::json!({}))
        .send();
    let answered = tokio::spawn(call);
    tokio::time::sleep(Duration::from_millis(300)).await;
    app.stop().await;
    assert_eq!(answered.await.unwrap().expect(200).json(), serde_json::json!(7));
}
