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

/// Functions that lock something for as long as the session lives, as they should not.
const LOCKING: &str = "
    create function locks() returns int language sql volatile as $$ select pg_advisory_lock(77); select 1 $$;
    create function locks_and_fails() returns int language plpgsql as $$
      begin perform pg_advisory_lock(78); raise exception 'no'; end $$;
    create function locked() returns trigger language plpgsql as $$
      begin perform pg_advisory_lock_shared(79); return new; end $$;
    create trigger locked before insert on messages for each row execute function locked();
    grant execute on function locks(), locks_and_fails() to authenticated;";

#[tokio::test]
async fn a_lock_of_the_session_ends_with_the_request_that_took_it() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_POOL", "2")
        .prepared_with(LOCKING)
        .start()
        .await;
    let owner = app.as_user(OWNER);
    let nothing = json!({});
    owner
        .post("/rest/v1/rpc/locks", &nothing)
        .send()
        .await
        .expect(200);
    owner
        .post("/rest/v1/rpc/locks_and_fails", &nothing)
        .send()
        .await
        .expect(400);
    let message = json!({"room_id": seawall_e2e::HARBOUR, "body": "locked"});
    owner.post("/rest/v1/messages", &message).send().await.expect(201);
    let held = "select count(*)::text from pg_locks where locktype = 'advisory' and objid in (77, 78, 79)
                and database = (select oid from pg_database where datname = current_database())";
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while app.database().value(held).await != "0" {
        assert!(std::time::Instant::now() < until, "a session keeps a lock");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}
