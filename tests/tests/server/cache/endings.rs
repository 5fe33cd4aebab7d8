//! When what is kept ends: by own writes, by what they cascade to, by writes elsewhere, by an administrator's word.

use seawall_e2e::{GUEST, HARBOUR, LIGHTHOUSE, OWNER};
use serde_json::json;

use super::{MESSAGES, ROOMS, caller, keeping, until, warm, word};

#[tokio::test]
async fn a_writer_reads_what_it_wrote() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    for round in 0..5 {
        warm(&owner, MESSAGES).await;
        let body = format!("round {round}");
        let message = json!({"room_id": HARBOUR, "body": body});
        owner.post("/rest/v1/messages", &message).send().await.expect(201);
        let read = owner.get(MESSAGES).send().await.expect(200);
        assert!(read.column("body").contains(&body) && word(&read) == "MISS");
    }
}

#[tokio::test]
async fn a_write_spares_what_does_not_depend_on_it() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    let mut spared = false;
    // Once, while the server begins to listen, what was kept before is asked for anew whatever is written.
    for round in 0..4 {
        warm(&owner, ROOMS).await;
        let message = json!({"room_id": HARBOUR, "body": format!("another {round}")});
        owner.post("/rest/v1/messages", &message).send().await.expect(201);
        spared |= word(&owner.get(ROOMS).send().await.expect(200)) == "HIT";
    }
    assert!(spared);
}

#[tokio::test]
async fn embeds_views_and_functions_end_with_the_tables_they_read() {
    let app = keeping().start().await;
    let owner = caller(&app, OWNER);
    let paths = [
        "/rest/v1/rooms?select=name,messages(body)".to_owned(),
        "/rest/v1/room_summaries?select=name,message_count".to_owned(),
        format!("/rest/v1/rpc/room_activity?room={HARBOUR}"),
    ];
    for path in &paths {
        warm(&owner, path).await;
    }
    let call = json!({"room": HARBOUR, "body": "through a function"});
    owner
        .post("/rest/v1/rpc/post_message", &call)
        .send()
        .await
        .expect(200);
    for path in &paths {
        assert_eq!(word(&owner.get(path).send().await.expect(200)), "MISS", "{path}");
    }
}

#[tokio::test]
async fn a_membership_that_ends_ends_the_list_of_rooms() {
    let app = keeping().start().await;
    let guest = caller(&app, GUEST);
    warm(&guest, ROOMS).await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    let membership = format!(
        "/rest/v1/memberships?room_id=eq.{HARBOUR}&user_id=eq.{}",
        GUEST.id
    );
    service.delete(&membership).send().await.expect(204);
    let rooms = guest.get(ROOMS).send().await.expect(200);
    assert_eq!((rooms.rows().len(), word(&rooms)), (0, "MISS"));
}

#[tokio::test]
async fn what_cascades_and_what_triggers_write_ends_too() {
    let sql = "create table ledger (entry text);
      grant select on ledger to authenticated;
      create function note() returns trigger language plpgsql security definer as
        $$ begin insert into public.ledger values (tg_op); return null; end $$;
      create trigger noted after delete on messages for each statement execute function note();";
    let app = keeping().prepared_with(sql).start().await;
    let owner = caller(&app, OWNER);
    warm(&owner, MESSAGES).await;
    warm(&owner, "/rest/v1/ledger").await;
    let service = app.with_claims(&json!({"role": "service_role"}));
    service
        .delete(&format!("/rest/v1/rooms?id=eq.{LIGHTHOUSE}"))
        .send()
        .await
        .expect(204);
    assert_eq!(word(&owner.get(MESSAGES).send().await.expect(200)), "MISS");
    let ledger = owner.get("/rest/v1/ledger").send().await.expect(200);
    assert_eq!((ledger.rows().len(), word(&ledger)), (1, "MISS"));
}

