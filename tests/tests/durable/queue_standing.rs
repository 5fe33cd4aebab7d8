//! A queued write is carried out only for who could still ask for it, and for the organisation it was meant for.

use std::time::{Duration, Instant};

use seawall_e2e::{Caller, Database, HARBOUR, OWNER, TestApp, TestAppBuilder};
use seawall_server::migrate::migrate;
use serde_json::{Value, json};

const MESSAGES: &str = "/rest/v1/messages";

fn queueing(workers: u32) -> TestAppBuilder {
    let users = json!([{"id": OWNER.id, "email": OWNER.email, "password": "owner-password"}]);
    TestApp::builder()
        .with_store()
        .set("SEAWALL_DEV_AUTH_USERS", &users.to_string())
        .set("SEAWALL_QUEUE_BACKOFF", "50")
        .set("SEAWALL_QUEUE_WORKERS", &workers.to_string())
}

async fn sign_in(app: &TestApp) -> String {
    let body = json!({"email": OWNER.email, "password": "owner-password"});
    let path = "/auth/v1/token?grant_type=password";
    let session = app.anonymous().post(path, &body).send().await.expect(200).json();
    let token = session.get("access_token").and_then(Value::as_str);
    token.unwrap_or_default().to_owned()
}

async fn sign_out(app: &TestApp, token: &str, scope: &str) {
    let path = format!("/auth/v1/logout?scope={scope}");
    let answer = app.with_token(token).post(&path, &json!({})).send().await;
    answer.expect(204);
}

/// Queues a write; gives the job's address.
async fn queued(caller: &Caller<'_>, path: &str, body: &Value, organisation: Option<&str>) -> String {
    let mut request = caller.post(path, body).prefer("respond-async");
    if let Some(organisation) = organisation {
        request = request.header("x-organisation", organisation);
    }
    let answer = request.send().await.expect(202);
    answer.header("location").to_owned()
}

/// The job once nothing changes about it any more, as an administrator sees it.
async fn ended(app: &TestApp, location: &str) -> Value {
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let job = admin.get(location).send().await.expect(200).json();
        let state = job.get("state").and_then(Value::as_str).unwrap_or_default();
        if !["queued", "running"].contains(&state) {
            return job;
        }
        assert!(Instant::now() < until, "{job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn message(text: &str) -> Value {
    json!({"room_id": HARBOUR, "body": text})
}

async fn count(app: &TestApp, table: &str, body: &str) -> String {
    let sql = format!("select count(*) from {table} where body = '{body}'");
    app.database().value(&sql).await
}

#[tokio::test]
async fn what_was_queued_before_a_sign_out_is_not_carried_out_after_it() {
    // Accepted by one that carries nothing out, so that everything has happened before anything begins.
    let accepting = queueing(0).start().await;
    let (one, another) = (sign_in(&accepting).await, sign_in(&accepting).await);
    let gone = queued(
        &accepting.with_token(&one),
        MESSAGES,
        &message("of the gone"),
        None,
    )
    .await;
    let there = queued(
        &accepting.with_token(&another),
        MESSAGES,
        &message("of who stays"),
        None,
    )
    .await;
    sign_out(&accepting, &one, "local").await;
    let working = queueing(2).beside(&accepting).start().await;
    let job = ended(&working, &gone).await;
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("dead"), &json!("SEAWALL_TOKEN_REVOKED")),
        "{job}"
    );
    let why = job["result"]["body"]["message"].as_str().unwrap();
    assert!(why.contains("revoked before the job began"), "{job}");
    assert_eq!(ended(&working, &there).await["state"], "completed");
    assert_eq!(count(&working, "messages", "of the gone").await, "0");
    assert_eq!(count(&working, "messages", "of who stays").await, "1");
    // Trying again does not help.
    let admin = working.with_claims(&json!({"role": "service_role"}));
    admin
        .post(&format!("{gone}/retry"), &json!({}))
        .send()
        .await
        .expect(200);
    assert_eq!(ended(&working, &gone).await["code"], "SEAWALL_TOKEN_REVOKED");
}

