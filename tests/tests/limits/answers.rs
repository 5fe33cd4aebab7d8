//! What a caller is told: on every answer where it stands, and when it is refused what would help.

use seawall_e2e::{OWNER, TestApp};
use serde_json::{Value, json};

const ROOMS: &str = "/rest/v1/rooms?select=id";

fn claims(user: &str, tier: &str) -> Value {
    json!({"sub": user, "role": "authenticated", "app_metadata": {"tier": tier, "org_id": "o"}})
}

fn tiered() -> seawall_e2e::TestAppBuilder {
    TestApp::builder()
        .set("SEAWALL_RATE_LIMITS", "true")
        .set("SEAWALL_UPGRADE_URL", "https://example.test/plans")
}

#[tokio::test]
async fn every_scope_is_told_the_nearest_first() {
    let app = tiered().start().await;
    let caller = app.with_claims(&claims(OWNER.id, "free"));
    let answer = caller
        .get(ROOMS)
        .header("origin", "https://page.test")
        .send()
        .await
        .expect(200);
    assert_eq!(
        answer.header("ratelimit-policy"),
        "\"user\";q=20;w=60, \"organisation\";q=100;w=60, \"reads\";q=100;w=60, \"ip\";q=1000;w=60"
    );
    assert_eq!(
        answer.header("ratelimit"),
        "\"user\";r=19;t=3, \"organisation\";r=99;t=1, \"reads\";r=99;t=1, \"ip\";r=999;t=1"
    );
    let told: Vec<&str> = ["tier", "limit", "window", "remaining", "reset"]
        .iter()
        .map(|name| answer.header(&format!("x-ratelimit-{name}")))
        .collect();
    assert_eq!(told, ["free", "20", "60", "19", "3"]);
    let exposed = answer.header("access-control-expose-headers").to_lowercase();
    for name in [
        "ratelimit",
        "ratelimit-policy",
        "retry-after",
        "x-ratelimit-tier",
        "x-ratelimit-limit",
        "x-ratelimit-window",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "x-seawall-limiter",
    ] {
        assert!(
            exposed.split(", ").any(|header| header == name),
            "{name} is not exposed"
        );
    }
}

#[tokio::test]
async fn a_refused_caller_learns_both_tiers_and_when_to_come_back() {
    let app = tiered().start().await;
    let caller = app.with_claims(&claims(OWNER.id, "free"));
    for _ in 0..20 {
        caller.get(ROOMS).send().await.expect(200);
    }
    let refused = caller.get(ROOMS).send().await.expect(429);
    let body = refused.json();
    assert_eq!(body["code"], "SEAWALL_RATE_LIMITED");
    assert_eq!((&body["tier"], &body["scope"]), (&json!("free"), &json!("user")));
    assert_eq!(
        body["limits"]["current"],
        json!({
            "tier": "free", "historyDays": 7,
            "general": {"limit": 20, "window": 60000}, "expensive": {"limit": 10, "window": 3_600_000},
            "organisation": {"limit": 100, "window": 60000},
        })
    );
    assert_eq!(body["limits"]["next"]["general"]["limit"], 100);
    assert_eq!(body["upgrade"], "https://example.test/plans");
    // Never before the time that the header tells.
    let wait = refused.number("retry-after");
    assert_eq!(body["retryAfter"], wait);
    assert!(
        refused
            .header("ratelimit")
            .starts_with(&format!("\"user\";r=0;t={wait}, "))
    );
    // Another tier is another limit, and others are not concerned.
    app.with_claims(&claims(OWNER.id, "enterprise"))
        .get(ROOMS)
        .send()
        .await
        .expect(200);
    app.with_claims(&claims("22222222-2222-4222-8222-222222222222", "free"))
        .get(ROOMS)
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn the_organisation_that_a_request_names_is_the_one_that_is_charged() {
    let app = tiered()
        .set("SEAWALL_ORGANISATION_HEADER", "x-organisation")
        .set(
            "SEAWALL_TIERS",
            &json!({"free": {"general-limit": 100, "organisation-limit": 2, "organisation-window": 3_600_000}}).to_string(),
        )
        .start()
        .await;
    let caller = app.with_claims(&json!({
        "sub": OWNER.id, "role": "authenticated", "app_metadata": {"tier": "free", "org_id": ["red", "blue"]}
    }));
    let ask = |organisation: &str| caller.get(ROOMS).header("x-organisation", organisation).send();
    for _ in 0..2 {
        ask("red").await.expect(200);
    }
    let refused = ask("red").await.expect(429);
    assert_eq!(refused.json()["scope"], "organisation");
    ask("blue").await.expect(200);
    // A colleague of the same organisation is charged to it as well.
    let colleague = app.with_claims(&json!({
        "sub": "22222222-2222-4222-8222-222222222222", "role": "authenticated",
        "app_metadata": {"tier": "free", "org_id": ["red"]}
    }));
    colleague.get(ROOMS).send().await.expect(429);
}

#[tokio::test]
async fn exports_are_expensive_and_have_their_own_limit_by_tier() {
    let app = tiered().start().await;
    let caller = app.with_claims(&claims(OWNER.id, "free"));
    for _ in 0..10 {
        caller
            .get(ROOMS)
            .header("accept", "text/csv")
            .send()
            .await
            .expect(200);
    }
    let refused = caller
        .get(ROOMS)
        .header("accept", "text/csv")
        .send()
        .await
        .expect(429);
    assert_eq!(refused.json()["scope"], "expensive");
    assert!(
        (300..=360).contains(&refused.number("retry-after")),
        "{}",
        refused.number("retry-after")
    );
    // What was refused cost nothing elsewhere.
    let plain = caller.get(ROOMS).send().await.expect(200);
    assert_eq!(plain.number("x-ratelimit-remaining"), 9);
}

#[tokio::test]
async fn the_published_policy_has_the_tiers_and_changes_its_tag_with_them() {
    let app = tiered().start().await;
    let answer = app.anonymous().get("/policy").send().await.expect(200);
    let names: Vec<Value> = answer.json()["$tiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tier| tier["tier"].clone())
        .collect();
    assert_eq!(names, ["free", "pro", "enterprise"]);
    let tag = answer.header("etag").to_owned();
    app.anonymous()
        .get("/policy")
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(304);

    let admin = app.with_claims(&json!({"role": "service_role"}));
    let wish = json!({"general": {"limit": 33, "window": 60000}});
    admin
        .patch("/admin/limits/tiers/free", &wish)
        .send()
        .await
        .expect(200);
    let changed = app
        .anonymous()
        .get("/policy")
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(200);
    assert_eq!(changed.json()["$tiers"][0]["general"]["limit"], 33);
}
