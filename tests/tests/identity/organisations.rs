//! Nobody names another's organisation, and policies know for which one a request is.

use seawall_e2e::{GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp, TestAppBuilder};
use serde_json::{Value, json};

const DOCUMENTS: &str = "
    create table documents (org_id text not null, body text not null);
    insert into documents values ('red', 'red one'), ('red', 'red two'), ('blue', 'blue one');
    alter table documents enable row level security;
    create policy own on documents to authenticated
      using (org_id = nullif(current_setting('request.organisation', true), ''))
      with check (org_id = nullif(current_setting('request.organisation', true), ''));
    grant select, insert on documents to authenticated, service_role;
    create function organisation() returns text language sql stable as
      $$ select coalesce(current_setting('request.organisation', true), '(unset)') $$;
    grant execute on function organisation() to anon, authenticated, service_role;";

fn builder() -> TestAppBuilder {
    TestApp::builder()
        .prepared_with(DOCUMENTS)
        .set("SEAWALL_ORGANISATION_HEADER", "x-organisation")
        .set(
            "SEAWALL_ORGANISATION_RULES",
            r#"["/rest/v1/* org_id", "/rest/v1/rpc/* organisation"]"#,
        )
}

fn member(organisations: &Value) -> Value {
    json!({
        "sub": OWNER.id, "role": "authenticated", "app_metadata": {"org_id": organisations},
        "user_metadata": {"org_id": "blue"}, "org_id": "blue"
    })
}

#[tokio::test]
async fn anothers_organisation_is_refused_counted_and_reported() {
    let app = builder().start().await;
    let caller = app.with_claims(&member(&json!("red")));
    let own = caller
        .get("/rest/v1/documents?org_id=eq.red")
        .send()
        .await
        .expect(200);
    assert_eq!(own.rows().len(), 2);
    for path in [
        "/rest/v1/documents?org_id=eq.blue",
        "/rest/v1/documents?org_id=in.(red,blue)",
        "/rest/v1/documents?or=(body.eq.x,org_id.eq.blue)",
        "/rest/v1/documents?org%5Fid=eq.blue",
        "/rest/v1/documents?org_id=eq.red&org_id=eq.blue",
    ] {
        let refused = caller.get(path).send().await.expect(403);
        assert_eq!(refused.code(), "SEAWALL_FOREIGN_ORGANISATION", "{path}");
    }
    let named = caller.get("/rest/v1/documents").header("x-organisation", "blue");
    named.send().await.expect(403);
    let metrics = app.anonymous().get("/metrics").send().await;
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    for line in [
        r#"seawall_events_total{kind="security",what="foreign_organisation"} 6"#,
        r#"auth_failures_total{reason="foreign_organisation"} 6"#,
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn what_a_request_does_not_name_policies_decide() {
    let app = builder().start().await;
    let of = async |organisations: Value, header: Option<&str>| {
        let request = app
            .with_claims(&member(&organisations))
            .get("/rest/v1/documents?select=body");
        let request = match header {
            Some(header) => request.header("x-organisation", header),
            None => request,
        };
        request.send().await.expect(200).rows().len()
    };
    assert_eq!(of(json!("red"), None).await, 2, "a single one needs no naming");
    assert_eq!(of(json!(["red", "blue"]), None).await, 0, "of several, none");
    assert_eq!(of(json!(["red", "blue"]), Some("blue")).await, 1);
    assert_eq!(
        of(json!(null), None).await,
        0,
        "what users write themselves is no membership"
    );
    let insert = async |body: Value| {
        let request = app
            .with_claims(&member(&json!("red")))
            .post("/rest/v1/documents", &body);
        request.send().await.status.as_u16()
    };
    assert_eq!(insert(json!({"org_id": "red", "body": "three"})).await, 201);
    assert_eq!(
        insert(json!({"org_id": "blue", "body": "forged"})).await,
        403,
        "bodies are for policies"
    );
}

#[tokio::test]
async fn the_setting_is_there_for_every_request_and_empty_where_there_is_none() {
    let app = builder().set("SEAWALL_DB_POOL", "1").start().await;
    let told = async |caller: seawall_e2e::Caller<'_>| {
        let answer = caller
            .get("/rest/v1/rpc/organisation")
            .send()
            .await
            .expect(200)
            .json();
        answer.as_str().unwrap().to_owned()
    };
    for _ in 0..3 {
        assert_eq!(told(app.with_claims(&member(&json!("red")))).await, "red");
        assert_eq!(told(app.anonymous()).await, "");
        assert_eq!(told(app.with_claims(&member(&json!(7)))).await, "7");
        assert_eq!(told(app.with_claims(&member(&json!(["a", "b"])))).await, "");
    }
    let service = app
        .with_claims(&json!({"role": "service_role"}))
        .get("/rest/v1/rpc/organisation");
    let service = service.header("x-organisation", "blue").send().await.expect(200);
    assert_eq!(service.json(), "blue", "an exempt role may name any");
    app.anonymous()
        .get("/rest/v1/rpc/organisation")
        .header("x-organisation", "red")
        .send()
        .await
        .expect(403);
}

#[tokio::test]
async fn memberships_may_be_rows() {
    let app = TestApp::builder()
        .set(
            "SEAWALL_ORGANISATION_MEMBERSHIP",
            "memberships?select=room_id&user_id=eq.{sub}",
        )
        .set("SEAWALL_ORGANISATION_MEMBERSHIP_TTL", "0")
        .set("SEAWALL_ORGANISATION_RULES", "/rest/v1/* room_id")
        .start()
        .await;
    let messages = async |user: seawall_e2e::User, room: &str| {
        let path = format!("/rest/v1/messages?select=id&room_id=eq.{room}");
        app.as_user(user).get(&path).send().await.status.as_u16()
    };
    assert_eq!(messages(OWNER, LIGHTHOUSE).await, 200);
    assert_eq!(messages(GUEST, HARBOUR).await, 200);
    assert_eq!(messages(GUEST, LIGHTHOUSE).await, 403);
    app.database()
        .run(&format!("delete from memberships where user_id = '{}'", GUEST.id))
        .await;
    assert_eq!(messages(GUEST, HARBOUR).await, 403);
    // Who cannot be asked about has no answer, rather than no organisations.
    app.database()
        .run("revoke select on memberships from authenticated")
        .await;
    let path = format!("/rest/v1/messages?room_id=eq.{HARBOUR}");
    let answer = app.as_user(OWNER).get(&path).send().await.expect(503);
    assert_eq!(answer.code(), "SEAWALL_AUTH_UNAVAILABLE");
}
