//! Metrics of the business and active users, over a real database and several instances.

use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, OWNER, TestApp, TestAppBuilder, TestRedis};
use serde_json::{Value, json};

/// As long as a busy machine may need.
const PATIENCE: Duration = Duration::from_secs(60);

const SHIPS: &str = "create table public.ships (flag text, length integer);
    insert into public.ships values ('NO', 10), ('NO', 20), ('SE', 30);
    grant select on public.ships to service_role;
    create function public.sink() returns integer language sql volatile as
      $$ delete from public.ships returning 1 $$;";

/// A server that asks for these metrics as the role that may read everything.
fn asking(metrics: &Value) -> TestAppBuilder {
    TestApp::builder()
        .set("SEAWALL_BUSINESS_METRICS", &metrics.to_string())
        .set("SEAWALL_BUSINESS_METRICS_ROLE", "service_role")
}

fn metric(query: &str) -> Value {
    json!({"help": "For a test.", "query": query, "interval": 1, "timeout": 20_000})
}

async fn text(app: &TestApp) -> String {
    let answer = app.anonymous().get("/metrics").send().await;
    String::from_utf8_lossy(&answer.body).into_owned()
}

async fn wait(app: &TestApp, what: &str, holds: impl Fn(&str) -> bool) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        let text = text(app).await;
        if holds(&text) {
            return text;
        }
        let ours: Vec<&str> = text.lines().filter(|line| is_ours(line)).collect();
        assert!(Instant::now() < until, "{what}\n{}", ours.join("\n"));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn is_ours(line: &str) -> bool {
    line.contains("business") || line.contains("active_users")
}

fn has(line: &'static str) -> impl Fn(&str) -> bool {
    move |text| text.lines().any(|found| found == line)
}

/// Whether a counter of that name and labels is above zero.
fn counted(labels: &'static str) -> impl Fn(&str) -> bool {
    move |text| {
        text.lines()
            .any(|line| line.starts_with(labels) && !line.ends_with(" 0"))
    }
}

#[tokio::test]
async fn what_a_query_says_is_shown_and_what_it_says_no_more_is_gone() {
    let metrics = json!({
        "ships": metric("select flag, count(*) as value from public.ships group by flag"),
        "ships_seen_total": {"help": "Ships.", "kind": "counter", "interval": 1,
                             "query": "select sum(length) as value from public.ships"},
    });
    let app = asking(&metrics).prepared_with(SHIPS).start().await;
    let shown = wait(&app, "the ships", |text| {
        has("seawall_business_ships{flag=\"NO\"} 2")(text)
            && has("seawall_business_ships_seen_total 60")(text)
    })
    .await;
    assert!(shown.contains("# HELP seawall_business_ships For a test.\n# TYPE seawall_business_ships gauge"));
    assert!(shown.contains("# TYPE seawall_business_ships_seen_total counter"));
    assert!(shown.contains("business_metrics_asker 1"), "{shown}");

    app.database()
        .run("delete from public.ships where flag = 'NO'; insert into public.ships values ('SE', 1)")
        .await;
    let shown = wait(&app, "fewer ships", has("seawall_business_ships{flag=\"SE\"} 2")).await;
    assert!(!shown.contains("flag=\"NO\""), "{shown}");
}

#[tokio::test]
async fn series_are_bounded_and_name_nobody() {
    let metrics = json!({
        "many": {"help": "Many.", "interval": 1, "rows": 3,
                 "query": "select n as number, 1 as value from generate_series(1, 50) as n order by n"},
        "people": metric("select * from (values ('ada@example.com', 1), ('the fleet', 2)) as p(who, value)"),
    });
    let app = asking(&metrics).start().await;
    let shown = wait(&app, "rows that are left out", |text| {
        counted("business_metric_rows_dropped_total{metric=\"seawall_business_many\",reason=\"limit\"}")(text)
            && counted(
                "business_metric_rows_dropped_total{metric=\"seawall_business_people\",reason=\"personal\"}",
            )(text)
    })
    .await;
    let many = shown
        .lines()
        .filter(|line| line.starts_with("seawall_business_many{"));
    assert_eq!(many.count(), 3);
    assert!(
        has("seawall_business_people{who=\"the fleet\"} 2")(&shown),
        "{shown}"
    );
    assert!(!shown.contains("ada@"), "{shown}");
}

