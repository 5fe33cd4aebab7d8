//! Several instances, with Redis, with Redis gone, and without.

use std::time::{Duration, Instant};

use seawall_e2e::{HARBOUR, OWNER, TestApp, TestRedis};
use serde_json::json;

use super::{MESSAGES, ROOMS, caller, keeping, until, warm, word};

async fn pair(redis: &TestRedis) -> (TestApp, TestApp) {
    let one = keeping().redis(redis).start().await;
    let two = keeping().redis(redis).beside(&one).start().await;
    (one, two)
}

#[tokio::test]
async fn what_one_instance_fetched_the_other_need_not() {
    let redis = TestRedis::start().await;
    let (one, two) = pair(&redis).await;
    let mut shared = false;
    // A busy machine may make Redis late, which costs the second instance a question now and then.
    for round in 0..10 {
        let path = format!("{ROOMS}&limit={}", 10 + round);
        warm(&caller(&one, OWNER), &path).await;
        let answer = caller(&two, OWNER).get(&path).send().await.expect(200);
        shared |= word(&answer) == "HIT";
    }
    assert!(shared);
}

#[tokio::test]
async fn a_writer_reads_its_write_from_redis_on_any_instance_at_once() {
    let redis = TestRedis::start().await;
    let (one, two) = pair(&redis).await;
    for round in 0..5 {
        let path = format!("{MESSAGES}&limit={}", 100 + round);
        warm(&caller(&one, OWNER), &path).await;
        let body = format!("round {round}");
        let message = json!({"room_id": HARBOUR, "body": body});
        caller(&one, OWNER)
            .post("/rest/v1/messages", &message)
            .send()
            .await
            .expect(201);
        // Never asked for on the second instance, so only Redis could give the old one.
        let read = caller(&two, OWNER).get(&path).send().await.expect(200);
        assert!(read.column("body").contains(&body), "{}", word(&read));
    }
}

#[tokio::test]
async fn without_redis_instances_hear_each_other_over_the_database() {
    let one = keeping().with_store().start().await;
    let two = keeping().with_store().beside(&one).start().await;
    warm(&caller(&two, OWNER), MESSAGES).await;
    let message = json!({"room_id": HARBOUR, "body": "heard over notify"});
    caller(&one, OWNER)
        .post("/rest/v1/messages", &message)
        .send()
        .await
        .expect(201);
    until(&caller(&two, OWNER), MESSAGES, |answer| {
        answer.column("body").contains(&"heard over notify".to_owned())
    })
    .await;
}

#[tokio::test]
async fn an_administrator_s_word_reaches_every_instance() {
    let redis = TestRedis::start().await;
    let (one, two) = pair(&redis).await;
    warm(&caller(&two, OWNER), ROOMS).await;
    let admin = one.with_claims(&json!({"role": "service_role"}));
    let wanted = json!({"patterns": ["/rest/v1/rooms*"]});
    admin
        .post("/internal/cache/invalidate", &wanted)
        .send()
        .await
        .expect(204);
    until(&caller(&two, OWNER), ROOMS, |answer| word(answer) == "MISS").await;
}

#[tokio::test]
async fn redis_that_dies_fails_no_request_and_comes_back_without_old_answers() {
    let redis = TestRedis::start().await;
    let (one, two) = pair(&redis).await;
    let (first, second) = (caller(&one, OWNER), caller(&two, OWNER));
    warm(&first, MESSAGES).await;
    redis.kill();
    let started = Instant::now();
    for round in 0..20 {
        first.get(MESSAGES).send().await.expect(200);
        second
            .get(&format!("{MESSAGES}&limit={}", 50 + round))
            .send()
            .await
            .expect(200);
    }
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );
    let message = json!({"room_id": HARBOUR, "body": "while Redis was dead"});
    first.post("/rest/v1/messages", &message).send().await.expect(201);
    assert!(
        first
            .get(MESSAGES)
            .send()
            .await
            .column("body")
            .contains(&"while Redis was dead".to_owned())
    );
    redis.start_again().await;
    until(&second, MESSAGES, |answer| {
        answer.column("body").contains(&"while Redis was dead".to_owned())
    })
    .await;
}

#[tokio::test]
async fn redis_that_stalls_delays_no_request_for_long_and_gives_nothing_old_afterwards() {
    let redis = TestRedis::start().await;
    let (one, two) = pair(&redis).await;
    let path = format!("{MESSAGES}&limit=77");
    warm(&caller(&one, OWNER), &path).await;
    redis.command("CLIENT PAUSE 1500").await;
    let message = json!({"room_id": HARBOUR, "body": "while Redis stood still"});
    caller(&one, OWNER)
        .post("/rest/v1/messages", &message)
        .send()
        .await
        .expect(201);
    tokio::time::sleep(Duration::from_millis(1600)).await;
    // What the first instance could not tell Redis it owes; once paid, Redis gives nothing old to anybody.
    until(&caller(&one, OWNER), ROOMS, |answer| word(answer) == "HIT").await;
    until(&caller(&two, OWNER), &path, |answer| {
        answer
            .column("body")
            .contains(&"while Redis stood still".to_owned())
    })
    .await;
}

#[tokio::test]
async fn many_who_miss_together_ask_once() {
    let app = keeping().start().await;
    warm(&caller(&app, OWNER), ROOMS).await;
    let before = transactions(&app).await;
    app.proxy().delay(Duration::from_millis(60));
    let path = format!("{MESSAGES}&limit=13");
    let asks: Vec<_> = (0..30).map(|_| caller(&app, OWNER).get(&path).send()).collect();
    let answers = futures_all(asks).await;
    assert_eq!(answers.len(), 30);
    for answer in answers {
        answer.expect(200);
    }
    assert_eq!(transactions(&app).await - before, 1);
}

async fn futures_all<F>(futures: Vec<F>) -> Vec<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.extend(task.await);
    }
    done
}

/// Reads that reached the database.
async fn transactions(app: &TestApp) -> u64 {
    let metrics = app.anonymous().get("/metrics").send().await.expect(200);
    let text = String::from_utf8_lossy(&metrics.body).into_owned();
    let line = text
        .lines()
        .find(|line| line.starts_with("database_query_duration_seconds_count") && line.contains("\"read\""));
    line.and_then(|line| line.rsplit(' ').next())
        .map_or(0, |count| count.parse().unwrap_or_default())
}
