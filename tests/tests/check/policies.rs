//! The examples of row-level security: clean under the check, and who sees and changes what.

use seawall_e2e::{Caller, Database, GUEST, OWNER, TestApp, User};
use serde_json::{Value, json};

use crate::program::{findings, open_rule, seawall};

const STRANGER: User = User {
    id: "33333333-3333-4333-8333-333333333333",
    email: "stranger@example.test",
};
const HARBOUR_OFFICE: &str = "aaaaaaaa-1111-4111-8111-111111111111";
const LIGHTHOUSE_OFFICE: &str = "bbbbbbbb-2222-4222-8222-222222222222";

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/examples/rls")
}

/// The examples as one script, in their order.
fn script() -> String {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

async fn app() -> TestApp {
    let builder = TestApp::builder().prepared_with(&script());
    builder.set("SEAWALL_DB_SCHEMAS", "chat,office").start().await
}

/// A room of the owner's with the guest in it; its id.
async fn room(app: &TestApp) -> String {
    let made = app
        .as_user(OWNER)
        .post("/rest/v1/rooms?select=id", &json!({"name": "Harbour"}));
    let made = made.prefer("return=representation").send().await.expect(201);
    let room = made.column("id").remove(0);
    let invited = app.as_user(OWNER).post(
        "/rest/v1/memberships",
        &json!({"room_id": room, "user_id": GUEST.id}),
    );
    invited.send().await.expect(201);
    room
}

async fn write(app: &TestApp, user: User, room: &str) -> String {
    let post = app.as_user(user).post(
        "/rest/v1/messages?select=id",
        &json!({"room_id": room, "body": "Ahoy"}),
    );
    let written = post.prefer("return=representation").send().await.expect(201);
    written.column("id").remove(0)
}

async fn count(caller: &Caller<'_>, path: &str) -> usize {
    caller.get(path).send().await.expect(200).rows().len()
}

async fn deleted(caller: &Caller<'_>, path: &str) -> usize {
    let delete = caller.delete(path).prefer("return=representation");
    delete.send().await.expect(200).rows().len()
}

#[tokio::test]
async fn the_examples_are_clean_and_may_be_run_twice() {
    let database = Database::create().await;
    for _ in 0..2 {
        let mut command = seawall(&database.direct_login_url());
        command.env("SEAWALL_OWNER_DATABASE_URL", database.owner_url());
        let output = command
            .arg("migrate")
            .arg("--apply")
            .arg(folder())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let setting = "alter role seawall_e2e_login in database {} set pgrst.db_schemas = 'chat,office'";
    database.run(&setting.replace("{}", database.name())).await;
    let found = findings(&database.direct_login_url(), &["--indexes"]);
    let open: Vec<&Value> = found
        .iter()
        .filter(|finding| open_rule(finding).is_some() && finding["severity"] != "info")
        .collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test]
async fn rooms_and_members_are_seen_by_members_alone() {
    let app = app().await;
    room(&app).await;
    for (user, rooms, members) in [(OWNER, 1, 2), (GUEST, 1, 2), (STRANGER, 0, 0)] {
        let caller = app.as_user(user);
        assert_eq!(count(&caller, "/rest/v1/rooms").await, rooms);
        assert_eq!(count(&caller, "/rest/v1/memberships").await, members);
    }
    app.anonymous().get("/rest/v1/rooms").send().await.expect(401);
}

#[tokio::test]
async fn only_owners_invite_and_everybody_may_leave() {
    let app = app().await;
    let room = room(&app).await;
    let invite = |by: User, whom: User| {
        app.as_user(by).post(
            "/rest/v1/memberships",
            &json!({"room_id": room, "user_id": whom.id}),
        )
    };
    invite(GUEST, STRANGER).send().await.expect(403);
    invite(STRANGER, STRANGER).send().await.expect(403);
    let makes_owner = json!({"room_id": room, "user_id": STRANGER.id, "is_owner": true});
    app.as_user(OWNER)
        .post("/rest/v1/memberships", &makes_owner)
        .send()
        .await
        .expect(403);
    let of = |user: User| format!("/rest/v1/memberships?user_id=eq.{}", user.id);
    assert_eq!(deleted(&app.as_user(GUEST), &of(OWNER)).await, 0);
    assert_eq!(deleted(&app.as_user(GUEST), &of(GUEST)).await, 1);
    assert_eq!(count(&app.as_user(OWNER), "/rest/v1/memberships").await, 1);
}

#[tokio::test]
async fn messages_are_written_as_oneself_and_only_by_members() {
    let app = app().await;
    let room = room(&app).await;
    write(&app, GUEST, &room).await;
    assert_eq!(count(&app.as_user(OWNER), "/rest/v1/messages").await, 1);
    assert_eq!(count(&app.as_user(STRANGER), "/rest/v1/messages").await, 0);
    let post = |user: User, body: &Value| app.as_user(user).post("/rest/v1/messages", body);
    post(STRANGER, &json!({"room_id": room, "body": "Ahoy"}))
        .send()
        .await
        .expect(403);
    let as_another = json!({"room_id": room, "body": "Ahoy", "author_id": OWNER.id});
    post(GUEST, &as_another).send().await.expect(403);
    let in_the_future = json!({"room_id": room, "body": "Ahoy", "created_at": "2100-01-01"});
    post(GUEST, &in_the_future).send().await.expect(403);
    let change = app
        .as_user(GUEST)
        .patch("/rest/v1/messages?body=eq.Ahoy", &json!({"body": "Adieu"}));
    change.send().await.expect(403);
}

#[tokio::test]
async fn messages_are_deleted_by_their_author_within_a_day() {
    let app = app().await;
    let room = room(&app).await;
    let (fresh, old) = (write(&app, GUEST, &room).await, write(&app, GUEST, &room).await);
    let age = format!("update chat.messages set created_at = now() - interval '24 hours' where id = '{old}'");
    app.database().run(&age).await;
    let path = |id: &str| format!("/rest/v1/messages?id=eq.{id}");
    assert_eq!(deleted(&app.as_user(OWNER), &path(&fresh)).await, 0);
    assert_eq!(deleted(&app.as_user(GUEST), &path(&old)).await, 0);
    assert_eq!(deleted(&app.as_user(GUEST), &path(&fresh)).await, 1);
}

#[tokio::test]
async fn receipts_are_left_and_seen_where_the_message_is() {
    let app = app().await;
    let room = room(&app).await;
    let message = write(&app, OWNER, &room).await;
    let receipt = json!({"message_id": message});
    app.as_user(GUEST)
        .post("/rest/v1/receipts", &receipt)
        .send()
        .await
        .expect(201);
    app.as_user(STRANGER)
        .post("/rest/v1/receipts", &receipt)
        .send()
        .await
        .expect(403);
    let as_another = json!({"message_id": message, "user_id": OWNER.id});
    app.as_user(GUEST)
        .post("/rest/v1/receipts", &as_another)
        .send()
        .await
        .expect(403);
    assert_eq!(count(&app.as_user(OWNER), "/rest/v1/receipts").await, 1);
    assert_eq!(count(&app.as_user(STRANGER), "/rest/v1/receipts").await, 0);
}

fn member<'a>(app: &'a TestApp, user: User, organisation: &str) -> Caller<'a> {
    app.with_claims(&json!({
        "sub": user.id, "role": "authenticated", "exp": 4_102_444_800_u64,
        "app_metadata": {"organisation_id": organisation},
        "user_metadata": {"organisation_id": LIGHTHOUSE_OFFICE},
    }))
}

