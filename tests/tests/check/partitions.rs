//! Tables in monthly parts: made ahead, protected, dropped after their retention, and by one at a time.

use std::process::Output;
use std::time::Duration;

use seawall_e2e::{Database, OWNER, TestApp};

use crate::program::{findings, open_rule, seawall};

const EVENTS: &str = "
alter default privileges in schema public grant all on tables to anon, authenticated;
create table events (id bigint generated always as identity, at timestamptz not null, owner_id uuid,
  body text not null, length int generated always as (length(body)) stored, primary key (id, at))
  partition by range (at);
revoke all on events from anon, authenticated;
create index events_by_owner on events (owner_id);
alter table events enable row level security;
create policy events_own on events for select to authenticated using (owner_id = (select auth.uid()));
grant select on events to authenticated;";

const RULES: &str = r#"{"public.events": {"ahead": 2, "retention": 3}}"#;

fn keep(database: &Database, rules: &str) -> Output {
    let mut command = seawall(&database.direct_login_url());
    command
        .arg("partitions")
        .env("SEAWALL_STORE_DATABASE_URL", database.owner_url())
        .env("SEAWALL_PARTITIONS", rules);
    command.output().unwrap()
}

fn must_keep(database: &Database, rules: &str) -> String {
    let output = keep(database, rules);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The month so many months from now, as parts are named.
async fn month(database: &Database, months: i32) -> String {
    let sql = format!("select to_char(now() at time zone 'utc' + interval '{months} months', 'YYYY_MM')");
    database.value(&sql).await
}

/// The parts of events that are there, in order.
async fn parts(database: &Database) -> String {
    let sql = "select string_agg(relid::text, ' ' order by relid::text) from pg_partition_tree('events') where level = 1";
    database.value(sql).await
}

async fn months(database: &Database, from: i32, to: i32) -> String {
    let mut names = Vec::new();
    for ahead in from..=to {
        names.push(format!("events_{}", month(database, ahead).await));
    }
    names.join(" ")
}

async fn events() -> Database {
    let database = Database::create().await;
    database.run(EVENTS).await;
    database
}

#[tokio::test]
async fn months_are_made_ahead_once() {
    let database = events().await;
    assert!(must_keep(&database, RULES).contains("3 made, 0 dropped, 0 rows swept, 2 months ahead"));
    assert_eq!(parts(&database).await, months(&database, 0, 2).await);
    assert!(must_keep(&database, RULES).contains("0 made, 0 dropped, 0 rows swept, 2 months ahead"));
}

#[tokio::test]
async fn a_part_takes_rows_of_its_month_in_utc_and_has_the_indexes() {
    let database = events().await;
    must_keep(&database, RULES);
    database
        .run("insert into events (at, body) values (date_trunc('month', now(), 'UTC'), 'first')")
        .await;
    let expected = format!("events_{}", month(&database, 0).await);
    assert_eq!(
        database.value("select tableoid::regclass from events").await,
        expected
    );
    let indexes = format!("select count(*) from pg_index where indrelid = '{expected}'::regclass");
    assert_eq!(database.value(&indexes).await, "2");
}

#[tokio::test]
async fn a_part_is_not_a_way_around_the_policies_of_its_parent() {
    let database = events().await;
    must_keep(&database, RULES);
    let open = "select count(*) from pg_partition_tree('events') t join pg_class c on c.oid = t.relid
      where t.level = 1 and (not c.relrowsecurity or has_table_privilege('authenticated', c.oid, 'SELECT'))";
    assert_eq!(database.value(open).await, "0");
    let found = findings(&database.direct_login_url(), &[]);
    let rules: Vec<&str> = found
        .iter()
        .filter_map(open_rule)
        .filter(|rule| rule.starts_with("rls"))
        .collect();
    assert!(rules.is_empty(), "{rules:?}");
}

#[tokio::test]
async fn rows_that_came_too_early_move_from_the_default_part() {
    let database = events().await;
    database
        .run("create table events_rest partition of events default;
              insert into events (at, owner_id, body) select now() + n * interval '1 day', gen_random_uuid(), n::text
              from generate_series(0, 20) n;")
        .await;
    assert!(must_keep(&database, RULES).contains("3 made"));
    assert_eq!(database.value("select count(*) from events_rest").await, "0");
    assert_eq!(
        database.value("select count(*), sum(length) from events").await,
        "21"
    );
    database
        .run("insert into events (at, body) values (now() + interval '2 years', 'later')")
        .await;
    assert_eq!(database.value("select count(*) from events_rest").await, "1");
}

#[tokio::test]
async fn rows_that_others_point_to_are_not_moved() {
    let database = events().await;
    database
        .run("create table events_rest partition of events default;
              create table notes (event_id bigint, at timestamptz, foreign key (event_id, at) references events (id, at) on delete cascade);
              with made as (insert into events (at, body) values (now(), 'a') returning id, at) insert into notes select * from made;")
        .await;
    let output = keep(&database, RULES);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("other tables point to them"));
    assert_eq!(database.value("select count(*) from notes").await, "1");
    assert_eq!(
        parts(&database).await,
        format!("{} events_rest", months(&database, 1, 2).await)
    );
}

#[tokio::test]
async fn what_is_past_its_retention_goes_and_nothing_younger() {
    let database = events().await;
    database
        .run("do $$ declare start timestamptz; begin
                for n in 1..6 loop
                  start := date_trunc('month', now(), 'UTC') - n * interval '1 month';
                  execute format('create table %I partition of events for values from (%L) to (%L)',
                    'events_' || to_char(start at time zone 'utc', 'YYYY_MM'), start, start + interval '1 month');
                end loop;
              end $$;
              create table events_rest partition of events default;
              insert into events (at, body) select now() - interval '5 years' - n * interval '1 second', 'old'
                from generate_series(1, 12000) n;
              insert into events (at, body) select date_trunc('month', now(), 'UTC') - n * interval '1 month', n::text
                from generate_series(1, 6) n;")
        .await;
    let told = must_keep(&database, RULES);
    assert!(told.contains("3 made, 3 dropped, 12000 rows swept"), "{told}");
    assert_eq!(
        parts(&database).await,
        format!("{} events_rest", months(&database, -3, 2).await)
    );
    assert_eq!(
        database
            .value("select string_agg(body, '' order by at desc) from events")
            .await,
        "123"
    );
}

#[tokio::test]
async fn instances_that_keep_at_once_do_not_meet() {
    let database = std::sync::Arc::new(events().await);
    let keepers: Vec<_> = (0..4)
        .map(|_| {
            let database = std::sync::Arc::clone(&database);
            tokio::task::spawn_blocking(move || keep(&database, RULES))
        })
        .collect();
    for keeper in keepers {
        let output = keeper.await.unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(parts(&database).await, months(&database, 0, 2).await);
}

#[tokio::test]
async fn what_cannot_be_kept_is_told_and_the_rest_is_kept() {
    let database = events().await;
    database
        .run("create table by_kind (kind text) partition by list (kind)")
        .await;
    let output = keep(
        &database,
        r#"{"public.absent": {}, "public.by_kind": {}, "public.events": {"ahead": 0}}"#,
    );
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains("public.absent: there is no partitioned table"),
        "{errors}"
    );
    assert!(
        errors.contains("public.by_kind: it is not partitioned by range"),
        "{errors}"
    );
    assert_eq!(parts(&database).await, months(&database, 0, 0).await);
}

#[tokio::test]
async fn a_server_keeps_what_the_database_and_its_configuration_name() {
    let builder = TestApp::builder().with_store().prepared_with(EVENTS);
    let sql = "create table logs (day date not null) partition by range (day); grant select on logs to service_role;";
    let app = builder
        .prepared_with(sql)
        .set("SEAWALL_PARTITIONS", RULES)
        .start()
        .await;
    let made = "select count(*) from pg_partition_tree('events') where level = 1";
    for _ in 0..900 {
        if app.database().value(made).await == "3" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(app.database().value(made).await, "3");
    app.as_user(OWNER).get("/rest/v1/events").send().await.expect(200);
    // Told once everything has been seen to, a moment after the parts are there.
    let mut text = String::new();
    for _ in 0..900 {
        let metrics = app.anonymous().get("/metrics").send().await;
        text = String::from_utf8_lossy(&metrics.body).into_owned();
        if text.contains("partition_horizon_months{table=\"public.events\"} 2") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(
        text.contains("partition_horizon_months{table=\"public.events\"} 2"),
        "{text}"
    );

    app.database()
        .run("insert into seawall.partitioned values ('public.logs', 1, null)")
        .await;
    let output = keep(app.database(), "{}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("public.logs: 2 made"));
}

#[tokio::test]
async fn how_often_indexes_are_used_can_be_asked() {
    let app = TestApp::builder().with_store().start().await;
    let sql = "select count(*) > 5 and bool_and(scans >= 0 and bytes > 0) from seawall.index_usage_stats where schema = 'public'";
    assert_eq!(app.database().value(sql).await, "t");
}
