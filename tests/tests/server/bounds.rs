//! What a request may cost: refused before it is run, by role, with a code of its own.

use seawall_e2e::{OWNER, TestApp};
use serde_json::json;

const LARGE: &str = "create table readings (id int primary key, value int);
    insert into readings select n, n % 7 from generate_series(1, 20000) n;
    analyze readings;
    grant select, update on readings to authenticated;
    notify pgrst";

async fn bounded(name: &str, value: &str) -> TestApp {
    let app = TestApp::builder().set(name, value).start().await;
    app.database().run(LARGE).await;
    app.wait_for_table("readings").await;
    app
}

#[tokio::test]
async fn a_statement_that_would_cost_too_much_is_not_run() {
    let app = bounded(
        "SEAWALL_DB_ROLE_BOUNDS",
        r#"{"authenticated": {"max-cost": 100}}"#,
    )
    .await;
    for _ in 0..3 {
        let answer = app
            .as_user(OWNER)
            .get("/rest/v1/readings?value=eq.3")
            .send()
            .await
            .expect(400);
        assert_eq!(answer.code(), "SEAWALL_QUERY_COST");
    }
    let one = app
        .as_user(OWNER)
        .get("/rest/v1/readings?id=eq.3&select=value")
        .send()
        .await
        .expect(200);
    assert_eq!(one.column("value"), ["3"]);
    // A role without such a bound is not asked.
    let service = app.with_claims(&json!({"role": "service_role"}));
    service.get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn a_write_that_would_cost_too_much_writes_nothing() {
    let app = bounded("SEAWALL_DB_MAX_COST", "100").await;
    let answer = app
        .as_user(OWNER)
        .patch("/rest/v1/readings?value=gte.0", &json!({"value": 9}))
        .send()
        .await;
    assert_eq!(answer.expect(400).code(), "SEAWALL_QUERY_COST");
    assert_eq!(
        app.database()
            .value("select count(*) from readings where value = 9")
            .await,
        "0"
    );
    let one = app
        .as_user(OWNER)
        .patch("/rest/v1/readings?id=eq.5", &json!({"value": 9}))
        .send()
        .await;
    one.expect(204);
    assert_eq!(
        app.database()
            .value("select count(*) from readings where value = 9")
            .await,
        "1"
    );
}

#[tokio::test]
async fn a_refusal_by_cost_leaves_the_connection_clean() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_POOL", "1")
        .set("SEAWALL_DB_ROLE_BOUNDS", r#"{"authenticated": {"max-cost": 0}}"#)
        .start()
        .await;
    for _ in 0..2 {
        app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(400);
        app.anonymous().get("/rest/v1/rooms").send().await.expect(401);
        let service = app.with_claims(&json!({"role": "service_role"}));
        assert_eq!(
            service
                .get("/rest/v1/rooms")
                .send()
                .await
                .expect(200)
                .rows()
                .len(),
            2
        );
    }
}

#[tokio::test]
async fn embeds_are_bounded_in_depth_and_number_by_role() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_MAX_EMBEDS", "2")
        .set(
            "SEAWALL_DB_ROLE_BOUNDS",
            r#"{"authenticated": {"max-embed-depth": 1}}"#,
        )
        .start()
        .await;
    let code = async |path: &str| app.as_user(OWNER).get(path).send().await.expect(400).code();
    let deep = "/rest/v1/rooms?select=name,messages(body,profiles(display_name))";
    assert_eq!(code(deep).await, "SEAWALL_EMBED_DEPTH");
    let wide = "/rest/v1/rooms?select=name,messages(id),memberships(user_id),more:messages(id)";
    assert_eq!(code(wide).await, "SEAWALL_EMBED_COUNT");
    app.as_user(OWNER)
        .get("/rest/v1/rooms?select=name,messages(id)")
        .send()
        .await
        .expect(200);
    app.with_claims(&json!({"role": "service_role"}))
        .get(deep)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn a_relation_can_be_kept_out_of_embeds() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_UNEMBEDDABLE", "memberships")
        .start()
        .await;
    let answer = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?select=name,memberships(user_id)")
        .send()
        .await;
    assert_eq!(answer.expect(400).code(), "SEAWALL_EMBED_OFF");
    app.as_user(OWNER)
        .get("/rest/v1/memberships")
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn aggregates_can_be_allowed_over_some_relations() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_AGGREGATES_ENABLED", "true")
        .set("SEAWALL_DB_AGGREGATES_TABLES", "public.messages")
        .start()
        .await;
    let counted = app
        .as_user(OWNER)
        .get("/rest/v1/messages?select=count()")
        .send()
        .await;
    assert_eq!(counted.expect(200).rows().len(), 1);
    let refused = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?select=count()")
        .send()
        .await;
    assert_eq!(refused.expect(400).code(), "PGRST123");
    let embedded = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?select=name,messages(count)")
        .send()
        .await;
    embedded.expect(200);
}