async fn filed(caller: &Caller<'_>, shared: bool) -> String {
    let folder = caller.post("/rest/v1/folders?select=id", &json!({"name": "Charts"}));
    let folder = folder
        .header("content-profile", "office")
        .prefer("return=representation");
    let folder = folder.send().await.expect(201).column("id").remove(0);
    let document = json!({"folder_id": folder, "title": "North quay", "shared": shared});
    let document = caller
        .post("/rest/v1/documents", &document)
        .header("content-profile", "office");
    document.send().await.expect(201);
    folder
}

async fn titles(caller: &Caller<'_>) -> usize {
    let get = caller
        .get("/rest/v1/documents")
        .header("accept-profile", "office");
    get.send().await.expect(200).rows().len()
}

#[tokio::test]
async fn organisations_never_see_each_other() {
    let app = app().await;
    let here = member(&app, OWNER, HARBOUR_OFFICE);
    let folder = filed(&here, true).await;
    assert_eq!(titles(&here).await, 1);
    assert_eq!(titles(&member(&app, GUEST, HARBOUR_OFFICE)).await, 1);
    assert_eq!(titles(&member(&app, OWNER, LIGHTHOUSE_OFFICE)).await, 0);
    // Without an organisation there is nothing to see, and nothing fails.
    assert_eq!(titles(&app.as_user(OWNER)).await, 0);
    // A document cannot be put into another organisation's folder.
    let there = member(&app, OWNER, LIGHTHOUSE_OFFICE);
    let smuggled = there.post(
        "/rest/v1/documents",
        &json!({"folder_id": folder, "title": "Smuggled"}),
    );
    smuggled
        .header("content-profile", "office")
        .send()
        .await
        .expect(409);
}

#[tokio::test]
async fn documents_are_their_owners_unless_shared() {
    let app = app().await;
    let owner = member(&app, OWNER, HARBOUR_OFFICE);
    filed(&owner, false).await;
    let colleague = member(&app, GUEST, HARBOUR_OFFICE);
    assert_eq!(titles(&colleague).await, 0);
    let share = owner.patch(
        "/rest/v1/documents?title=eq.North%20quay",
        &json!({"shared": true}),
    );
    share.header("content-profile", "office").send().await.expect(204);
    assert_eq!(titles(&colleague).await, 1);
    let taken = colleague.patch(
        "/rest/v1/documents?title=eq.North%20quay",
        &json!({"title": "Mine"}),
    );
    let taken = taken
        .header("content-profile", "office")
        .prefer("return=representation");
    assert!(taken.send().await.expect(200).rows().is_empty());
}

#[tokio::test]
async fn a_later_policy_that_is_too_generous_does_not_open_the_wall() {
    let app = app().await;
    filed(&member(&app, OWNER, HARBOUR_OFFICE), true).await;
    let generous =
        "create policy too_generous on office.documents to authenticated using (true) with check (true)";
    app.database().run(generous).await;
    assert_eq!(titles(&member(&app, GUEST, LIGHTHOUSE_OFFICE)).await, 0);
}
