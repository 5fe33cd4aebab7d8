//! Writes that are accepted now and carried out later, through the eyes of their callers.

use std::time::{Duration, Instant};

use seawall_e2e::{Answer, Caller, GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp, TestAppBuilder};
use serde_json::{Value, json};

const MESSAGES: &str = "/rest/v1/messages";

fn queueing() -> TestAppBuilder {
    TestApp::builder().with_store().set("SEAWALL_QUEUE_BACKOFF", "50")
}

fn message(text: &str) -> Value {
    json!({"room_id": HARBOUR, "body": text})
}

async fn queued(caller: &Caller<'_>, body: &Value, headers: &[(&str, &str)]) -> Answer {
    let mut request = caller
        .post(MESSAGES, body)
        .prefer("respond-async, return=representation");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    request.send().await
}

/// Waits until the job has left the states in which it may still change.
async fn ended(caller: &Caller<'_>, location: &str) -> Value {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let job = caller.get(location).send().await.expect(200).json();
        if !["queued", "running"].contains(&job.get("state").and_then(Value::as_str).unwrap_or_default()) {
            return job;
        }
        assert!(Instant::now() < until, "{job}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn count(app: &TestApp, text: &str) -> String {
    let sql = format!("select count(*) from messages where body = '{text}'");
    app.database().value(&sql).await
}

#[tokio::test]
async fn a_write_is_accepted_at_once_and_done_as_its_caller_would_have_done_it() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let answer = queued(&owner, &message("later"), &[]).await.expect(202);
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let job = ended(&owner, answer.header("location")).await;
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(job["result"]["status"], 201);
    assert_eq!(job["result"]["body"][0]["body"], "later");
    assert_eq!(job["result"]["body"][0]["author_id"], OWNER.id);
    assert_eq!(count(&app, "later").await, "1");
}

#[tokio::test]
async fn a_call_of_a_function_can_wait_and_a_read_does_not() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let call = owner
        .post(
            "/rest/v1/rpc/post_message",
            &json!({"room": HARBOUR, "body": "called"}),
        )
        .prefer("respond-async")
        .send()
        .await;
    let call = call.expect(202);
    assert_eq!(ended(&owner, call.header("location")).await["state"], "completed");
    let read = owner.get("/rest/v1/rooms").prefer("respond-async").send().await;
    read.expect(200);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said_before_it_is_queued() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let unknown = owner
        .post("/rest/v1/no_such_table", &json!({}))
        .prefer("respond-async")
        .send()
        .await;
    assert_eq!(unknown.expect(404).code(), "PGRST205");
    let malformed = owner
        .request(http::Method::POST, MESSAGES)
        .body("application/json", "{")
        .prefer("respond-async")
        .send()
        .await;
    malformed.expect(400);
    let priority = owner
        .post(MESSAGES, &message("x"))
        .prefer("respond-async, priority=urgent")
        .send()
        .await;
    assert_eq!(priority.expect(400).code(), "SEAWALL_PRIORITY");
    assert_eq!(
        app.database().value("select count(*) from seawall.jobs").await,
        "0"
    );
}

#[tokio::test]
async fn row_level_security_holds_for_queued_writes_and_the_refusal_is_kept() {
    let app = queueing().start().await;
    let guest = app.as_user(GUEST);
    let body = json!({"room_id": LIGHTHOUSE, "body": "smuggled"});
    let answer = queued(&guest, &body, &[]).await.expect(202);
    let job = ended(&guest, answer.header("location")).await;
    assert_eq!(
        (&job["state"], &job["code"]),
        (&json!("dead"), &json!("42501")),
        "{job}"
    );
    assert_eq!(job["result"]["body"]["code"], "42501");
    assert_eq!(count(&app, "smuggled").await, "0");
}

#[tokio::test]
async fn a_job_is_its_owners_and_the_administrators_and_nobody_elses() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let answer = queued(&owner, &message("mine"), &[]).await.expect(202);
    let location = answer.header("location");
    ended(&owner, location).await;
    for stranger in [
        app.as_user(GUEST),
        app.anonymous(),
        app.with_claims(&json!({"role": "authenticated"})),
    ] {
        assert_eq!(
            stranger.get(location).send().await.expect(404).code(),
            "SEAWALL_JOB_UNKNOWN"
        );
        let cancel = stranger
            .post(&format!("{location}/cancel"), &json!({}))
            .send()
            .await;
        cancel.expect(404);
    }
    app.with_claims(&json!({"role": "service_role"}))
        .get(location)
        .send()
        .await
        .expect(200);
    owner.get("/jobs/not-a-uuid").send().await.expect(404);
}

