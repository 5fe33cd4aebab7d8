//! A write to a watched table is heard by several ways, and ends what was kept once; whoever hears of it for the first
//! time ends it.

use std::time::{Duration, Instant};

use seawall_e2e::{Caller, HARBOUR, OWNER, TestApp, TestRedis};
use serde_json::json;

use super::{caller, keeping, until, warm, word};

fn path() -> String {
    format!("/rest/v1/messages?room_id=eq.{HARBOUR}&select=body&order=created_at")
}

/// What has ended something so far, and what was heard again.
async fn heard(app: &TestApp) -> (u64, u64) {
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let stats = admin.get("/internal/cache-stats").send().await.expect(200).json();
    let of = |name: &str| {
        let count = stats.pointer(&format!("/instance/{name}"));
        count.and_then(serde_json::Value::as_u64).unwrap_or_default()
    };
    (of("invalidations"), of("echoes"))
}

/// The same since then, when so much was heard in all; none where that does not come.
async fn heard_since(app: &TestApp, before: (u64, u64), all: u64) -> Option<(u64, u64)> {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let now = heard(app).await;
        let since = (now.0 - before.0, now.1 - before.1);
        if since.0 + since.1 >= all {
            return Some(since);
        }
        if Instant::now() > until {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn watch(app: &TestApp) {
    app.database()
        .run("select seawall.watch('messages'); notify pgrst")
        .await;
}

/// Posts, over and over until the catalogue is known to be read again: then each write ends something once on this
/// instance and is heard `echoes` times more, or oftener where several tables are told of.
async fn ends_once(app: &TestApp, echoes: u64, mut write: impl AsyncFnMut(usize)) {
    let mut settled = 0;
    let until = Instant::now() + Duration::from_secs(60);
    for round in 0.. {
        let before = heard(app).await;
        write(round).await;
        let since = heard_since(app, before, 1 + echoes).await;
        if since.is_some_and(|(ended, again)| ended == 1 && again >= echoes) {
            settled += 1;
        } else {
            assert_eq!(settled, 0, "{since:?} in round {round}");
        }
        if settled == 5 {
            return;
        }
        assert!(Instant::now() < until, "{since:?} still");
    }
}

/// Whether what is fetched after a write is still kept when all was heard of it. A catalogue that is read once more ends
/// it too, but not each time.
async fn outlives_echoes(
    app: &TestApp,
    reader: &Caller<'_>,
    all: u64,
    mut write: impl AsyncFnMut(usize),
) -> bool {
    for round in 0..20 {
        let before = heard(app).await;
        write(round).await;
        heard_since(app, before, all).await;
        let again = reader.get(&path()).send().await.expect(200);
        if word(&again) == "HIT" {
            return true;
        }
    }
    false
}

async fn post(owner: &Caller<'_>, body: &str) {
    let message = json!({"room_id": HARBOUR, "body": body});
    owner.post("/rest/v1/messages", &message).send().await.expect(201);
}

#[tokio::test]
async fn an_instance_s_own_write_ends_once_what_it_wrote() {
    let app = keeping().with_store().start().await;
    watch(&app).await;
    let owner = caller(&app, OWNER);
    // By the database, and by its own voice.
    ends_once(&app, 2, async |round| {
        warm(&owner, &path()).await;
        post(&owner, &format!("round {round}")).await;
        let read = owner.get(&path()).send().await.expect(200);
        assert!(read.column("body").contains(&format!("round {round}")));
    })
    .await;
    let again = async |_| {
        post(&owner, "once more").await;
        owner.get(&path()).send().await.expect(200);
    };
    assert!(outlives_echoes(&app, &owner, 3, again).await);
}

/// Triggers of partitioned tables tell no rows; the transaction's name they tell.
#[tokio::test]
async fn a_write_to_a_partitioned_table_ends_once_what_it_wrote() {
    let app = keeping().with_store().start().await;
    app.database()
        .run(
            "create table readings (id int not null, at date not null) partition by range (at);
            create table readings_2026 partition of readings for values from ('2026-01-01') to ('2027-01-01');
            create table readings_2027 partition of readings for values from ('2027-01-01') to ('2028-01-01');
            grant all on readings to service_role;
            select seawall.watch('readings'); notify pgrst",
        )
        .await;
    let writer = app.with_claims(&json!({"role": "service_role"}));
    let reading = json!({"id": 1, "at": "2026-06-01"});
    let write = async || writer.post("/rest/v1/readings", &reading).send().await.status;
    let until = Instant::now() + Duration::from_secs(60);
    while write().await != 201 {
        assert!(Instant::now() < until, "the table is not known");
    }
    ends_once(&app, 2, async |_| assert_eq!(write().await, 201)).await;
}

#[tokio::test]
async fn a_queued_write_and_a_function_s_end_once_what_they_wrote() {
    let app = keeping().with_store().start().await;
    watch(&app).await;
    let owner = caller(&app, OWNER);
    ends_once(&app, 2, async |round| {
        let (path, body) = if round % 2 == 0 {
            ("/rest/v1/messages", json!({"room_id": HARBOUR, "body": "queued"}))
        } else {
            (
                "/rest/v1/rpc/post_message",
                json!({"room": HARBOUR, "body": "called"}),
            )
        };
        let write = owner.post(path, &body);
        let write = if round % 2 == 0 {
            write.prefer("respond-async")
        } else {
            write
        };
        assert!(write.send().await.status.is_success());
    })
    .await;
}

#[tokio::test]
async fn the_other_instance_hears_it_and_ends_it_once() {
    let redis = TestRedis::start().await;
    for redis in [None, Some(&redis)] {
        let instance = || match redis {
            Some(redis) => keeping().with_store().redis(redis),
            None => keeping().with_store(),
        };
        let one = instance().start().await;
        watch(&one).await;
        let two = instance().beside(&one).start().await;
        let (writer, reader) = (caller(&one, OWNER), caller(&two, OWNER));
        // By the database and over the bus, in either order.
        ends_once(&two, 1, async |round| {
            warm(&reader, &path()).await;
            let body = format!("round {round}");
            post(&writer, &body).await;
            until(&reader, &path(), |answer| answer.column("body").contains(&body)).await;
        })
        .await;
        let again = async |round| {
            let body = format!("once more {round}");
            post(&writer, &body).await;
            until(&reader, &path(), |answer| answer.column("body").contains(&body)).await;
        };
        assert!(outlives_echoes(&two, &reader, 2, again).await);
    }
}

#[tokio::test]
async fn a_write_behind_the_servers_is_nobody_s_echo() {
    let redis = TestRedis::start().await;
    let one = keeping().with_store().redis(&redis).start().await;
    watch(&one).await;
    let two = keeping().with_store().redis(&redis).beside(&one).start().await;
    for round in 0..3 {
        let body = format!("behind {round}");
        warm(&caller(&one, OWNER), &path()).await;
        warm(&caller(&two, OWNER), &path()).await;
        let id = format!("bbbbbbbb-0000-4000-8000-00000000000{}", 1 + round % 2);
        let sql = format!(
            "begin; update messages set body = 'never seen'; update messages set body = '{body}' where id = '{id}'; commit"
        );
        one.database().run(&sql).await;
        for app in [&one, &two] {
            until(&caller(app, OWNER), &path(), |answer| {
                answer.column("body").contains(&body)
            })
            .await;
        }
    }
}

/// Anybody may notify. Whoever knows the names that the next transactions will have keeps nobody from hearing them.
#[tokio::test]
async fn a_forged_notification_keeps_nothing_from_being_ended() {
    let one = keeping().with_store().start().await;
    watch(&one).await;
    let two = keeping().with_store().beside(&one).start().await;
    let (writer, reader) = (caller(&one, OWNER), caller(&two, OWNER));
    for round in 0..3 {
        warm(&writer, &path()).await;
        warm(&reader, &path()).await;
        let before = (heard(&one).await, heard(&two).await);
        let forge = "select pg_notify('seawall_cache', 'public.messages' || repeat(chr(10), 3) || (txid_current() + n)
            || '@' || date_part('epoch', pg_postmaster_start_time())) from generate_series(1, 40) n";
        one.database().run(forge).await;
        for (app, before) in [(&one, before.0), (&two, before.1)] {
            assert!(heard_since(app, before, 40).await.is_some());
        }
        let body = format!("after forging {round}");
        warm(&writer, &path()).await;
        warm(&reader, &path()).await;
        post(&writer, &body).await;
        let read = writer.get(&path()).send().await.expect(200);
        assert!(read.column("body").contains(&body), "{}", word(&read));
        until(&reader, &path(), |answer| answer.column("body").contains(&body)).await;
    }
}

/// Triggers that do not tell the transaction yet are heard as before.
#[tokio::test]
async fn a_notification_without_a_name_ends_what_it_tells() {
    let app = keeping().with_store().start().await;
    watch(&app).await;
    let owner = caller(&app, OWNER);
    warm(&owner, &path()).await;
    for _ in 0..3 {
        let before = heard(&app).await;
        app.database()
            .run("notify seawall_cache, 'public.messages'")
            .await;
        assert_eq!(heard_since(&app, before, 1).await, Some((1, 0)));
        warm(&owner, &path()).await;
    }
}
