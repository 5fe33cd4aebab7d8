//! Who sees what: tokens, roles and row-level security.

use seawall_e2e::{GUEST, OWNER, TestApp};
use serde_json::json;

const ROOMS: &str = "/rest/v1/rooms?select=name&order=name";

#[tokio::test]
async fn each_member_sees_their_own_rooms() {
    let app = TestApp::start().await;
    let owner = app.as_user(OWNER).get(ROOMS).send().await.expect(200);
    let guest = app.as_user(GUEST).get(ROOMS).send().await.expect(200);
    assert_eq!(owner.column("name"), ["Harbour", "Lighthouse"]);
    assert_eq!(guest.column("name"), ["Harbour"]);
}

#[tokio::test]
async fn a_user_without_membership_sees_nothing() {
    let app = TestApp::start().await;
    let claims = json!({"sub": "33333333-3333-4333-8333-333333333333", "role": "authenticated"});
    let stranger = app.with_claims(&claims);
    assert!(stranger.get(ROOMS).send().await.expect(200).rows().is_empty());
    assert!(
        stranger
            .get("/rest/v1/messages")
            .send()
            .await
            .expect(200)
            .rows()
            .is_empty()
    );
}

#[tokio::test]
async fn nobody_signed_in_is_refused() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get(ROOMS).send().await.expect(401);
    assert_eq!(answer.code(), "42501");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn an_expired_token_is_refused() {
    let app = TestApp::start().await;
    let claims = json!({"sub": OWNER.id, "role": "authenticated", "exp": 1_000_000_000});
    let answer = app.with_claims(&claims).get(ROOMS).send().await.expect(401);
    assert_eq!(answer.code(), "PGRST303");
}

#[tokio::test]
async fn an_unsigned_token_is_refused() {
    let app = TestApp::start().await;
    // {"alg":"none","typ":"JWT"} . {"sub":"1111…","role":"authenticated"} . (no signature)
    let token = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.\
                 eyJzdWIiOiIxMTExMTExMS0xMTExLTQxMTEtODExMS0xMTExMTExMTExMTEiLCJyb2xlIjoiYXV0aGVudGljYXRlZCJ9.";
    let answer = app.with_token(token).get(ROOMS).send().await.expect(401);
    assert_eq!(answer.code(), "PGRST301");
}

#[tokio::test]
async fn a_token_with_another_signature_is_refused() {
    let app = TestApp::start().await;
    let token = OWNER.token();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{}", signature.chars().rev().collect::<String>());
    let answer = app.with_token(forged).get(ROOMS).send().await.expect(401);
    assert_eq!(answer.code(), "PGRST301");
}

#[tokio::test]
async fn a_token_that_is_no_token_is_refused() {
    let app = TestApp::start().await;
    for garbage in ["garbage", "a.b.c", "..", "é"] {
        let answer = app
            .anonymous()
            .get(ROOMS)
            .header("authorization", &format!("Bearer {garbage}"))
            .send()
            .await;
        assert_eq!(answer.status, 401, "{garbage}");
    }
}

#[tokio::test]
async fn a_role_the_login_may_not_become_is_refused() {
    let app = TestApp::start().await;
    for role in [
        "postgres",
        "no_such_role",
        "pg_read_server_files",
        "\"; drop table messages; --",
    ] {
        let answer = app
            .with_claims(&json!({"sub": OWNER.id, "role": role}))
            .get(ROOMS)
            .send()
            .await;
        assert!(
            (400..500).contains(&answer.status.as_u16()),
            "{role}: {}",
            answer.status
        );
    }
    assert_eq!(app.database().value("select count(*) from messages").await, "7");
}

#[tokio::test]
async fn one_users_claims_never_reach_the_next_request() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "1").start().await;
    for _ in 0..5 {
        assert_eq!(
            app.as_user(OWNER)
                .get(ROOMS)
                .send()
                .await
                .expect(200)
                .rows()
                .len(),
            2
        );
        assert_eq!(
            app.as_user(GUEST)
                .get(ROOMS)
                .send()
                .await
                .expect(200)
                .rows()
                .len(),
            1
        );
        app.anonymous().get(ROOMS).send().await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_side_by_side_see_only_their_own() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "4").start().await;
    let mut asked = Vec::new();
    for index in 0..60 {
        let (user, rooms) = if index % 2 == 0 { (OWNER, 2) } else { (GUEST, 1) };
        let request = app.as_user(user).get(ROOMS);
        asked.push(tokio::spawn(async move {
            (request.send().await.expect(200).rows().len(), rooms)
        }));
    }
    for answer in asked {
        let (seen, expected) = answer.await.unwrap();
        assert_eq!(seen, expected);
    }
}
