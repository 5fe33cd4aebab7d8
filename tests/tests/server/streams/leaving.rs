//! Readers that leave, readers that are slow, and a database that goes midway.

use seawall_e2e::{GUEST, OWNER, TestApp};

use super::reading::{Fallible, Reading};
use super::{PATIENCE, app, wait_for, wait_for_metric};

const ROOMS: &str = "/rest/v1/rooms?select=name";
/// As the server sees it: the database may have left the rest to the sockets between them, and be idle.
const ACTIVE: &str = "database_pool_connections{state=\"active\"} ";
const BUSY: &str = "select count(*) from pg_stat_activity where datname = current_database() \
                    and usename = 'seawall_e2e_login' and state <> 'idle'";

fn large(mebibytes: u32) -> String {
    format!("/rest/v1/large?i=lte.{mebibytes}&order=i")
}

async fn begun(app: &TestApp, mebibytes: u32) -> Fallible<Reading> {
    let mut reading = Reading::begin(app.address(), OWNER, &large(mebibytes)).await?;
    assert_eq!(reading.status, 200);
    reading.piece().await.ok_or("there is no body")??;
    Ok(reading)
}

async fn others_are_served(app: &TestApp) {
    for _ in 0..20 {
        let rooms = app.as_user(GUEST).get(ROOMS).send().await.expect(200);
        assert_eq!(rooms.column("name"), ["Harbour"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_leaves_takes_its_transaction_along() {
    let app = app().set("SEAWALL_DB_POOL", "2").start().await;
    for round in 1..=3 {
        let reading = begun(&app, 60).await.unwrap();
        wait_for_metric(&app, ACTIVE, 1.0).await;
        reading.leave();
        wait_for(app.database(), BUSY, "0").await;
        wait_for_metric(&app, "database_streams_total{outcome=\"left\"}", f64::from(round)).await;
        wait_for_metric(&app, "database_streams ", 0.0).await;
        others_are_served(&app).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_readers_hold_half_of_the_pool_and_all_others_are_served() {
    let app = app().set("SEAWALL_DB_POOL", "4").start().await;
    let mut readers = Vec::new();
    for _ in 0..5 {
        readers.push(begun(&app, 24).await.unwrap());
    }
    wait_for_metric(&app, "database_streams ", 2.0).await;
    wait_for_metric(&app, ACTIVE, 2.0).await;
    others_are_served(&app).await;
    let mut wholes = Vec::new();
    for reader in &mut readers {
        wholes.push(reader.whole().await.unwrap());
    }
    assert!(wholes.iter().all(|whole| *whole == wholes[0]), "{wholes:?}");
    // Those for whom there was no room were read whole, and know their tag.
    let tagged = readers
        .iter()
        .filter(|reader| reader.headers.contains_key("etag"));
    assert_eq!(tagged.count(), 3);
    wait_for_metric(&app, "database_streams_total{outcome=\"whole\"}", 2.0).await;
    wait_for(app.database(), BUSY, "0").await;
    others_are_served(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_that_does_not_read_is_cut_and_its_connection_is_free() {
    let app = app()
        .set("SEAWALL_DB_POOL", "2")
        .set("SEAWALL_WRITE_TIMEOUT", "1000")
        .start()
        .await;
    let mut reading = begun(&app, 60).await.unwrap();
    wait_for_metric(&app, "database_streams_total{outcome=\"left\"}", 1.0).await;
    wait_for(app.database(), BUSY, "0").await;
    assert!(reading.whole().await.is_err());
    others_are_served(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_database_goes_midway_breaks_off() {
    let app = app().set("SEAWALL_DB_POOL", "2").start().await;
    let mut reading = begun(&app, 60).await.unwrap();
    app.proxy().cut();
    assert!(
        reading.whole().await.is_err(),
        "an answer that was cut looks whole"
    );
    wait_for_metric(&app, "database_streams_total{outcome=\"broken\"}", 1.0).await;
    app.wait_for("/ready", 200, PATIENCE).await;
    others_are_served(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_whose_database_falls_silent_midway_breaks_off() {
    let app = app().set("SEAWALL_DB_POOL", "2").start().await;
    let mut reading = begun(&app, 60).await.unwrap();
    app.proxy().stall();
    let ended = tokio::time::timeout(PATIENCE, reading.whole()).await;
    assert!(ended.unwrap().is_err(), "an answer that stalled looks whole");
    wait_for_metric(&app, "database_streams_total{outcome=\"broken\"}", 1.0).await;
    app.proxy().pass();
    app.wait_for("/ready", 200, PATIENCE).await;
    app.wait_for("/rest/v1/rooms", 401, PATIENCE).await;
    others_are_served(&app).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_may_not_be_given_is_not_begun_and_costs_no_connection() {
    let app = app().set("SEAWALL_DB_POOL", "1").start().await;
    let backends = "select string_agg(pid::text, ',' order by pid) from pg_stat_activity \
                    where usename = 'seawall_e2e_login' and datname = current_database() and application_name like 'seawall/%' \
                    and query not ilike 'listen%'";
    let single = || {
        let call = app.as_user(OWNER).get(&large(3));
        call.header("accept", "application/vnd.pgrst.object+json").send()
    };
    single().await.expect(406);
    let before = app.database().value(backends).await;
    for _ in 0..3 {
        let refused = single().await.expect(406);
        assert_eq!(refused.code(), "PGRST116");
    }
    assert_eq!(app.database().value(backends).await, before);
    // With a pool of one no connection may be held, so what is large is read whole.
    let whole = app.as_user(OWNER).get(&large(3)).send().await.expect(200);
    assert!(!whole.header("etag").is_empty());
}
