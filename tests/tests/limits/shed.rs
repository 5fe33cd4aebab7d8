//! More requests at once than the database bears: they wait their turn, are served, or are sent away by tier.

use std::time::{Duration, Instant};

use seawall_e2e::TestApp;
use serde_json::json;

const SLOW: &str = "create function slow() returns int language plpgsql volatile security definer as \
    $$ begin perform pg_sleep(0.05); return 1; end $$; grant execute on function slow to authenticated; notify pgrst";

fn claims(tier: &str, user: usize) -> serde_json::Value {
    json!({
        "sub": format!("00000000-0000-4000-8000-{user:012}"),
        "role": "authenticated",
        "app_metadata": {"tier": tier},
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_at_once_on_a_pool_of_twenty_meet_no_connection_error() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_POOL", "20")
        .set("SEAWALL_MAX_INFLIGHT", "5000")
        .set("SEAWALL_MAX_CONNECTIONS_PER_ADDRESS", "5000")
        .set("SEAWALL_LINE_DEPTH", "300")
        // This machine may be busy with other tests.
        .set("SEAWALL_DB_CONNECT_TIMEOUT", "30000")
        .set("SEAWALL_REQUEST_TIMEOUT", "30000")
        .set("SEAWALL_LINE_TIMEOUT", "10000")
        .prepared_with(SLOW)
        .start()
        .await;
    let started = Instant::now();
    let sent: Vec<_> = (0..1_000)
        .map(|user| {
            let tier = ["free", "pro", "enterprise"][user % 3];
            let request = app
                .with_claims(&claims(tier, user))
                .post("/rest/v1/rpc/slow", &json!({}));
            (tier, tokio::spawn(request.send()))
        })
        .collect();
    let mut served = std::collections::BTreeMap::new();
    let mut shed = std::collections::BTreeMap::new();
    for (tier, answer) in sent {
        let answer = answer.await.unwrap();
        match answer.status.as_u16() {
            200 => *served.entry(tier).or_insert(0) += 1,
            503 => {
                assert_eq!(answer.code(), "SEAWALL_OVERLOADED", "{:?}", answer.body);
                assert!(answer.number("retry-after") >= 1);
                *shed.entry(tier).or_insert(0) += 1;
            }
            other => panic!("{other}: {:?}", answer.body),
        }
    }
    let took = started.elapsed();
    println!("in {took:?}: served {served:?}, shed {shed:?}");
    assert_eq!(served.values().sum::<i32>() + shed.values().sum::<i32>(), 1_000);
    let of =
        |counts: &std::collections::BTreeMap<&str, i32>, tier| counts.get(tier).copied().unwrap_or_default();
    assert!(
        of(&served, "enterprise") >= of(&served, "free"),
        "the highest tier was shed first"
    );
    assert!(
        of(&shed, "free") >= of(&shed, "enterprise"),
        "the lowest tier was not shed first"
    );
    assert!(took < Duration::from_secs(25), "{took:?}");
    // And it is well again at once.
    let after = app
        .with_claims(&claims("free", 1))
        .get("/rest/v1/rooms")
        .send()
        .await;
    after.expect(200);
}

#[tokio::test]
async fn a_request_that_waits_too_long_for_its_turn_is_sent_away() {
    let app = TestApp::builder()
        .set("SEAWALL_DB_POOL", "4")
        .set("SEAWALL_ADAPTIVE_INFLIGHT_MIN", "1")
        .set("SEAWALL_ADAPTIVE_INFLIGHT_MAX", "1")
        .set("SEAWALL_LINE_TIMEOUT", "200")
        .prepared_with(&SLOW.replace("0.05", "1.5"))
        .start()
        .await;
    let ask = |user| {
        tokio::spawn(
            app.with_claims(&claims("pro", user))
                .post("/rest/v1/rpc/slow", &json!({}))
                .send(),
        )
    };
    let (one, other) = (ask(1), ask(2));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 503]);
    let late = if one.status == 503 { one } else { other };
    assert!(
        late.json()["message"]
            .as_str()
            .unwrap_or_default()
            .contains("took too long")
    );
    let metrics = app.anonymous().get("/metrics").send().await;
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(
        text.contains("http_requests_shed_total{priority=\"normal\",reason=\"late\"} 1"),
        "{text}"
    );
}
