//! A request whose role and claims cannot be set gets nothing, and is counted.

use seawall_e2e::{OWNER, TestApp};
use serde_json::json;

async fn failures(app: &TestApp) -> String {
    let metrics = app.anonymous().get("/metrics").send().await.expect(200);
    let text = String::from_utf8_lossy(&metrics.body);
    let line = text
        .lines()
        .find(|line| line.starts_with("rls_context_failures_total"));
    line.unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_context_that_cannot_be_set_is_a_500_and_counted() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_ANON_ROLE", "seawall_test_nobody")
        .set("SEAWALL_DB_POOL", "1")
        .start()
        .await;
    assert_eq!(failures(&app).await, "rls_context_failures_total 0");
    for _ in 0..3 {
        let answer = app.anonymous().get("/rest/v1/rooms").send().await.expect(500);
        assert_eq!(answer.code(), "SEAWALL_RLS_CONTEXT");
        assert!(!answer.json().to_string().contains("seawall_test_nobody"));
    }
    assert_eq!(failures(&app).await, "rls_context_failures_total 3");
    // The connection is new, and nothing of those requests is on it.
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn a_write_whose_context_cannot_be_set_writes_nothing() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_ANON_ROLE", "seawall_test_nobody")
        .start()
        .await;
    app.database()
        .run("grant all on messages to public; alter table messages disable row level security")
        .await;
    let message = json!({"room_id": seawall_e2e::HARBOUR, "author_id": OWNER.id, "body": "forged"});
    app.anonymous()
        .post("/rest/v1/messages", &message)
        .send()
        .await
        .expect(500);
    assert_eq!(
        app.database()
            .value("select count(*) from messages where body = 'forged'")
            .await,
        "0"
    );
}

#[tokio::test]
async fn the_login_role_itself_can_do_nothing() {
    let app = TestApp::start().await;
    let login = app
        .database()
        .value("select rolname from pg_roles where rolname = 'seawall_e2e_login'")
        .await;
    for role in [login.as_str(), "none", "NONE"] {
        let claims = json!({"sub": OWNER.id, "role": role});
        let answer = app.with_claims(&claims).get("/rest/v1/rooms").send().await;
        assert!(
            matches!(answer.status.as_u16(), 401 | 403),
            "{role}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn a_role_that_bypasses_rls_is_refused_from_a_browser_only() {
    let app = TestApp::start().await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    service.get("/rest/v1/rooms").send().await.expect(200);
    let browser = service
        .get("/rest/v1/rooms")
        .header("origin", "http://example.test")
        .send()
        .await
        .expect(403);
    assert_eq!(browser.code(), "SEAWALL_BYPASSRLS_FROM_BROWSER");
}
