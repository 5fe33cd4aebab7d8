//! D3, and what PostgREST lacks: a reader that has the answer already is not sent it again.

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp};
use serde_json::json;

const ROOMS: &str = "/rest/v1/rooms?select=name&order=name";

#[tokio::test]
async fn an_answer_that_has_not_changed_is_a_304_without_a_body() {
    let app = TestApp::start().await;
    let first = app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    let tag = first.header("etag").to_owned();
    let again = app
        .as_user(OWNER)
        .get(ROOMS)
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag").to_owned(), tag);
}

#[tokio::test]
async fn a_change_is_seen_at_once() {
    let app = TestApp::start().await;
    let path = format!("/rest/v1/messages?select=body&room_id=eq.{HARBOUR}");
    let tag = app
        .as_user(OWNER)
        .get(&path)
        .send()
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    let message = json!({"room_id": HARBOUR, "body": "a later one"});
    app.as_user(OWNER)
        .post("/rest/v1/messages", &message)
        .send()
        .await
        .expect(201);
    let again = app
        .as_user(OWNER)
        .get(&path)
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(200);
    assert!(again.column("body").contains(&"a later one".to_owned()));
}

#[tokio::test]
async fn another_user_s_tag_never_hides_what_one_may_see() {
    let app = TestApp::start().await;
    let tag = app
        .as_user(OWNER)
        .get(ROOMS)
        .send()
        .await
        .expect(200)
        .header("etag")
        .to_owned();
    let guest = app
        .as_user(GUEST)
        .get(ROOMS)
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(200);
    assert_eq!(guest.column("name"), ["Harbour"]);
}

#[tokio::test]
async fn writes_and_heads_have_no_tag() {
    let app = TestApp::start().await;
    let head = app.as_user(OWNER).head(ROOMS).send().await.expect(200);
    assert!(!head.headers.contains_key("etag"));
    let message = json!({"room_id": HARBOUR, "body": "untagged"});
    let written = app
        .as_user(OWNER)
        .post("/rest/v1/messages", &message)
        .prefer("return=representation");
    assert!(!written.send().await.expect(201).headers.contains_key("etag"));
}
