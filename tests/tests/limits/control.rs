//! What an operator decides holds on every instance.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, ServerProcess, TestApp, TestRedis};
use serde_json::{Value, json};

const ROOMS: &str = "/rest/v1/rooms?select=id";

fn policy() -> Value {
    json!({"limits": {"reads": {"limit": 2, "window": 3_600_000}}})
}

async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let until = Instant::now() + Duration::from_secs(15);
    while !is_so().await {
        assert!(Instant::now() < until, "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_key_is_unblocked_on_every_instance() {
    let redis = TestRedis::start().await;
    let patient = |builder: seawall_e2e::TestAppBuilder| {
        builder
            .limits(&policy())
            .redis(&redis)
            .set("SEAWALL_REDIS_TIMEOUT", "1000")
    };
    let one = patient(TestApp::builder()).start().await;
    let other = patient(TestApp::builder()).beside(&one).start().await;
    let status = async |app: &TestApp| app.as_user(OWNER).get(ROOMS).send().await.status;
    // Sooner where a busy machine let one lose Redis for a moment. Both know then, and ask Redis no more.
    for app in [&one, &other] {
        eventually("the limit does not hold", async || status(app).await == 429).await;
    }
    let admin = one.with_claims(&json!({"role": "service_role"}));
    let seen = admin.get("/admin/limits").send().await.expect(200).json();
    let nearest = seen["nearest"]
        .as_array()
        .unwrap()
        .iter()
        .find(|near| near["scope"] == "reads");
    let key = nearest.unwrap()["key"].as_str().unwrap().to_owned();
    assert!(!seen.to_string().contains(OWNER.id), "a user is named");
    let path = format!("/admin/limits/keys/{key}");
    for app in [&one, &other] {
        eventually("an instance did not hear", async || {
            admin.delete(&path).send().await.expect(204);
            status(app).await == 200
        })
        .await;
    }
    eventually("the limit is gone", async || status(&one).await == 429).await;
}

#[tokio::test]
async fn a_tier_is_adjusted_on_every_instance() {
    let one = TestApp::builder().limits(&policy()).start().await;
    let other = TestApp::builder().limits(&policy()).beside(&one).start().await;
    let admin = one.with_claims(&json!({"role": "service_role"}));
    let wish = json!({"general": {"limit": 77, "window": 60000}});
    eventually("the other instance did not hear", async || {
        admin
            .patch("/admin/limits/tiers/enterprise", &wish)
            .send()
            .await
            .expect(200);
        let answer = other
            .as_user(OWNER)
            .get("/rest/v1/messages?select=id")
            .send()
            .await;
        answer.header("ratelimit-policy").contains("\"user\";q=77;w=60")
    })
    .await;
    admin
        .patch("/admin/limits/tiers/none", &wish)
        .send()
        .await
        .expect(404);
    let zero = json!({"general": {"limit": 0, "window": 60000}});
    admin
        .patch("/admin/limits/tiers/free", &zero)
        .send()
        .await
        .expect(400);
    one.as_user(OWNER).get("/admin/limits").send().await.expect(403);
}

#[tokio::test]
async fn a_hangup_reads_limits_anew_and_a_mistake_changes_nothing() {
    let app = TestApp::start().await;
    let file = std::env::temp_dir().join(format!("seawall-limits-{}.toml", std::process::id()));
    let write = |limit: &str| {
        let text = format!(
            "rate-limits = true\ndefault-tier = \"enterprise\"\n[policy.limits.reads]\nlimit = {limit}"
        );
        std::fs::write(&file, text).unwrap();
    };
    write("7");
    let path = file.to_string_lossy().into_owned();
    let settings = [("SEAWALL_RATE_LIMITS", "true")];
    let server = ServerProcess::start_by(app.database(), &["--config", &path], &settings).await;
    let limit = async || {
        let answer = server.as_user(OWNER, http::Method::GET, ROOMS).send().await;
        answer.number("x-ratelimit-limit")
    };
    assert_eq!(limit().await, 7);
    write("9");
    assert!(hang_up(&server));
    eventually("the new limit does not hold", async || limit().await == 9).await;
    let told = async |line: &str| {
        let metrics = server.request(http::Method::GET, "/metrics").send().await;
        String::from_utf8_lossy(&metrics.body).contains(line)
    };
    assert!(told("config_last_reload_successful 1").await);
    write("0");
    assert!(hang_up(&server));
    eventually("the refusal is not told", async || {
        told("config_last_reload_successful 0").await
    })
    .await;
    assert!(told(r#"events_total{kind="reload_refused",what="limits"} 1"#).await);
    assert_eq!(limit().await, 9);
    write("11");
    assert!(hang_up(&server));
    eventually("a mistake that was mended is held against it", async || {
        limit().await == 11 && told("config_last_reload_successful 1").await
    })
    .await;
    std::fs::remove_file(&file).unwrap();
}

fn hang_up(server: &ServerProcess) -> bool {
    let pid = server.pid().unwrap_or_default().to_string();
    let sent = std::process::Command::new("kill").args(["-HUP", &pid]).status();
    sent.is_ok_and(|status| status.success())
}
