//! What ships for operators: alert rules and a dashboard, held against the real tools and the live metrics.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, HARBOUR, OWNER, Prometheus, TestApp};
use serde_json::{Value, json};

fn ops() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../ops")
}

/// Every query of the dashboard.
fn queries() -> Vec<String> {
    let text = std::fs::read_to_string(ops().join("grafana/seawall.json")).unwrap_or_default();
    let dashboard: Value = serde_json::from_str(&text).unwrap_or_default();
    let panels = dashboard.get("panels").and_then(Value::as_array).cloned();
    let targets = panels
        .unwrap_or_default()
        .into_iter()
        .filter_map(|panel| panel.get("targets").cloned());
    let targets = targets
        .filter_map(|targets| targets.as_array().cloned())
        .flatten();
    targets
        .filter_map(|target| target.get("expr").and_then(Value::as_str).map(str::to_owned))
        .collect()
}

/// The words of an expression that are metrics' names.
fn names(expression: &str) -> impl Iterator<Item = String> + '_ {
    let words = expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
    let is_name = |word: &&str| {
        [
            "_total",
            "_bucket",
            "_state",
            "_connections",
            "_depth",
            "_seconds",
            "_bytes",
            "_flight",
            "_loaded",
            "_keys",
            "active_users",
            "_series",
        ]
        .iter()
        .any(|end| word.ends_with(end))
    };
    words
        .filter(is_name)
        .map(|word| word.trim_end_matches("_bucket").to_owned())
}

#[test]
fn the_alert_rules_are_sound_and_do_what_they_say() {
    let folder = ops().join("prometheus");
    for words in [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts.test.yml"],
    ] {
        let output = Prometheus::tool(&folder, &words);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{said}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

/// Runs a tool over the systemd unit, with a program in the server's place that every machine has.
fn analyzed(words: &[&str]) -> Option<Output> {
    let unit = std::fs::read_to_string(ops().join("seawall.service")).unwrap_or_default();
    let folder = std::env::temp_dir().join(format!("seawall-unit-{}-{}", std::process::id(), words.len()));
    std::fs::create_dir_all(&folder).ok()?;
    let file = folder.join("seawall.service");
    std::fs::write(&file, unit.replace("/usr/local/bin/seawall", "/bin/true")).ok()?;
    let output = Command::new("systemd-analyze").args(words).arg(&file).output();
    let _nobody_needs_it = std::fs::remove_dir_all(&folder);
    output.ok()
}

/// Where systemd is; it cannot be had everywhere.
#[test]
fn the_systemd_unit_is_sound_and_confines_the_server() {
    let Some(verified) = analyzed(&["verify", "--man=no", "--recursive-errors=no"]) else {
        println!("no systemd-analyze on this machine: the unit is not looked at");
        return;
    };
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert!(verified.status.success() && said.is_empty(), "{said}");
    // From 0 (nothing may be done) to 100.
    let rated = analyzed(&["security", "--offline=true", "--no-pager", "--threshold=20"]).unwrap();
    let said = String::from_utf8_lossy(&rated.stdout).into_owned();
    assert!(
        rated.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&rated.stderr)
    );
}

#[test]
fn every_metric_that_alerts_and_dashboard_name_is_one_of_the_servers() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/src/telemetry");
    let sources: String = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap())
        .collect();
    let alerts = std::fs::read_to_string(ops().join("prometheus/alerts.yml")).unwrap();
    let expressions = alerts
        .lines()
        .filter(|line| !line.contains("description:") && !line.contains("summary:"));
    let named: BTreeSet<String> = expressions
        .map(str::to_owned)
        .chain(queries())
        .flat_map(|expression| names(&expression).collect::<Vec<_>>())
        .collect();
    assert!(named.len() > 25, "{named:?}");
    let unknown: Vec<_> = named
        .iter()
        .filter(|name| !sources.contains(&format!("\"{name}\"")))
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[tokio::test]
async fn prometheus_answers_every_query_of_the_dashboard_over_a_live_server() {
    let limits = json!({"limits": {"reads": {"limit": 20, "window": 60000}}});
    let people = json!({"help": "Members.", "interval": 1, "query": "select room_id is null as roomless, count(*) as value from public.memberships group by 1"});
    let app = TestApp::builder()
        .limits(&limits)
        .set(
            "SEAWALL_BUSINESS_METRICS",
            &json!({"members": people}).to_string(),
        )
        .set("SEAWALL_BUSINESS_METRICS_ROLE", "service_role")
        .start()
        .await;
    let prometheus = Prometheus::start(app.address());
    let until = Instant::now() + Duration::from_secs(40);
    let mut silent = queries();
    assert!(silent.len() > 40, "{}", silent.len());
    while Instant::now() < until && silent.len() > 20 {
        traffic(&app).await;
        let mut still = Vec::new();
        for query in silent {
            if !answers(&prometheus, &query).await {
                still.push(query);
            }
        }
        silent = still;
    }
    // Proxied services, sockets, uploads, jobs and pages are not part of this server's traffic.
    let expected = [
        "http_",
        "database_",
        "circuit_",
        "rate_limit_",
        "auth_failures",
        "schema_cache_loaded",
        "seawall_events",
        "active_users",
        "business_metric_series",
        "business_metric_last",
        "{__name__=~\"seawall_business_",
    ];
    let missing: Vec<_> = silent
        .iter()
        .filter(|query| {
            expected
                .iter()
                .any(|name| query.contains(&format!("({name}")) || query.contains(&format!(" {name}")))
        })
        .filter(|query| {
            !["cut", "discarded", "sqlstate", "anomaly"]
                .iter()
                .any(|rare| query.contains(rare))
        })
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

async fn traffic(app: &TestApp) {
    for _ in 0..10 {
        app.as_user(OWNER).get("/rest/v1/rooms").send().await;
        app.as_user(GUEST)
            .post("/rest/v1/messages", &json!({"room_id": HARBOUR, "body": "hi"}))
            .send()
            .await;
    }
    app.as_user(OWNER).get("/rest/v1/rooms?id=eq.wrong").send().await;
    app.with_token("not a token").get("/rest/v1/rooms").send().await;
    app.as_user(OWNER).get("/admin/breakers").send().await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    for force in ["open", "reset"] {
        let wish = json!({"force": force});
        admin.post("/admin/breakers/postgres", &wish).send().await;
        app.as_user(GUEST).get("/rest/v1/rooms").send().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
}

/// Whether Prometheus has something to say; that it does not understand the query fails the test.
async fn answers(prometheus: &Prometheus, query: &str) -> bool {
    let query = query
        .replace("$instance", ".*")
        .replace("$__rate_interval", "20s");
    let Some(answer) = prometheus.query(&query).await else {
        return false;
    };
    let status = answer.get("status").and_then(Value::as_str);
    assert_eq!(status, Some("success"), "{query}: {answer}");
    let results = answer.pointer("/data/result").and_then(Value::as_array);
    results.is_some_and(|results| !results.is_empty())
}