#[tokio::test]
async fn a_key_makes_the_second_sending_the_first_and_another_body_an_error() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let key = [("idempotency-key", "k-1")];
    let first = queued(&owner, &message("once"), &key).await.expect(202);
    let again = queued(&owner, &message("once"), &key).await;
    let other = queued(&owner, &message("twice"), &key).await;
    let again = again.expect(202);
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(other.expect(422).code(), "SEAWALL_IDEMPOTENCY_MISMATCH");
    // The key is the user's own.
    let guest = app.as_user(GUEST);
    let foreign = queued(&guest, &message("once by guest"), &key).await.expect(202);
    assert_ne!(foreign.header("location"), first.header("location"));
    ended(&owner, first.header("location")).await;
    assert_eq!(count(&app, "once").await, "1");
    let nobody = queued(&app.anonymous(), &message("x"), &key).await;
    assert_ne!(nobody.status, 202);
}

#[tokio::test]
async fn many_with_one_key_at_once_are_one() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let body = message("one of many");
    let key = [("idempotency-key", "k-2")];
    let all = futures(40, |_| queued(&owner, &body, &key)).await;
    let mut locations: Vec<String> = all
        .into_iter()
        .map(|answer| answer.expect(202).header("location").to_owned())
        .collect();
    locations.sort();
    locations.dedup();
    assert_eq!(locations.len(), 1);
    ended(&owner, &locations[0]).await;
    assert_eq!(count(&app, "one of many").await, "1");
}

#[tokio::test]
async fn over_the_depth_writes_are_refused_with_a_time_to_come_back_and_none_is_lost() {
    let app = queueing()
        .set("SEAWALL_QUEUE_DEPTH", "10")
        .set("SEAWALL_QUEUE_WORKERS", "0")
        .start()
        .await;
    let other = queueing()
        .set("SEAWALL_QUEUE_DEPTH", "10")
        .set("SEAWALL_QUEUE_WORKERS", "0")
        .beside(&app)
        .start()
        .await;
    let callers = [app.as_user(OWNER), other.as_user(OWNER)];
    let body = message("deep");
    let answers = futures(40, |n| queued(&callers[n % 2], &body, &[])).await;
    let accepted = answers.iter().filter(|answer| answer.status == 202).count();
    assert_eq!(accepted, 10);
    for refused in answers.iter().filter(|answer| answer.status != 202) {
        assert_eq!(
            (refused.status.as_u16(), refused.code()),
            (503, "SEAWALL_QUEUE_FULL".to_owned())
        );
        assert!(refused.number("retry-after") > 0);
    }
    assert_eq!(
        app.database().value("select count(*) from seawall.jobs").await,
        "10"
    );
}

#[tokio::test]
async fn a_waiting_job_can_be_cancelled_and_brought_back() {
    let app = queueing().set("SEAWALL_QUEUE_WORKERS", "0").start().await;
    let owner = app.as_user(OWNER);
    let answer = queued(&owner, &message("second thoughts"), &[]).await.expect(202);
    let location = answer.header("location").to_owned();
    let change = async |word: &str| owner.post(&format!("{location}/{word}"), &json!({})).send().await;
    assert_eq!(change("retry").await.expect(409).code(), "SEAWALL_JOB_STATE");
    assert_eq!(change("cancel").await.expect(200).json()["state"], "canceled");
    change("cancel").await.expect(409);
    assert_eq!(change("retry").await.expect(200).json()["state"], "queued");
    // Another instance has workers.
    let worker = queueing().beside(&app).start().await;
    assert_eq!(
        ended(&worker.as_user(OWNER), &location).await["state"],
        "completed"
    );
    assert_eq!(count(&app, "second thoughts").await, "1");
}

