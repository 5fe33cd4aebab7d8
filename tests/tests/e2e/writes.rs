//! Writing: insert, bulk, upsert, update, delete, and what comes back.

use seawall_e2e::{GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp};
use serde_json::{Value, json};

const MESSAGES: &str = "/rest/v1/messages";

fn message(room: &str, body: &str) -> Value {
    json!({"room_id": room, "body": body})
}

async fn notes(app: &TestApp) {
    app.database()
        .run(
            "create table notes (id int primary key, body text not null default 'empty', tag text);
             grant all on notes to authenticated;
             notify pgrst, 'reload schema'",
        )
        .await;
    app.wait_for_table("notes").await;
}

#[tokio::test]
async fn a_member_writes_and_reads_it_back() {
    let app = TestApp::start().await;
    let request = app.as_user(GUEST).post(
        "/rest/v1/messages?select=body,author_id",
        &message(HARBOUR, "Ahoy"),
    );
    let answer = request.prefer("return=representation").send().await.expect(201);
    assert_eq!(answer.json(), json!([{"body": "Ahoy", "author_id": GUEST.id}]));
    let seen = app
        .as_user(OWNER)
        .get("/rest/v1/messages?select=body&body=eq.Ahoy")
        .send()
        .await
        .expect(200);
    assert_eq!(seen.rows().len(), 1);
}

#[tokio::test]
async fn minimal_return_has_no_body() {
    let app = TestApp::start().await;
    let answer = app
        .as_user(GUEST)
        .post(MESSAGES, &message(HARBOUR, "Ahoy"))
        .send()
        .await
        .expect(201);
    assert!(answer.body.is_empty());
}

#[tokio::test]
async fn several_rows_go_in_at_once() {
    let app = TestApp::start().await;
    let rows = json!([
        message(HARBOUR, "one"),
        message(HARBOUR, "two"),
        message(HARBOUR, "three")
    ]);
    let answer = app
        .as_user(GUEST)
        .post(MESSAGES, &rows)
        .prefer("return=representation")
        .send()
        .await
        .expect(201);
    assert_eq!(answer.column("body"), ["one", "two", "three"]);
}

#[tokio::test]
async fn a_room_one_does_not_belong_to_takes_nothing() {
    let app = TestApp::start().await;
    let answer = app
        .as_user(GUEST)
        .post(MESSAGES, &message(LIGHTHOUSE, "boo"))
        .send()
        .await
        .expect(403);
    assert_eq!(answer.code(), "42501");
    assert_eq!(app.database().value("select count(*) from messages").await, "7");
}

