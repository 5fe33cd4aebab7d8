//! What was given under other rights is not given again: grants, row-level security, whom a policy is for.

use seawall_e2e::{GUEST, OWNER, TestApp};

use super::{ROOMS, caller, keeping, until, warm, word};

/// A table that everybody may read, with a policy that waits to be switched on.
const HARBOUR: &str = "
    create table signs (id int primary key, owner text not null);
    create policy own on signs to authenticated using (owner = auth.jwt() ->> 'sub');
    create policy all_of_anon on signs to anon using (true);
    insert into signs values (1, 'somebody');
    grant select on signs to authenticated, anon;";

const SIGNS: &str = "/rest/v1/signs?select=id";

async fn started() -> TestApp {
    keeping()
        .set("SEAWALL_CACHE_TTL", "3600000")
        .prepared_with(HARBOUR)
        .start()
        .await
}

#[tokio::test]
async fn a_grant_that_is_taken_back_ends_what_was_given_under_it() {
    let app = started().await;
    let guest = caller(&app, GUEST);
    warm(&guest, ROOMS).await;
    let sql = "revoke select on rooms from authenticated; notify pgrst";
    app.database().run(sql).await;
    until(&guest, ROOMS, |answer| answer.status == 403).await;
}

#[tokio::test]
async fn row_level_security_that_is_switched_on_ends_what_was_given_without_it() {
    let app = started().await;
    let owner = caller(&app, OWNER);
    assert_eq!(warm(&owner, SIGNS).await.rows().len(), 1);
    let sql = "alter table signs enable row level security; notify pgrst";
    app.database().run(sql).await;
    until(&owner, SIGNS, |answer| answer.rows().is_empty()).await;
    warm(&owner, SIGNS).await;
    // The policy's words stay the same, and only whom it is for changes.
    let sql = "alter policy all_of_anon on signs to authenticated; notify pgrst";
    app.database().run(sql).await;
    until(&owner, SIGNS, |answer| answer.rows().len() == 1).await;
}

#[tokio::test]
async fn a_catalogue_that_is_read_again_as_it_was_spares_what_is_kept() {
    let app = started().await;
    let owner = caller(&app, OWNER);
    warm(&owner, ROOMS).await;
    app.database().run("notify pgrst").await;
    app.database()
        .run("create table news (id int); grant select on news to authenticated; notify pgrst")
        .await;
    app.wait_for_table("news").await;
    warm(&owner, ROOMS).await;
    app.database().run("notify pgrst").await;
    for _ in 0..20 {
        assert_eq!(word(&owner.get(ROOMS).send().await.expect(200)), "HIT");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
