//! What is kept, and what is not.

use seawall_e2e::{GUEST, HARBOUR, OWNER, TestApp};
use serde_json::json;

use super::{ROOMS, caller, keeping, warm, word};

#[tokio::test]
async fn nothing_is_kept_unless_somebody_says_so() {
    let app = TestApp::start().await;
    for _ in 0..2 {
        let answer = caller(&app, OWNER).get(ROOMS).send().await.expect(200);
        assert_eq!(word(&answer), "");
    }
}

#[tokio::test]
async fn a_second_read_costs_the_database_nothing() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    let hit = warm(&owner, ROOMS).await;
    assert_eq!(hit.column("name"), ["Harbour", "Lighthouse"]);
    assert_eq!(hit.header("cache-control"), "private");
    assert!(hit.number("age") < 60);
    app.proxy().refuse();
    assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "HIT");
}

#[tokio::test]
async fn whoever_has_the_answer_is_told_so_without_it() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    let tag = warm(&owner, ROOMS).await.header("etag").to_owned();
    let again = owner
        .get(ROOMS)
        .header("if-none-match", &tag)
        .send()
        .await
        .expect(304);
    assert_eq!((word(&again), again.body.len()), ("HIT", 0));
    let fresh = owner
        .get("/rest/v1/rooms?select=name&order=name.asc")
        .header("if-none-match", &tag);
    let fresh = fresh.send().await.expect(304);
    assert_eq!(word(&fresh), "MISS");
}

#[tokio::test]
async fn a_caller_may_insist_on_the_database() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    warm(&owner, ROOMS).await;
    let ask = |wish: &'static str| owner.get(ROOMS).header("cache-control", wish).send();
    assert_eq!(word(&ask("no-cache").await), "MISS");
    assert_eq!(word(&ask("no-store").await), "BYPASS");
    assert_eq!(word(&ask("only-if-cached").await), "HIT");
    let other = owner
        .get("/rest/v1/rooms?limit=1")
        .header("cache-control", "only-if-cached");
    assert_eq!(other.send().await.expect(504).code(), "SEAWALL_NOT_CACHED");
}

#[tokio::test]
async fn shape_range_and_count_tell_answers_apart() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    let path = "/rest/v1/rooms?select=name&order=name&limit=1";
    let list = warm(&owner, path).await;
    assert!(list.json().is_array());
    let single = owner
        .get(path)
        .header("accept", "application/vnd.pgrst.object+json")
        .send()
        .await
        .expect(200);
    assert!(single.json().is_object() && word(&single) == "MISS");
    let counted = owner.get(path).prefer("count=exact").send().await.expect(206);
    assert_eq!(
        (counted.header("content-range"), word(&counted)),
        ("0-0/2", "MISS")
    );
    let again = owner.get(path).prefer("count=exact").send().await.expect(206);
    assert_eq!((again.header("content-range"), word(&again)), ("0-0/2", "HIT"));
    let head = owner.head(path).send().await.expect(200);
    assert_eq!(word(&head), "MISS");
}

#[tokio::test]
async fn errors_and_the_description_of_the_api_are_not_kept() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    for _ in 0..2 {
        let wrong = owner.get("/rest/v1/rooms?made_up=eq.1").send().await.expect(400);
        assert_eq!(word(&wrong), "MISS");
        assert_eq!(word(&owner.get("/rest/v1/").send().await.expect(200)), "BYPASS");
    }
}

const FUNCTIONS: &str = "
    create function steady() returns bigint language sql stable as $$ select count(*) from rooms $$;
    create function moody() returns bigint language sql volatile as $$ select count(*) from rooms $$;
    create function by_header() returns text language sql stable as
      $$ select current_setting('request.headers', true)::json ->> 'user-agent' $$;
    grant execute on function steady(), moody(), by_header() to authenticated;";

#[tokio::test]
async fn functions_are_kept_when_they_promise_to_change_nothing() {
    let app = keeping().prepared_with(FUNCTIONS).start().await;
    let owner = caller(&app, OWNER);
    assert_eq!(warm(&owner, "/rest/v1/rpc/steady").await.json(), json!(2));
    let activity = format!("/rest/v1/rpc/room_activity?room={HARBOUR}");
    warm(&owner, &activity).await;
    for _ in 0..2 {
        let moody = owner.get("/rest/v1/rpc/moody").send().await.expect(200);
        assert_eq!(word(&moody), "BYPASS");
    }
}

#[tokio::test]
async fn what_sql_makes_of_headers_is_not_kept() {
    let app = keeping().prepared_with(FUNCTIONS).start().await;
    for agent in ["a", "b"] {
        let answer = app
            .as_user(OWNER)
            .get("/rest/v1/rpc/by_header")
            .header("user-agent", agent);
        let answer = answer.send().await.expect(200);
        assert_eq!((answer.json(), word(&answer)), (json!(agent), "BYPASS"));
    }
}

#[tokio::test]
async fn rules_hold_for_the_tables_they_name() {
    let app = TestApp::builder()
        .set("SEAWALL_CACHE_TABLES", r#"{"rooms": {"ttl": 60000}}"#)
        .start()
        .await;
    warm(&caller(&app, OWNER), ROOMS).await;
    let other = app
        .as_user(OWNER)
        .get("/rest/v1/profiles")
        .send()
        .await
        .expect(200);
    assert_eq!(word(&other), "BYPASS");
}

#[tokio::test]
async fn what_is_too_large_is_not_kept() {
    let app = keeping().set("SEAWALL_CACHE_MAX_ANSWER", "40").start().await;
    warm(&caller(&app, GUEST), "/rest/v1/rooms?select=name").await;
    for _ in 0..2 {
        let large = app
            .as_user(GUEST)
            .get("/rest/v1/messages")
            .send()
            .await
            .expect(200);
        assert_eq!(word(&large), "BYPASS");
        assert!(large.rows().len() > 2);
    }
}

#[tokio::test]
async fn behind_a_pre_request_function_nothing_is_kept_unless_asked_for() {
    let sql = "create function judge() returns void language sql as $$ select $$;
               grant execute on function judge() to authenticated, anon;";
    let judged = || {
        keeping()
            .prepared_with(sql)
            .set("SEAWALL_DB_PRE_REQUEST", "public.judge")
    };
    let app = judged().start().await;
    for _ in 0..2 {
        assert_eq!(
            word(&caller(&app, OWNER).get(ROOMS).send().await.expect(200)),
            "BYPASS"
        );
    }
    let app = judged()
        .set("SEAWALL_CACHE_SKIP_PRE_REQUEST", "true")
        .start()
        .await;
    warm(&caller(&app, OWNER), ROOMS).await;
}
