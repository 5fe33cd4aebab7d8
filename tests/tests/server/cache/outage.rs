//! What the cache is good for when the database is gone (Q1), and what it never does even then.

use std::time::{Duration, Instant};

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp, TestAppBuilder};
use serde_json::json;

use super::{MESSAGES, ROOMS, caller, keeping, until, warm, word};

/// Answers are past being fresh and stale as soon as they are kept: only an outage may bring them out.
fn at_once_old() -> TestAppBuilder {
    keeping()
        .set("SEAWALL_CACHE_TTL", "0")
        .set("SEAWALL_CACHE_STALE_TTL", "0")
}

async fn opened(app: &TestApp, path: &str) {
    until(&caller(app, OWNER), "/health", |answer| {
        String::from_utf8_lossy(&answer.body).contains("\"open\"")
    })
    .await;
    let answer = caller(app, OWNER).get(path).send().await.expect(200);
    assert_eq!(word(&answer), "STALE");
}

#[tokio::test]
async fn a_stale_answer_is_given_at_once_and_fetched_behind_the_reader_s_back() {
    let app = keeping().set("SEAWALL_CACHE_TTL", "0").start().await;
    let owner = caller(&app, OWNER);
    until(&owner, MESSAGES, |answer| word(answer) == "STALE").await;
    app.database().run("update messages set body = 'changed'").await;
    until(&owner, MESSAGES, |answer| {
        answer.column("body").iter().all(|body| body == "changed")
    })
    .await;
}

#[tokio::test]
async fn with_the_database_gone_the_last_known_answer_is_given() {
    let app = at_once_old().start().await;
    let owner = caller(&app, OWNER);
    assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "MISS");
    assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "MISS");
    app.proxy().refuse();
    for _ in 0..20 {
        let answer = owner.get(ROOMS).send().await.expect(200);
        assert_eq!((word(&answer), answer.rows().len()), ("STALE", 2));
    }
    // Nobody else's, and nothing that was never asked for.
    caller(&app, GUEST).get(ROOMS).send().await.expect(503);
    app.proxy().pass();
    until(&owner, ROOMS, |answer| word(answer) == "MISS").await;
}

#[tokio::test]
async fn what_was_invalidated_is_not_given_even_then() {
    let app = at_once_old().start().await;
    let owner = caller(&app, OWNER);
    owner.get(MESSAGES).send().await.expect(200);
    let message = json!({"room_id": HARBOUR, "body": "new"});
    owner.post("/rest/v1/messages", &message).send().await.expect(201);
    app.proxy().refuse();
    owner.get(MESSAGES).send().await.expect(503);
}

#[tokio::test]
async fn a_database_that_stalls_is_waited_for_briefly_and_with_an_open_circuit_not_at_all() {
    let app = at_once_old().set("SEAWALL_REQUEST_TIMEOUT", "8000").start().await;
    let owner = caller(&app, OWNER);
    owner.get(ROOMS).send().await.expect(200);
    app.proxy().stall();
    let first = owner.get(ROOMS).send().await.expect(200);
    assert_eq!(word(&first), "STALE");
    let started = Instant::now();
    let second = owner.get(ROOMS).send().await.expect(200);
    assert_eq!(word(&second), "STALE");
    assert!(
        started.elapsed() < Duration::from_secs(1),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nearly_every_read_is_answered_through_an_outage() {
    let app = keeping().set("SEAWALL_CACHE_TTL", "100").start().await;
    let paths = [
        ROOMS,
        MESSAGES,
        "/rest/v1/profiles?select=display_name",
        "/rest/v1/room_summaries",
    ];
    for path in paths {
        for user in [OWNER, GUEST] {
            caller(&app, user).get(path).send().await.expect(200);
        }
    }
    app.proxy().refuse();
    let (mut answered, mut slowest) = (0, Duration::ZERO);
    for round in 0..400_usize {
        let user = if round % 3 == 0 { GUEST } else { OWNER };
        let started = Instant::now();
        let answer = caller(&app, user).get(paths[round % 4]).send().await;
        answered += usize::from(answer.status == 200);
        slowest = slowest.max(started.elapsed());
    }
    println!("{answered} of 400 reads answered, the slowest in {slowest:?}");
    assert_eq!(answered, 400);
    opened(&app, ROOMS).await;
}

#[tokio::test]
async fn connections_that_are_cut_make_answers_suspect_and_never_lose_them() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    warm(&owner, ROOMS).await;
    app.proxy().cut();
    // The listener is connected again: what may have been missed is asked for anew.
    until(&owner, ROOMS, |answer| word(answer) == "MISS").await;
    warm(&owner, ROOMS).await;
    app.proxy().refuse();
    owner.get(ROOMS).send().await.expect(200);
}