#[tokio::test]
async fn a_failure_that_may_heal_is_tried_three_times_and_then_a_dead_letter_that_can_be_repeated() {
    let app = queueing().start().await;
    app.database()
        .run(
            "create sequence tries;
             create table moods (bad boolean);
             insert into moods values (true);
             create function stumble() returns int language plpgsql volatile security definer as $$
             begin
               perform nextval('tries');
               if (select bad from moods) then
                 raise exception 'stumbled' using errcode = '40001';
               end if;
               return currval('tries');
             end $$;
             grant execute on function stumble() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("stumble").await;
    let owner = app.as_user(OWNER);
    let call = owner
        .post("/rest/v1/rpc/stumble", &json!({}))
        .prefer("respond-async")
        .send()
        .await
        .expect(202);
    let location = call.header("location");
    let job = ended(&owner, location).await;
    assert_eq!(
        (&job["state"], &job["attempts"], &job["code"]),
        (&json!("dead"), &json!(3), &json!("40001")),
        "{job}"
    );
    app.database().run("update moods set bad = false").await;
    owner
        .post(&format!("{location}/retry"), &json!({}))
        .send()
        .await
        .expect(200);
    let job = ended(&owner, location).await;
    assert_eq!(
        (&job["state"], &job["result"]["body"]),
        (&json!("completed"), &json!(4)),
        "{job}"
    );
}

#[tokio::test]
async fn a_job_whose_role_is_no_longer_allowed_or_whose_token_ran_out_long_ago_is_not_done() {
    let app = queueing()
        .set("SEAWALL_QUEUE_WORKERS", "0")
        .set("SEAWALL_QUEUE_TOKEN_GRACE", "0")
        .start()
        .await;
    let soon = app.with_token(OWNER.token_for(1));
    let expired = queued(&soon, &message("too late"), &[]).await.expect(202);
    let owner = app.as_user(OWNER);
    let barred = queued(&owner, &message("barred"), &[]).await.expect(202);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let worker = queueing()
        .set("SEAWALL_QUEUE_TOKEN_GRACE", "0")
        .set("SEAWALL_DB_ALLOWED_ROLES", "service_role")
        .beside(&app)
        .start()
        .await;
    let admin = worker.with_claims(&json!({"role": "service_role"}));
    assert_eq!(
        ended(&admin, expired.header("location")).await["code"],
        "SEAWALL_JOB_EXPIRED"
    );
    assert_eq!(ended(&admin, barred.header("location")).await["code"], "42501");
    assert_eq!(count(&app, "too late").await, "0");
    assert_eq!(count(&app, "barred").await, "0");
}

#[tokio::test]
async fn the_urgent_go_first() {
    let app = queueing().set("SEAWALL_QUEUE_WORKERS", "0").start().await;
    let owner = app.as_user(OWNER);
    // Each step of priority is worth no more than two seconds.
    let priorities = ["low", "normal", "high", "critical"];
    let answers = futures(4, async |n: usize| {
        queued(
            &owner,
            &message(priorities[n]),
            &[("x-seawall-priority", priorities[n])],
        )
        .await
    });
    for answer in answers.await {
        answer.expect(202);
    }
    // A busy machine may take seconds between them; that they came at once is said here.
    let at_once = "update seawall.jobs set place = '2000-01-01'::timestamptz + (place - created_at)";
    app.database().run(at_once).await;
    let worker = queueing()
        .set("SEAWALL_QUEUE_WORKERS", "1")
        .beside(&app)
        .start()
        .await;
    let done = "select count(*) from seawall.jobs where state = 'completed'";
    let until = Instant::now() + Duration::from_secs(20);
    while worker.database().value(done).await != "4" {
        assert!(Instant::now() < until);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let order = "select string_agg(body, ' ' order by created_at) from messages
        where body in ('low', 'normal', 'high', 'critical')";
    assert_eq!(worker.database().value(order).await, "critical high normal low");
}

#[tokio::test]
async fn deferred_constraints_and_functions_that_change_role_or_path_cannot_fool_the_queue() {
    let app = queueing().start().await;
    app.database()
        .run(
            "create table strict (id int primary key, other int unique deferrable initially deferred);
             insert into strict values (1, 1);
             grant select, insert on strict to authenticated;
             create schema trap; grant usage on schema trap to authenticated;
             create function trap.now() returns timestamptz language sql as $$ select 'epoch'::timestamptz $$;
             create function wander() returns int language plpgsql volatile as $$
             begin
               perform set_config('search_path', 'trap, pg_catalog', false);
               return 5;
             end $$;
             grant execute on function wander() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("wander").await;
    let owner = app.as_user(OWNER);
    let late = async |path: &str, body: Value| {
        let answer = owner
            .post(path, &body)
            .prefer("respond-async")
            .send()
            .await
            .expect(202);
        ended(&owner, answer.header("location")).await
    };
    let refused = late("/rest/v1/strict", json!({"id": 2, "other": 1})).await;
    assert_eq!(
        (&refused["state"], &refused["code"]),
        (&json!("dead"), &json!("23505"))
    );
    assert_eq!(app.database().value("select count(*) from strict").await, "1");
    let wandered = late("/rest/v1/rpc/wander", json!({})).await;
    assert_eq!(
        (&wandered["state"], &wandered["result"]["body"]),
        (&json!("completed"), &json!(5))
    );
    assert_ne!(wandered["finishedAt"], "1970-01-01T00:00:00Z");
    // The session is as clean as after any request.
    owner.get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn request_roles_can_neither_see_nor_end_jobs() {
    let app = queueing().start().await;
    ended(
        &app.as_user(OWNER),
        queued(&app.as_user(OWNER), &message("x"), &[])
            .await
            .expect(202)
            .header("location"),
    )
    .await;
    let may = "select string_agg(role || ' ' || may::text, ', ') from (
        select role, has_table_privilege(role, 'seawall.jobs', 'select')
          or has_function_privilege(role, 'seawall.job_begin(uuid, uuid)', 'execute')
          or has_schema_privilege(role, 'seawall', 'usage') as may
        from unnest(array['anon', 'authenticated', 'service_role']) as role order by role) as asked";
    assert_eq!(
        app.database().value(may).await,
        "anon false, authenticated false, service_role false"
    );
}

#[tokio::test]
async fn a_server_that_stops_finishes_what_it_began_and_leaves_the_rest() {
    let app = queueing().set("SEAWALL_QUEUE_WORKERS", "1").start().await;
    app.database()
        .run(
            "create table naps (at timestamptz default clock_timestamp());
             create function nap() returns int language sql volatile security definer as
               $$ select pg_sleep(0.5); insert into naps default values; select 1 $$;
             grant execute on function nap() to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_function("nap").await;
    let watcher = queueing()
        .set("SEAWALL_QUEUE_WORKERS", "0")
        .beside(&app)
        .start()
        .await;
    for _ in 0..4 {
        let nap = app
            .as_user(OWNER)
            .post("/rest/v1/rpc/nap", &json!({}))
            .prefer("respond-async");
        nap.send().await.expect(202);
    }
    tokio::time::sleep(Duration::from_millis(250)).await;
    app.stop().await;
    let states = "select string_agg(state, ' ' order by state) from seawall.jobs";
    let after = watcher.database().value(states).await;
    let done = after.split(' ').filter(|state| *state == "completed").count();
    assert!((1..4).contains(&done), "{after}");
    assert!(!after.contains("running"), "{after}");
    assert_eq!(
        watcher.database().value("select count(*) from naps").await,
        done.to_string()
    );
}

#[tokio::test]
async fn a_job_makes_kept_answers_untrue_when_it_is_done() {
    let app = queueing()
        .set("SEAWALL_CACHE", "true")
        .set("SEAWALL_CACHE_TTL", "60000")
        .start()
        .await;
    let owner = app.as_user(OWNER);
    let path = "/rest/v1/messages?select=body&body=eq.fresh";
    for _ in 0..2 {
        assert_eq!(owner.get(path).send().await.expect(200).rows().len(), 0);
    }
    let answer = queued(&owner, &message("fresh"), &[]).await.expect(202);
    ended(&owner, answer.header("location")).await;
    // It is thrown away right behind the commit.
    let until = Instant::now() + Duration::from_secs(10);
    while owner.get(path).send().await.expect(200).rows().is_empty() {
        assert!(Instant::now() < until, "the kept answer is still given");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_queue_is_seen_in_the_metrics() {
    let app = queueing().start().await;
    let owner = app.as_user(OWNER);
    let answer = queued(&owner, &message("counted"), &[]).await.expect(202);
    ended(&owner, answer.header("location")).await;
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let text = app.anonymous().get("/metrics").send().await.expect(200).body;
        let text = String::from_utf8_lossy(&text).into_owned();
        if text.contains("queue_jobs_total{outcome=\"completed\"} 1") {
            assert!(
                text.contains("queue_jobs_total{outcome=\"accepted\"} 1"),
                "{text}"
            );
            assert!(text.contains("queue_depth{state=\"dead\"} 0"), "{text}");
            break;
        }
        assert!(Instant::now() < until, "{text}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// So many at once.
async fn futures<F: Future>(count: usize, make: impl Fn(usize) -> F) -> Vec<F::Output> {
    futures_util::future::join_all((0..count).map(make)).await
}
