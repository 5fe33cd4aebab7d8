//! Writes to a watched table end the answers about the rows that they touch, and spare those about others.

use std::time::{Duration, Instant};

use seawall_e2e::{Caller, GUEST, HARBOUR, LIGHTHOUSE, OWNER, TestApp};
use serde_json::json;

use super::{MESSAGES, caller, keeping, until, warm, word};

/// A message in the harbour, and one in the lighthouse.
const OF_HARBOUR: &str = "bbbbbbbb-0000-4000-8000-000000000001";
const OF_LIGHTHOUSE: &str = "bbbbbbbb-0000-4000-8000-000000000006";

fn of_room(room: &str) -> String {
    format!("/rest/v1/messages?room_id=eq.{room}&select=id,body&order=created_at")
}

async fn watching(tables: &str) -> TestApp {
    let app = keeping().with_store().start().await;
    watch(&app, tables).await;
    app
}

async fn watch(app: &TestApp, tables: &str) {
    let sql = format!("select seawall.watch(name::regclass) from unnest('{{{tables}}}'::text[]) as name");
    app.database().run(&sql).await;
    app.database().run("notify pgrst").await;
}

/// Writes until the first of these answers ended and the others did not. When triggers are made, the catalogue is
/// read again, which ends everything once or twice; what is not told by rows ends each time.
async fn spares(reader: &Caller<'_>, ended: &[&str], spared: &[&str], mut write: impl AsyncFnMut(usize)) {
    let mut words = Vec::new();
    let until = Instant::now() + Duration::from_secs(60);
    for round in 0.. {
        for path in ended.iter().chain(spared) {
            warm(reader, path).await;
        }
        write(round).await;
        let mut kept = true;
        words.clear();
        for path in spared {
            let answer = reader.get(path).send().await.expect(200);
            kept &= word(&answer) == "HIT";
            words.push(word(&answer).to_owned());
        }
        for path in ended {
            let answer = reader.get(path).send().await.expect(200);
            assert_eq!(word(&answer), "MISS", "{path} in round {round}");
        }
        if kept {
            return;
        }
        assert!(Instant::now() < until, "{spared:?} were never spared: {words:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn post(app: &TestApp, room: &str, body: &str) {
    let message = json!({"room_id": room, "body": body});
    let owner = caller(app, OWNER);
    owner.post("/rest/v1/messages", &message).send().await.expect(201);
}

#[tokio::test]
async fn a_message_ends_its_room_s_answers_and_no_other_room_s() {
    let app = watching("messages").await;
    let owner = caller(&app, OWNER);
    let upper = format!("/rest/v1/messages?room_id=eq.{}", HARBOUR.to_uppercase());
    let both = format!("/rest/v1/messages?room_id=in.({HARBOUR},{LIGHTHOUSE})");
    let narrow = format!("{}&body=like.*a*&limit=2", of_room(HARBOUR));
    let either = format!("/rest/v1/messages?or=(room_id.eq.{LIGHTHOUSE},body.eq.never)");
    let ended = [MESSAGES, &of_room(HARBOUR), &upper, &both, &narrow, &either];
    let single = format!("/rest/v1/messages?id=eq.{OF_HARBOUR}&select=body");
    let spared = [of_room(LIGHTHOUSE), single];
    let spared = [spared[0].as_str(), spared[1].as_str()];
    spares(&owner, &ended, &spared, async |round| {
        post(&app, HARBOUR, &format!("round {round}")).await;
    })
    .await;
}

#[tokio::test]
async fn a_message_that_moves_ends_the_answers_of_both_rooms() {
    let app = watching("messages").await;
    let owner = caller(&app, OWNER);
    let service = app.with_claims(&json!({"role": "service_role"}));
    let ended = [of_room(HARBOUR), of_room(LIGHTHOUSE)];
    let spared = format!("/rest/v1/messages?id=eq.{OF_LIGHTHOUSE}&select=body");
    spares(&owner, &[&ended[0], &ended[1]], &[&spared], async |round| {
        let room = if round % 2 == 0 { LIGHTHOUSE } else { HARBOUR };
        let path = format!("/rest/v1/messages?id=eq.{OF_HARBOUR}");
        service
            .patch(&path, &json!({"room_id": room}))
            .send()
            .await
            .expect(204);
    })
    .await;
}

#[tokio::test]
async fn messages_embedded_in_their_room_end_with_that_room_s_alone() {
    let app = watching("messages,rooms,memberships").await;
    let owner = caller(&app, OWNER);
    let embedded = |room: &str| format!("/rest/v1/rooms?id=eq.{room}&select=name,messages(body)");
    let over = |room: &str| format!("/rest/v1/rooms?id=eq.{room}&select=name,profiles(id)");
    // Whoever may see a profile is decided by messages, of all rooms.
    let ended = [embedded(HARBOUR), over(LIGHTHOUSE)];
    let spared = [
        embedded(LIGHTHOUSE),
        format!("/rest/v1/memberships?room_id=eq.{HARBOUR}"),
    ];
    spares(
        &owner,
        &[&ended[0], &ended[1]],
        &[&spared[0], &spared[1]],
        async |round| {
            post(&app, HARBOUR, &format!("round {round}")).await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_write_elsewhere_is_heard_by_its_rows() {
    let app = watching("messages").await;
    let owner = caller(&app, OWNER);
    let (harbour, lighthouse) = (of_room(HARBOUR), of_room(LIGHTHOUSE));
    let until_spared = Instant::now() + Duration::from_secs(60);
    for round in 0.. {
        warm(&owner, &harbour).await;
        warm(&owner, &lighthouse).await;
        let body = format!("elsewhere {round}");
        let write = format!("update messages set body = '{body}' where id = '{OF_HARBOUR}'");
        app.database().run(&write).await;
        until(&owner, &harbour, |answer| answer.column("body").contains(&body)).await;
        if word(&owner.get(&lighthouse).send().await.expect(200)) == "HIT" {
            break;
        }
        assert!(Instant::now() < until_spared, "never spared");
    }
    // Many rows, and all of them, are a whole table.
    let many = format!(
        "insert into messages (room_id, author_id, body) select '{LIGHTHOUSE}', '{}', 'one of many' from generate_series(1, 1500)",
        OWNER.id
    );
    app.database().run(&many).await;
    until(&owner, &lighthouse, |answer| answer.rows().len() > 1_500).await;
    warm(&owner, &harbour).await;
    app.database().run("truncate messages").await;
    until(&owner, &harbour, |answer| answer.rows().is_empty()).await;
    until(&owner, &lighthouse, |answer| answer.rows().is_empty()).await;
}

#[tokio::test]
async fn what_cascades_is_told_by_rows_too() {
    let app = watching("messages,rooms,memberships").await;
    let owner = caller(&app, OWNER);
    let service = app.with_claims(&json!({"role": "service_role"}));
    let spared = "/rest/v1/rooms?id=eq.aaaaaaaa-0000-4000-8000-00000000000f&select=name";
    // Its policy asks who is a member, of anything: a room that goes takes memberships along.
    warm(&owner, spared).await;
    let messages = of_room(LIGHTHOUSE);
    warm(&owner, &messages).await;
    service
        .delete(&format!("/rest/v1/rooms?id=eq.{LIGHTHOUSE}"))
        .send()
        .await
        .expect(204);
    for path in [spared, &messages] {
        let answer = owner.get(path).send().await.expect(200);
        assert_eq!((answer.rows().len(), word(&answer)), (0, "MISS"), "{path}");
    }
}

#[tokio::test]
async fn a_membership_that_ends_ends_the_room_s_messages_for_its_member() {
    let app = watching("messages,memberships").await;
    let guest = caller(&app, GUEST);
    let service = app.with_claims(&json!({"role": "service_role"}));
    let messages = of_room(HARBOUR);
    warm(&guest, &messages).await;
    let membership = format!(
        "/rest/v1/memberships?room_id=eq.{HARBOUR}&user_id=eq.{}",
        GUEST.id
    );
    service.delete(&membership).send().await.expect(204);
    let answer = guest.get(&messages).send().await.expect(200);
    assert_eq!((answer.rows().len(), word(&answer)), (0, "MISS"));
}

#[tokio::test]
async fn a_trigger_that_is_missing_or_switched_off_makes_it_the_whole_table() {
    let app = watching("messages").await;
    let owner = caller(&app, OWNER);
    let (harbour, lighthouse) = (of_room(HARBOUR), of_room(LIGHTHOUSE));
    spares(&owner, &[&harbour], &[&lighthouse], async |round| {
        post(&app, HARBOUR, &format!("round {round}")).await;
    })
    .await;
    for sql in [
        "alter table messages disable trigger seawall_watch_insert",
        "drop trigger seawall_watch_insert on messages",
        "select seawall.unwatch('messages')",
    ] {
        warm(&owner, &lighthouse).await;
        app.database().run(sql).await;
        // At once, before anything is read again: what is not reported is written anywhere.
        post(&app, LIGHTHOUSE, sql).await;
        let answer = owner.get(&lighthouse).send().await.expect(200);
        assert!(answer.column("body").contains(&sql.to_owned()), "{sql}");
    }
    warm(&owner, &lighthouse).await;
    post(&app, HARBOUR, "told by nobody").await;
    assert_eq!(word(&owner.get(&lighthouse).send().await.expect(200)), "MISS");
}

#[tokio::test]
async fn nothing_that_a_trigger_meets_fails_a_write() {
    let sql =
        "create table odd (\"the key\" int primary key, \"a.b\" text unique, n numeric unique, other text);
               grant all on odd to service_role; notify pgrst";
    let app = keeping().with_store().prepared_with(sql).start().await;
    watch(&app, "odd").await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    app.wait_for_table("odd").await;
    let path = "/rest/v1/odd";
    let row =
        |key: i32| json!({"the key": key, "a.b": format!("é\u{1f6a2}{key}"), "n": 1.50 + f64::from(key)});
    service.post(path, &row(1)).send().await.expect(201);
    let run = async |sql: &str| app.database().run(sql).await;
    run("alter table odd rename column \"a.b\" to \"%I $1 \"\"b\"\"\"").await;
    run("insert into odd values (2, 'x', 2), (3, null, 3)").await;
    run("alter table odd drop column \"%I $1 \"\"b\"\"\"").await;
    run("insert into odd values (4, 4); update odd set \"the key\" = 40 where n = 4; delete from odd where n = 3").await;
    run("alter table odd drop column \"the key\"").await;
    run("insert into odd values (5); update odd set n = 50 where n = 5; delete from odd; truncate odd").await;
    assert_eq!(app.database().value("select count(*) from odd").await, "0");
}

#[tokio::test]
async fn what_a_policy_or_a_function_reads_again_is_the_whole_table() {
    let sql = "
      create table echoes (id int primary key, room int not null);
      create function heard(of_room int) returns bigint language sql stable security definer as
        $$ select count(*) from public.echoes e where e.room = of_room $$;
      alter table echoes enable row level security;
      create policy echoes_heard on echoes using (heard(room) > 1);
      grant select on echoes to authenticated; grant all on echoes to service_role;
      grant execute on function heard(int) to authenticated;
      insert into echoes values (1, 1), (2, 1); notify pgrst";
    let app = keeping().with_store().prepared_with(sql).start().await;
    watch(&app, "echoes").await;
    let owner = caller(&app, OWNER);
    let service = app.with_claims(&json!({"role": "service_role"}));
    let one = "/rest/v1/echoes?id=eq.1&select=id";
    for round in 0..3 {
        assert_eq!(warm(&owner, one).await.rows().len(), 1, "round {round}");
        service.delete("/rest/v1/echoes?id=eq.2").send().await.expect(204);
        // The row asked for is as it was; whether it may be seen is not.
        assert_eq!(owner.get(one).send().await.expect(200).rows().len(), 0);
        warm(&owner, one).await;
        let echo = json!({"id": 2, "room": 1});
        service.post("/rest/v1/echoes", &echo).send().await.expect(201);
        assert_eq!(owner.get(one).send().await.expect(200).rows().len(), 1);
    }
}

#[tokio::test]
async fn a_partition_and_its_root_are_whole_tables() {
    let sql = "
      create table logs (day int not null, id int not null, words text, primary key (day, id)) partition by list (day);
      create table logs_1 partition of logs for values in (1);
      create table base (id int primary key, words text);
      create table derived (primary key (id)) inherits (base);
      grant all on logs, logs_1, base, derived to service_role;
      insert into logs values (1, 1, 'old'); insert into derived values (1, 'old'); notify pgrst";
    let app = keeping().with_store().prepared_with(sql).start().await;
    watch(&app, "logs,base,derived").await;
    app.wait_for_table("derived").await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    // A partition is not shown to requests by its own name.
    for (written, read) in [("base", "derived"), ("derived", "base"), ("logs", "logs")] {
        let path = format!("/rest/v1/{read}?id=eq.1&select=words");
        warm(&service, &path).await;
        let words = format!("by {written}");
        let change = json!({"words": words});
        service
            .patch(&format!("/rest/v1/{written}?id=eq.1"), &change)
            .send()
            .await
            .expect(204);
        assert_eq!(
            service.get(&path).send().await.expect(200).column("words"),
            [words]
        );
    }
    for (written, read) in [
        ("base", "derived"),
        ("derived", "base"),
        ("logs", "logs"),
        ("logs_1", "logs"),
    ] {
        let path = format!("/rest/v1/{read}?id=eq.1&select=words");
        warm(&service, &path).await;
        let words = format!("elsewhere, by {written}");
        let sql = format!("update {written} set words = '{words}' where id = 1");
        app.database().run(&sql).await;
        until(&service, &path, |answer| {
            answer.column("words") == [words.clone()]
        })
        .await;
    }
}
