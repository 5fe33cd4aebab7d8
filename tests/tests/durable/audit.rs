//! What is recorded of requests, what is not, and that nothing is lost on the way.

use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp, TestAppBuilder};
use serde_json::{Value, json};

fn audited() -> (TestAppBuilder, Folder) {
    let folder = Folder::new();
    let builder = TestApp::builder()
        .with_store()
        .set("SEAWALL_AUDIT_DIR", folder.path());
    (builder, folder)
}

/// A folder for records that wait.
pub(crate) struct Folder(String);

impl Folder {
    pub(crate) fn new() -> Self {
        static MADE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = MADE.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("seawall-audit-test-{}-{number}", std::process::id());
        Self(std::env::temp_dir().join(name).to_string_lossy().into_owned())
    }

    pub(crate) fn path(&self) -> &str {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _never_made = std::fs::remove_dir_all(&self.0);
    }
}

/// The record of a request, when it has arrived.
async fn record(app: &TestApp, request_id: &str) -> Value {
    let sql = format!("select to_jsonb(audit) from seawall.audit where request_id = '{request_id}'");
    let until = Instant::now() + Duration::from_secs(90);
    loop {
        let found = app.database().value(&sql).await;
        if !found.is_empty() {
            return serde_json::from_str(&found).unwrap_or_default();
        }
        assert!(Instant::now() < until, "no record of {request_id}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_record_says_who_what_when_from_where_and_how_it_went() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    let claims =
        json!({"sub": OWNER.id, "role": "authenticated", "app_metadata": {"org_id": "o-1", "plan": "pro"}});
    let read = app.with_claims(&claims).get("/rest/v1/rooms?select=name&id=eq.5");
    let answer = read.header("x-request-id", "who-1").send().await;
    let record = record(&app, "who-1").await;
    let expected = json!({
        "method": "GET", "route": "rest", "status": answer.status.as_u16(), "subject": OWNER.id,
        "role": "authenticated", "organisation": "o-1", "tier": "pro", "address": "127.0.0.1",
        "query": "select=name&id=eq.5", "body": null,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(record.get(name), Some(value), "{name}: {record}");
    }
    assert!(
        record
            .get("target")
            .and_then(Value::as_str)
            .unwrap()
            .ends_with("rooms"),
        "{record}"
    );
}

#[tokio::test]
async fn a_record_names_the_organisation_that_was_decided_not_one_the_token_happens_to_name() {
    let (builder, _folder) = audited();
    let app = builder
        .set("SEAWALL_ORGANISATION_HEADER", "x-organisation")
        .start()
        .await;
    let claims = json!({
        "sub": OWNER.id, "role": "authenticated", "tenant_id": "of another time",
        "app_metadata": {"org_id": ["o-1", "o-2"], "organization_id": "of another time"},
    });
    let caller = app.with_claims(&claims);
    for (id, organisation) in [("org-1", Some("o-1")), ("org-2", Some("o-2")), ("org-none", None)] {
        let read = caller
            .get("/rest/v1/rooms?select=name")
            .header("x-request-id", id);
        let read = match organisation {
            Some(organisation) => read.header("x-organisation", organisation),
            None => read,
        };
        read.send().await.expect(200);
        let record = record(&app, id).await;
        assert_eq!(record.get("organisation"), Some(&json!(organisation)), "{record}");
    }
}

#[tokio::test]
async fn refusals_are_recorded_by_whom_they_were_refused_and_why() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    let forged = app.with_token("eyJ.bad.token").get("/rest/v1/rooms");
    forged.header("x-request-id", "no-1").send().await.expect(401);
    let smuggled = app
        .as_user(GUEST)
        .post("/rest/v1/messages", &json!({"room_id": LIGHTHOUSE, "body": "x"}));
    smuggled.header("x-request-id", "no-2").send().await.expect(403);
    let unknown = app.as_user(GUEST).get("/rest/v1/nothing_here");
    unknown.header("x-request-id", "no-3").send().await.expect(404);
    let outcome = async |id: &str| {
        let record = record(&app, id).await;
        let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        (text("outcome"), text("code"), text("subject"))
    };
    assert_eq!(outcome("no-1").await.0, "denied");
    assert_eq!(outcome("no-1").await.2, "-");
    assert_eq!(
        outcome("no-2").await,
        ("denied".into(), "42501".into(), GUEST.id.into())
    );
    assert_eq!(
        outcome("no-3").await,
        ("refused".into(), "PGRST205".into(), GUEST.id.into())
    );
}

#[tokio::test]
async fn excluded_paths_leave_no_record() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    for path in ["/health", "/ready", "/metrics", "/policy"] {
        app.anonymous()
            .get(path)
            .header("x-request-id", "open-1")
            .send()
            .await;
    }
    app.anonymous()
        .get("/rest/v1/rooms")
        .header("x-request-id", "last")
        .send()
        .await;
    record(&app, "last").await;
    let count = "select count(*) from seawall.audit where request_id = 'open-1'";
    assert_eq!(app.database().value(count).await, "0");
}

#[tokio::test]
async fn of_bodies_and_queries_nothing_personal_is_stored() {
    let (builder, _folder) = audited();
    let app = builder
        .set("SEAWALL_AUDIT_BODIES", "true")
        .set("SEAWALL_AUDIT_ADDRESSES", "network")
        .start()
        .await;
    let owner = app.as_user(OWNER);
    let body = json!({
        "room_id": HARBOUR,
        "body": "mail anna@corp.example or +49 30 1234567, card 4111 1111 1111 1111, key sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    });
    let write = owner.post("/rest/v1/messages?columns=room_id,body", &body);
    write.header("x-request-id", "body-1").send().await.expect(201);
    let query = "/rest/v1/profiles?display_name=eq.Anna&or=(email.eq.a%40b.example,id.eq.1)&note=eq.bob%40corp.example";
    owner.get(query).header("x-request-id", "query-1").send().await;
    let (body, query) = (record(&app, "body-1").await, record(&app, "query-1").await);
    assert_eq!(body.pointer("/body/room_id"), Some(&json!(HARBOUR)));
    assert_eq!(body.get("address"), Some(&json!("127.0.0.0")));
    let stored = format!("{body} {query}");
    for secret in ["anna", "1234567", "4111 1111", "sk_live", "Anna", "a@b", "bob@"] {
        assert!(!stored.contains(secret), "{secret}: {stored}");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_is_recorded_too() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    app.database()
        .run(
            "create function nap() returns int language sql volatile as $$ select pg_sleep(5); select 7 $$;
             grant execute on function nap() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("nap").await;
    let nap = app
        .as_user(OWNER)
        .post("/rest/v1/rpc/nap", &json!({}))
        .header("x-request-id", "gone-1");
    let _ = tokio::time::timeout(Duration::from_millis(500), nap.send()).await;
    let record = record(&app, "gone-1").await;
    assert_eq!(
        (record.get("status"), record.get("outcome")),
        (Some(&json!(499)), Some(&json!("abandoned")))
    );
}

#[tokio::test]
async fn records_are_only_ever_added() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    app.anonymous()
        .get("/rest/v1/rooms")
        .header("x-request-id", "stay-1")
        .send()
        .await;
    record(&app, "stay-1").await;
    let tampered = "do $$ begin
        begin update seawall.audit set subject = 'nobody'; raise exception 'updated' using errcode = 'P0002';
        exception when insufficient_privilege then null; end;
        begin delete from seawall.audit; raise exception 'deleted' using errcode = 'P0002';
        exception when insufficient_privilege then null; end;
      end $$";
    app.database().run(tampered).await;
    assert_eq!(
        record(&app, "stay-1").await.get("request_id"),
        Some(&json!("stay-1"))
    );
    let may = "select bool_or(has_table_privilege(role, 'seawall.audit', 'select, insert, update, delete'))
        from unnest(array['anon', 'authenticated', 'service_role']) as role";
    assert_eq!(app.database().value(may).await, "f");
}

#[tokio::test]
async fn while_the_database_is_away_records_wait_and_then_arrive_once() {
    let (builder, _folder) = audited();
    let app = builder.set("SEAWALL_REQUEST_TIMEOUT", "500").start().await;
    app.proxy().refuse();
    for n in 0..20 {
        app.anonymous()
            .get("/rest/v1/rooms")
            .header("x-request-id", &format!("away-{n}"))
            .send()
            .await;
    }
    app.proxy().pass();
    for n in 0..20 {
        let found = record(&app, &format!("away-{n}")).await;
        assert!(found.get("status").is_some());
    }
    let twice = "select count(*) from (select 1 from seawall.audit group by request_id having count(*) > 1) as repeated";
    assert_eq!(app.database().value(twice).await, "0");
}

#[tokio::test]
async fn what_the_disk_has_no_room_for_is_counted_and_told() {
    let (builder, _folder) = audited();
    let app = builder
        .set("SEAWALL_AUDIT_SPILL_LIMIT", "65536")
        .set("SEAWALL_REQUEST_TIMEOUT", "500")
        .start()
        .await;
    app.database()
        .run("alter table seawall.audit rename to audit_elsewhere")
        .await;
    let long = format!("/rest/v1/rooms?note=eq.{}", "x%20".repeat(400));
    for _ in 0..100 {
        app.anonymous().get(&long).send().await;
    }
    let metrics = app.anonymous().get("/metrics").send().await.expect(200).body;
    let metrics = String::from_utf8_lossy(&metrics).into_owned();
    let value = |series: &str| {
        let line = metrics
            .lines()
            .find(|line| line.starts_with(series))
            .unwrap_or("none 0");
        line.rsplit(' ')
            .next()
            .and_then(|number| number.parse::<f64>().ok())
            .unwrap_or(0.0)
    };
    let lost = value("audit_records_total{outcome=\"lost\"}");
    let kept = value("audit_records_total{outcome=\"acknowledged\"}");
    assert!(lost > 0.0 && kept > 0.0, "{metrics}");
    assert!(metrics.contains("what=\"audit_lost\"} 1"), "{metrics}");
    app.database()
        .run("alter table seawall.audit_elsewhere rename to audit")
        .await;
    let until = Instant::now() + Duration::from_secs(90);
    while app
        .database()
        .value("select count(*) from seawall.audit")
        .await
        .parse::<f64>()
        .unwrap_or(0.0)
        < kept
    {
        assert!(Instant::now() < until, "acknowledged records did not arrive");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_burst_of_denials_raises_a_security_event() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    for _ in 0..25 {
        let smuggled = json!({"room_id": LIGHTHOUSE, "body": "x"});
        app.as_user(GUEST)
            .post("/rest/v1/messages", &smuggled)
            .send()
            .await
            .expect(403);
    }
    let metrics = app.anonymous().get("/metrics").send().await.expect(200).body;
    let metrics = String::from_utf8_lossy(&metrics).into_owned();
    assert!(metrics.contains("what=\"anomaly_denials\"} 1"), "{metrics}");
}

#[tokio::test]
async fn a_server_that_stops_sends_its_last_records() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    let watcher = TestApp::builder().beside(&app).start().await;
    app.anonymous()
        .get("/rest/v1/rooms")
        .header("x-request-id", "last-1")
        .send()
        .await;
    app.stop().await;
    assert_eq!(
        watcher
            .database()
            .value("select count(*) from seawall.audit where request_id = 'last-1'")
            .await,
        "1"
    );
}

#[tokio::test]
async fn administrators_search_page_by_page_and_nobody_else_does() {
    let (builder, _folder) = audited();
    let app = builder.start().await;
    for number in 0..3 {
        let read = app.as_user(OWNER).get("/rest/v1/rooms?select=name");
        read.header("x-request-id", &format!("searched-{number}"))
            .send()
            .await
            .expect(200);
        record(&app, &format!("searched-{number}")).await;
    }
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let path = format!("/admin/audit?subject={}&status=200&limit=2", OWNER.id);
    let page = admin.get(&path).send().await.expect(200).json();
    let ids = |page: &Value| {
        let records = page
            .get("records")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let ids = records
            .iter()
            .filter_map(|record| record.get("request_id")?.as_str().map(str::to_owned));
        ids.collect::<Vec<_>>()
    };
    assert_eq!(ids(&page), ["searched-2", "searched-1"]);
    let next = page.get("next").and_then(Value::as_str).unwrap_or_default();
    let rest = admin
        .get(&format!("{path}&before={next}"))
        .send()
        .await
        .expect(200)
        .json();
    assert_eq!(ids(&rest), ["searched-0"]);
    admin.get("/admin/audit?from=yesterday").send().await.expect(400);
    app.as_user(OWNER).get("/admin/audit").send().await.expect(403);
}
