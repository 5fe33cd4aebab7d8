//! Behind a transaction pooler: few sessions shared by all connections, and nothing of one request in another.

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp};
use serde_json::json;

const ROOMS: &str = "/rest/v1/rooms?select=name&order=name";

async fn pooled(prepared: &str) -> TestApp {
    TestApp::builder()
        .pooled()
        .set("SEAWALL_DB_PREPARED_STATEMENTS", prepared)
        .set("SEAWALL_DB_POOL", "8")
        .start()
        .await
}

async fn two_users_never_meet(app: &TestApp) {
    for _ in 0..25 {
        let owner = app.as_user(OWNER).get(ROOMS).send();
        let guest = app.as_user(GUEST).get(ROOMS).send();
        let nobody = app.anonymous().get(ROOMS).send();
        let again = app.as_user(OWNER).get(ROOMS).send();
        let (owner, guest, nobody, again) = tokio::join!(owner, guest, nobody, again);
        assert_eq!(owner.expect(200).column("name"), ["Harbour", "Lighthouse"]);
        assert_eq!(guest.expect(200).column("name"), ["Harbour"]);
        nobody.expect(401);
        assert_eq!(again.expect(200).column("name"), ["Harbour", "Lighthouse"]);
    }
}

#[tokio::test]
async fn two_users_share_sessions_and_nothing_else() {
    let app = pooled("false").await;
    two_users_never_meet(&app).await;
}

#[tokio::test]
async fn statements_prepared_on_another_session_are_sent_anew() {
    let app = pooled("true").await;
    two_users_never_meet(&app).await;
}

#[tokio::test]
async fn writes_are_committed_and_refused_ones_are_not() {
    let app = pooled("false").await;
    let message = json!({"room_id": HARBOUR, "body": "through the pooler"});
    app.as_user(OWNER)
        .post("/rest/v1/messages", &message)
        .send()
        .await
        .expect(201);
    let single = app
        .as_user(OWNER)
        .post("/rest/v1/messages", &json!([message, message]));
    let single = single
        .header("accept", "application/vnd.pgrst.object+json")
        .prefer("return=representation");
    single.send().await.expect(406);
    let count = "select count(*) from messages where body = 'through the pooler'";
    assert_eq!(app.database().value(count).await, "1");
}