#[tokio::test]
async fn a_query_can_neither_write_nor_hold_up_the_others() {
    let metrics = json!({
        "fine": metric("select count(*) as value from public.ships"),
        "missing": metric("select value from public.no_such_table"),
        "shapeless": metric("select 1 as number"),
        "slow": {"help": "Slow.", "interval": 1, "timeout": 50, "query": "select pg_sleep(30)::text as x, 1 as value"},
        "writing": metric("select public.sink() as value"),
        "leaving": metric("select 1 as value) as a; commit; delete from public.ships; select (1"),
    });
    let app = asking(&metrics)
        .prepared_with(&format!("{SHIPS} grant delete on public.ships to service_role;"))
        .start()
        .await;
    for (name, outcome) in [
        ("fine", "ok"),
        ("missing", "refused"),
        ("shapeless", "shape"),
        ("slow", "timeout"),
        ("writing", "refused"),
        ("leaving", "refused"),
    ] {
        let labels = format!(
            "business_metric_readings_total{{metric=\"seawall_business_{name}\",outcome=\"{outcome}\"}}"
        );
        wait(&app, &labels, |text| {
            text.lines()
                .any(|line| line.starts_with(&labels) && !line.ends_with(" 0"))
        })
        .await;
    }
    let shown = wait(&app, "all ships", has("seawall_business_fine 3")).await;
    assert!(!shown.contains("seawall_business_writing "), "{shown}");
    // Requests have nothing to do with it.
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
    assert_eq!(
        app.database().value("select count(*) from public.ships").await,
        "3"
    );
}

#[tokio::test]
async fn nothing_is_asked_as_a_superuser_or_as_a_role_that_may_not_be_taken() {
    let metrics = json!({"ships": metric("select count(*) as value from public.ships")});
    let one = asking(&metrics)
        .set("SEAWALL_BUSINESS_METRICS_ROLE", "pg_read_all_data")
        .prepared_with(SHIPS)
        .start()
        .await;
    let refused = "business_metric_readings_total{metric=\"seawall_business_ships\",outcome=\"refused\"}";
    wait(&one, "the role is not the login role's", counted(refused)).await;
    let owner = one.database().owner_url();
    let other = TestApp::builder()
        .beside(&one)
        .set("SEAWALL_BUSINESS_METRICS", &metrics.to_string())
        .set("SEAWALL_BUSINESS_METRICS_DATABASE_URL", &owner)
        .start()
        .await;
    let refused = "business_metric_readings_total{metric=\"seawall_business_ships\",outcome=\"superuser\"}";
    let shown = wait(&other, "a superuser", counted(refused)).await;
    assert!(!shown.contains("seawall_business_ships 3"), "{shown}");
}

#[tokio::test]
async fn one_instance_asks_at_a_time_and_another_takes_over() {
    let metrics = json!({"ships": metric("select count(*) as value from public.ships")});
    let one = asking(&metrics).prepared_with(SHIPS).start().await;
    wait(&one, "the first asks", has("seawall_business_ships 3")).await;
    let other = asking(&metrics).beside(&one).start().await;
    // Long enough for the other to have looked, had it been let.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let idle = text(&other).await;
    assert!(has("business_metrics_asker 0")(&idle), "{idle}");
    assert!(!idle.contains("seawall_business_ships 3"), "{idle}");
    one.stop().await;
    wait(&other, "the other asks", has("seawall_business_ships 3")).await;
}

#[tokio::test]
async fn an_outage_is_counted_and_passes() {
    let metrics = json!({"ships": metric("select count(*) as value from public.ships")});
    let app = asking(&metrics).prepared_with(SHIPS).start().await;
    wait(&app, "before", has("seawall_business_ships 3")).await;
    app.proxy().refuse();
    wait(&app, "its values are not shown for ever", |text| {
        has("business_metrics_asker 0")(text) && !text.contains("seawall_business_ships 3")
    })
    .await;
    app.proxy().pass();
    wait(&app, "after", has("seawall_business_ships 3")).await;
}

#[tokio::test]
async fn active_people_are_counted_by_tier_and_once_over_all_instances() {
    let redis = TestRedis::start().await;
    let one = TestApp::builder().redis(&redis).start().await;
    let other = TestApp::builder().redis(&redis).beside(&one).start().await;
    let ask = async |app: &TestApp, user| {
        app.as_user(user).get("/rest/v1/rooms").send().await.expect(200);
    };
    for _ in 0..5 {
        ask(&one, OWNER).await;
        ask(&other, OWNER).await;
        ask(&other, GUEST).await;
    }
    for app in [&one, &other] {
        wait(app, "two together", |text| {
            has("active_users{tier=\"free\",window=\"5m\"} 2")(text)
                && has("active_users{tier=\"free\",window=\"1d\"} 2")(text)
        })
        .await;
    }
    assert!(has("active_users{tier=\"pro\",window=\"5m\"} 0")(
        &text(&one).await
    ));
    // What it kept is lost with Redis; each instance still knows its own.
    redis.kill();
    for name in ["ada", "grace"] {
        let claims = json!({"sub": name, "role": "authenticated"});
        // Whatever the policies make of such a name.
        one.with_claims(&claims).get("/rest/v1/rooms").send().await;
    }
    let own = text(&one).await;
    assert!(has("active_users{tier=\"free\",window=\"1d\"} 3")(&own), "{own}");
    assert!(
        !own.contains(OWNER.id) && !own.contains("ada") && !own.contains("grace"),
        "{own}"
    );
}