#[tokio::test]
async fn nobody_writes_in_anothers_name() {
    let app = TestApp::start().await;
    let forged = json!({"room_id": HARBOUR, "body": "I resign", "author_id": OWNER.id});
    app.as_user(GUEST)
        .post(MESSAGES, &forged)
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn one_bad_row_takes_the_whole_request_back() {
    let app = TestApp::start().await;
    let rows = json!([message(HARBOUR, "good"), message(HARBOUR, "   ")]);
    let answer = app.as_user(GUEST).post(MESSAGES, &rows).send().await.expect(400);
    assert_eq!(answer.code(), "23514");
    assert_eq!(app.database().value("select count(*) from messages").await, "7");
}

#[tokio::test]
async fn an_author_deletes_within_a_day_and_nobody_else() {
    let app = TestApp::start().await;
    let (fresh, old) = (
        "bbbbbbbb-0000-4000-8000-000000000005",
        "bbbbbbbb-0000-4000-8000-000000000002",
    );
    let delete = |user, id| {
        let request = app.as_user(user).delete(&format!("{MESSAGES}?id=eq.{id}"));
        request.prefer("return=representation")
    };
    assert!(delete(OWNER, fresh).send().await.expect(200).rows().is_empty());
    assert!(delete(GUEST, old).send().await.expect(200).rows().is_empty());
    assert_eq!(delete(GUEST, fresh).send().await.expect(200).rows().len(), 1);
    assert_eq!(app.database().value("select count(*) from messages").await, "6");
}

#[tokio::test]
async fn an_upsert_inserts_or_merges() {
    let app = TestApp::start().await;
    notes(&app).await;
    let upsert = |resolution: &str, body: &str| {
        let request = app
            .as_user(OWNER)
            .post("/rest/v1/notes", &json!({"id": 1, "body": body}));
        request.prefer(&format!(
            "resolution={resolution}-duplicates,return=representation"
        ))
    };
    upsert("merge", "first").send().await.expect(201);
    assert_eq!(
        upsert("merge", "second").send().await.expect(200).column("body"),
        ["second"]
    );
    assert!(
        upsert("ignore", "third")
            .send()
            .await
            .json()
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert_eq!(app.database().value("select body from notes").await, "second");
}

#[tokio::test]
async fn an_insert_that_collides_is_a_conflict() {
    let app = TestApp::start().await;
    notes(&app).await;
    let insert = || app.as_user(OWNER).post("/rest/v1/notes", &json!({"id": 1}));
    insert().send().await.expect(201);
    assert_eq!(insert().send().await.expect(409).code(), "23505");
}

#[tokio::test]
async fn missing_columns_take_defaults_when_asked() {
    let app = TestApp::start().await;
    notes(&app).await;
    let request = app.as_user(OWNER).post(
        "/rest/v1/notes?columns=id,body",
        &json!([{"id": 1}, {"id": 2, "body": "b"}]),
    );
    let answer = request
        .prefer("missing=default,return=representation")
        .send()
        .await
        .expect(201);
    assert_eq!(answer.column("body"), ["empty", "b"]);
}

#[tokio::test]
async fn an_update_changes_what_its_filter_finds() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.database()
        .run("insert into notes select n, 'b' || n from generate_series(1, 3) n")
        .await;
    let request = app.as_user(OWNER).patch(
        "/rest/v1/notes?id=gt.1&select=id,tag&order=id",
        &json!({"tag": "t"}),
    );
    let answer = request.prefer("return=representation").send().await.expect(200);
    assert_eq!(
        answer.json(),
        json!([{"id": 2, "tag": "t"}, {"id": 3, "tag": "t"}])
    );
    app.as_user(OWNER)
        .patch("/rest/v1/notes?id=eq.1", &json!({"tag": "u"}))
        .send()
        .await
        .expect(204);
}

#[tokio::test]
async fn a_put_writes_exactly_the_row_it_names() {
    let app = TestApp::start().await;
    notes(&app).await;
    let put = |path: &str, body: Value| app.as_user(OWNER).put(path, &body);
    put(
        "/rest/v1/notes?id=eq.7",
        json!({"id": 7, "body": "seven", "tag": null}),
    )
    .prefer("return=representation")
    .send()
    .await
    .expect(201);
    let mismatch = put(
        "/rest/v1/notes?id=eq.7",
        json!({"id": 8, "body": "eight", "tag": null}),
    )
    .send()
    .await
    .expect(400);
    assert_eq!(mismatch.code(), "PGRST115");
    assert_eq!(
        app.database()
            .value("select string_agg(body, ',') from notes")
            .await,
        "seven"
    );
}

#[tokio::test]
async fn more_rows_than_allowed_are_not_changed() {
    let app = TestApp::start().await;
    notes(&app).await;
    app.database()
        .run("insert into notes select n from generate_series(1, 3) n")
        .await;
    let request = app
        .as_user(OWNER)
        .delete("/rest/v1/notes?id=gt.0")
        .prefer("handling=strict, max-affected=2");
    assert_eq!(request.send().await.expect(400).code(), "PGRST124");
    assert_eq!(app.database().value("select count(*) from notes").await, "3");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let app = TestApp::start().await;
    let request = app.as_user(OWNER).request(http::Method::POST, MESSAGES);
    let answer = request
        .body("application/json", "{\"room_id\": ")
        .send()
        .await
        .expect(400);
    assert_eq!(answer.code(), "PGRST102");
}

#[tokio::test]
async fn a_write_under_a_cap_that_the_database_refuses_is_answered_with_the_refusal() {
    let app = TestApp::start().await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    let answer = service
        .patch(&format!("/rest/v1/rooms?id=eq.{HARBOUR}"), &json!({"name": null}))
        .prefer("handling=strict, max-affected=1")
        .send()
        .await;
    assert_eq!(answer.expect(400).code(), "23502");
}
