//! Related rows inside rows.

use seawall_e2e::{GUEST, OWNER, TestApp};
use serde_json::json;

#[tokio::test]
async fn to_many_and_to_one_nest() {
    let app = TestApp::start().await;
    let path = "/rest/v1/rooms?select=name,messages(body,author:profiles(display_name))\
                &name=eq.Lighthouse&messages.order=created_at.desc&messages.limit=1";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    let message =
        json!({"body": "Fog signal off at first light, lens cleaned.", "author": {"display_name": "Owner"}});
    assert_eq!(
        answer.json(),
        json!([{"name": "Lighthouse", "messages": [message]}])
    );
}

#[tokio::test]
async fn many_to_many_goes_through_the_junction() {
    let app = TestApp::start().await;
    // Memberships show to their own member only, so each sees themselves in the room.
    let path = "/rest/v1/rooms?select=name,memberships(user_id)&order=name";
    let answer = app.as_user(GUEST).get(path).send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!([{"name": "Harbour", "memberships": [{"user_id": GUEST.id}]}])
    );
}

#[tokio::test]
async fn an_inner_embed_filters_its_parent() {
    let app = TestApp::start().await;
    let path = "/rest/v1/rooms?select=name,messages!inner(id)&messages.body=ilike.*lamp*";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    assert_eq!(answer.column("name"), ["Lighthouse"]);
}

#[tokio::test]
async fn a_spread_puts_columns_into_the_row() {
    let app = TestApp::start().await;
    let path = "/rest/v1/messages?select=id,...rooms(room:name)&id=eq.bbbbbbbb-0000-4000-8000-000000000007";
    let answer = app.as_user(OWNER).get(path).send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!([{"id": "bbbbbbbb-0000-4000-8000-000000000007", "room": "Lighthouse"}])
    );
}

#[tokio::test]
async fn row_level_security_holds_inside_embeds() {
    let app = TestApp::start().await;
    let path = "/rest/v1/profiles?select=display_name,messages(room_id)&display_name=eq.Owner";
    let owner = app.as_user(OWNER).get(path).send().await.expect(200);
    let guest = app.as_user(GUEST).get(path).send().await.expect(200);
    let messages = |answer: &seawall_e2e::Answer| answer.json()[0]["messages"].as_array().unwrap().len();
    assert_eq!((messages(&owner), messages(&guest)), (4, 2));
}

#[tokio::test]
async fn a_relationship_that_is_not_there_is_named() {
    let app = TestApp::start().await;
    let answer = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?select=name,nothing(*)")
        .send()
        .await
        .expect(400);
    assert_eq!(answer.code(), "PGRST200");
}