#[tokio::test]
async fn a_user_who_signs_out_everywhere_takes_every_job_along() {
    let accepting = queueing(0).start().await;
    let (one, another) = (sign_in(&accepting).await, sign_in(&accepting).await);
    let job = queued(
        &accepting.with_token(&one),
        MESSAGES,
        &message("everywhere"),
        None,
    )
    .await;
    sign_out(&accepting, &another, "global").await;
    let working = queueing(2).beside(&accepting).start().await;
    assert_eq!(ended(&working, &job).await["code"], "SEAWALL_TOKEN_REVOKED");
    assert_eq!(count(&working, "messages", "everywhere").await, "0");
}

const DOCUMENTS: &str = "
    create table documents (org_id text not null, body text not null);
    create table crews (user_id text not null, org_id text not null);
    alter table documents enable row level security;
    create policy own on documents to authenticated
      using (org_id = nullif(current_setting('request.organisation', true), ''))
      with check (org_id = nullif(current_setting('request.organisation', true), ''));
    grant select, insert on documents to authenticated;
    grant select on crews to authenticated;";

fn organised(workers: u32) -> TestAppBuilder {
    queueing(workers)
        .set("SEAWALL_ORGANISATION_HEADER", "x-organisation")
        .set(
            "SEAWALL_ORGANISATION_MEMBERSHIP",
            "crews?select=org_id&user_id=eq.{sub}",
        )
}

#[tokio::test]
async fn a_job_is_for_the_organisation_of_its_request_as_long_as_it_is_the_callers() {
    let path = "/rest/v1/documents";
    let accepting = organised(0)
        .prepared_with(&format!(
            "{DOCUMENTS} insert into crews values ('{0}', 'red'), ('{0}', 'blue')",
            OWNER.id
        ))
        .start()
        .await;
    let owner = accepting.as_user(OWNER);
    let red = json!({"org_id": "red", "body": "for red"});
    let blue = json!({"org_id": "blue", "body": "for blue"});
    let smuggled = json!({"org_id": "blue", "body": "smuggled"});
    let kept = queued(&owner, path, &red, Some("red")).await;
    let left = queued(&owner, path, &blue, Some("blue")).await;
    let crossing = queued(&owner, path, &smuggled, Some("red")).await;
    accepting
        .database()
        .run("delete from crews where org_id = 'blue'")
        .await;
    let working = organised(2).beside(&accepting).start().await;
    assert_eq!(ended(&working, &kept).await["state"], "completed");
    assert_eq!(
        ended(&working, &left).await["code"],
        "SEAWALL_FOREIGN_ORGANISATION"
    );
    assert_eq!(ended(&working, &crossing).await["code"], "42501");
    for (body, rows) in [("for red", "1"), ("for blue", "0"), ("smuggled", "0")] {
        assert_eq!(count(&working, "documents", body).await, rows, "{body}");
    }
}

#[tokio::test]
async fn with_a_store_in_another_database_writes_are_not_queued_but_carried_out() {
    let elsewhere = Database::create().await;
    migrate(&elsewhere.owner_url().as_str().into()).await.unwrap();
    let app = TestApp::builder()
        .set("SEAWALL_STORE_DATABASE_URL", &elsewhere.owner_url())
        .set("SEAWALL_AUDIT", "false")
        .start()
        .await;
    let until = Instant::now() + Duration::from_secs(60);
    for number in 0.. {
        let body = message(&format!("at once {number}"));
        let write = app.as_user(OWNER).post(MESSAGES, &body).prefer("respond-async");
        let answer = write.send().await;
        if answer.status == 201 {
            assert_eq!(answer.header("preference-applied"), "");
            break;
        }
        // Only while the two have not been compared yet.
        assert_eq!(answer.expect(503).code(), "SEAWALL_QUEUE_UNAVAILABLE");
        assert!(Instant::now() < until);
    }
    assert_eq!(elsewhere.value("select count(*) from seawall.jobs").await, "0");
}
