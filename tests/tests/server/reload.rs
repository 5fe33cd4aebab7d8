//! The schema cache follows the database, and the old one serves meanwhile.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};

#[tokio::test]
async fn a_new_table_is_served_after_a_notification() {
    let app = TestApp::start().await;
    let paths = ["/rest/v1/berths", "/rest/v1/rooms"];
    app.as_user(OWNER).get(paths[0]).send().await.expect(404);
    app.database()
        .run("create table berths (id int); grant select on berths to authenticated; notify pgrst, 'reload schema'")
        .await;
    let started = Instant::now();
    loop {
        app.as_user(OWNER).get(paths[1]).send().await.expect(200);
        if app.as_user(OWNER).get(paths[0]).send().await.status == 200 {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn before_the_first_load_the_answer_is_503_with_a_time_to_come_back() {
    let app = TestApp::builder().start_unready().await;
    app.proxy().refuse();
    // Loaded in the instant before the refusal is possible; then there is nothing to see.
    let answer = app.as_user(OWNER).get("/rest/v1/rooms").send().await;
    if answer.status == 503 {
        assert_eq!(answer.number("retry-after"), 1);
    }
    app.proxy().pass();
    app.wait_for("/ready", 200, Duration::from_secs(30)).await;
}

#[tokio::test]
async fn settings_in_the_database_are_over_the_servers_own() {
    let app = TestApp::builder().set("SEAWALL_DB_MAX_ROWS", "5").start().await;
    let count = || async {
        app.as_user(OWNER)
            .get("/rest/v1/messages?select=id")
            .send()
            .await
            .expect(200)
            .rows()
            .len()
    };
    assert_eq!(count().await, 5);
    let name = app.database().value("select current_database()").await;
    app.database()
        .run(&format!(
            "alter role seawall_e2e_login in database {name} set pgrst.db_max_rows = '2'"
        ))
        .await;
    app.database().run("notify pgrst, 'reload config'").await;
    let started = Instant::now();
    while count().await != 2 {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_prepared_statement_survives_a_change_of_the_table() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "1").start().await;
    for _ in 0..4 {
        app.as_user(OWNER)
            .get("/rest/v1/rooms?select=*")
            .send()
            .await
            .expect(200);
    }
    app.database()
        .run("alter table rooms add column berths int default 3")
        .await;
    for _ in 0..4 {
        app.as_user(OWNER)
            .get("/rest/v1/rooms?select=*")
            .send()
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_table_that_is_gone_is_noticed_without_a_notification() {
    let app = TestApp::start().await;
    app.database()
        .run("create table berths (id int); grant select on berths to authenticated; notify pgrst")
        .await;
    app.wait_for_table("berths").await;
    app.as_user(OWNER).get("/rest/v1/berths").send().await.expect(200);
    // The cache is believed for some seconds after each load.
    tokio::time::sleep(Duration::from_secs(6)).await;
    app.database().run("drop table berths").await;
    let gone = app.as_user(OWNER).get("/rest/v1/berths").send().await.expect(404);
    assert_eq!(gone.code(), "42P01");
    let started = Instant::now();
    while app.as_user(OWNER).get("/rest/v1/berths").send().await.code() != "PGRST205" {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
