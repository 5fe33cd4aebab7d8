//! Answers of an upstream are kept like those of the database: for each caller alone, until a write.

use std::time::{Duration, Instant};

use http::Method;
use seawall_e2e::{Answer, HARBOUR, TestApp};
use seawall_server::auth::mint::mint;
use serde_json::json;

use crate::front::Front;

const MESSAGES: &str = "/rest/v1/messages?select=body&order=created_at";

fn token(subject: &str) -> String {
    mint(
        seawall_e2e::SECRET,
        &json!({"sub": subject, "role": "authenticated"}),
    )
    .unwrap()
}

fn word(answer: &Answer) -> &str {
    answer.header("x-cache")
}

async fn read(front: &Front, token: &str, path: &str) -> Answer {
    front.get(path).bearer(token).send().await.expect(200)
}

async fn warm(front: &Front, token: &str, path: &str) {
    let until = Instant::now() + Duration::from_secs(20);
    while word(&read(front, token, path).await) != "HIT" {
        assert!(Instant::now() < until, "{path} is never kept");
    }
}

#[tokio::test]
async fn an_upstream_s_answers_are_kept_for_each_caller_and_end_with_writes() {
    let upstream = TestApp::start().await;
    let url = format!("http://{}", upstream.address());
    let front = Front::configured(&url, &[("SEAWALL_CACHE", "true")]).await;
    let (owner, guest) = (token(seawall_e2e::OWNER.id), token(seawall_e2e::GUEST.id));
    warm(&front, &owner, MESSAGES).await;
    let seen = read(&front, &owner, MESSAGES).await.rows().len();
    let other = read(&front, &guest, MESSAGES).await;
    assert!(word(&other) == "MISS" && other.rows().len() < seen);
    let embedding = "/rest/v1/rooms?select=name,messages(body)";
    warm(&front, &owner, embedding).await;
    let spelt = "/rest/v1/messag%65s?select=body";
    warm(&front, &owner, spelt).await;
    let body = json!({"room_id": HARBOUR, "body": "through the front"});
    let write = front.request(Method::POST, "/rest/v1/messages").bearer(&owner);
    write.json(&body).send().await.expect(201);
    assert_eq!(read(&front, &owner, MESSAGES).await.rows().len(), seen + 1);
    assert_eq!(word(&read(&front, &owner, embedding).await), "MISS");
    assert_eq!(word(&read(&front, &owner, spelt).await), "MISS");
    // A function may do anything, and nobody said what this one does.
    let activity = format!("/rest/v1/rpc/room_activity?room={HARBOUR}");
    assert_eq!(word(&read(&front, &owner, &activity).await), "BYPASS");
    // A key that only the upstream can judge makes a caller nobody here knows.
    let opaque = front.get(MESSAGES).bearer("sb_secret_of_somebody").send().await;
    assert_ne!(word(&opaque), "HIT");
    upstream.proxy().refuse();
    assert_eq!(word(&read(&front, &owner, MESSAGES).await), "HIT");
}