#[tokio::test]
async fn a_function_that_builds_its_sql_ends_everything_unless_told_what_it_writes() {
    let sql = "create function hidden(q text) returns void language plpgsql as $$ begin execute q; end $$;
               grant execute on function hidden(text) to authenticated;";
    let call = json!({"q": "select 1"});
    let app = keeping().prepared_with(sql).start().await;
    let owner = caller(&app, OWNER);
    warm(&owner, ROOMS).await;
    owner.post("/rest/v1/rpc/hidden", &call).send().await.expect(204);
    assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "MISS");

    let told = keeping()
        .prepared_with(sql)
        .set("SEAWALL_CACHE_WRITES", r#"{"rpc/hidden": ["messages"]}"#);
    let app = told.start().await;
    let owner = caller(&app, OWNER);
    warm(&owner, ROOMS).await;
    owner.post("/rest/v1/rpc/hidden", &call).send().await.expect(204);
    assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "HIT");
}

#[tokio::test]
async fn a_write_elsewhere_to_a_watched_table_is_heard_and_spares_the_others() {
    let app = keeping().with_store().start().await;
    app.database().run("select seawall.watch('messages')").await;
    let owner = caller(&app, OWNER);
    // A trigger is a change of the schema: once, what was kept before it is not found any more.
    let mut spared = false;
    for round in 0..4 {
        warm(&owner, MESSAGES).await;
        warm(&owner, ROOMS).await;
        let write = format!("update messages set body = 'elsewhere {round}'");
        app.database().run(&write).await;
        let written = format!("elsewhere {round}");
        until(&owner, MESSAGES, |answer| {
            answer.column("body").iter().all(|body| *body == written)
        })
        .await;
        spared |= word(&owner.get(ROOMS).send().await.expect(200)) == "HIT";
    }
    assert!(spared);
}

#[tokio::test]
async fn a_change_of_a_policy_or_of_a_grant_ends_what_was_kept_before() {
    let app = keeping().start().await;
    let guest = caller(&app, GUEST);
    warm(&guest, ROOMS).await;
    app.database()
        .run("drop policy rooms_of_member on rooms; notify pgrst")
        .await;
    until(&guest, ROOMS, |answer| answer.rows().is_empty()).await;
}

#[tokio::test]
async fn an_administrator_throws_away_by_table_key_pattern_and_user() {
    let app = keeping().start().await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let (owner, guest) = (caller(&app, OWNER), caller(&app, GUEST));
    let tell = async |body: serde_json::Value| {
        admin
            .post("/internal/cache/invalidate", &body)
            .send()
            .await
            .expect(204);
    };
    for (wanted, owners, guests) in [
        (json!({"tables": ["rooms"]}), "MISS", "MISS"),
        (json!({"tables": ["public.memberships"]}), "MISS", "MISS"),
        (json!({"tables": ["profiles"]}), "HIT", "HIT"),
        (json!({"keys": [ROOMS]}), "MISS", "MISS"),
        (json!({"patterns": ["/rest/v1/rooms*"]}), "MISS", "MISS"),
        (json!({"patterns": ["/rest/v1/messages*"]}), "HIT", "HIT"),
        (json!({"users": [GUEST.id]}), "HIT", "MISS"),
        (json!({"everything": true}), "MISS", "MISS"),
    ] {
        warm(&owner, ROOMS).await;
        warm(&guest, ROOMS).await;
        tell(wanted.clone()).await;
        assert_eq!(
            word(&owner.get(ROOMS).send().await.expect(200)),
            owners,
            "{wanted}"
        );
        assert_eq!(
            word(&guest.get(ROOMS).send().await.expect(200)),
            guests,
            "{wanted}"
        );
    }
}

#[tokio::test]
async fn only_administrators_look_and_throw_away() {
    let app = keeping().start().await;
    let everything = json!({"everything": true});
    caller(&app, OWNER)
        .post("/internal/cache/invalidate", &everything)
        .send()
        .await
        .expect(403);
    app.anonymous()
        .get("/internal/cache-stats")
        .send()
        .await
        .expect(401);
    warm(&caller(&app, OWNER), ROOMS).await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let stats = admin.get("/internal/cache-stats").send().await.expect(200).json();
    assert!(stats["instance"]["hits"].as_u64() >= Some(1), "{stats}");
    let wrong = admin
        .post("/internal/cache/invalidate", &json!({"table": "rooms"}))
        .send()
        .await;
    assert_eq!(wrong.expect(400).code(), "SEAWALL_BAD_REQUEST");
}
