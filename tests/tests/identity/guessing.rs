//! An address that guesses tokens is barred, and nobody else.

use seawall_e2e::{GUEST, OWNER, TestApp};
use seawall_server::auth::mint::mint;
use serde_json::json;

const ROOMS: &str = "/rest/v1/rooms?select=name";
const NOBODYS: &str = "a-secret-that-nobody-has-with-more-than-32-bytes";

async fn app() -> TestApp {
    let builder = TestApp::builder().limits(&json!({}));
    builder.set("SEAWALL_FAILED_TOKEN_LIMIT", "5").start().await
}

fn guess(number: u32) -> String {
    mint(
        NOBODYS,
        &json!({"sub": OWNER.id, "role": "authenticated", "n": number}),
    )
    .unwrap()
}

#[tokio::test]
async fn guesses_over_the_limit_are_not_verified_and_known_tokens_go_on() {
    let app = app().await;
    let known = app.with_token(OWNER.token_for(600));
    known.get(ROOMS).send().await.expect(200);
    for number in 0..5 {
        app.with_token(guess(number)).get(ROOMS).send().await.expect(401);
    }
    let barred = app.with_token(guess(5)).get(ROOMS).send().await.expect(429);
    assert_eq!(barred.code(), "SEAWALL_RATE_LIMITED");
    assert_eq!(barred.json()["scope"], "failed_tokens");
    assert!((1..=12).contains(&barred.number("retry-after")));
    // Even one that is right is not told so.
    app.as_user(GUEST).get(ROOMS).send().await.expect(429);
    known.get(ROOMS).send().await.expect(200);
    app.anonymous().get("/live").send().await.expect(200);
}

#[tokio::test]
async fn what_was_good_once_and_what_is_no_token_bar_nobody() {
    let app = app().await;
    let expired = json!({"sub": OWNER.id, "role": "authenticated", "exp": 1});
    for number in 0..10 {
        app.with_claims(&expired).get(ROOMS).send().await.expect(401);
        let text = format!("no-token-{number}");
        app.with_token(text).get(ROOMS).send().await.expect(401);
    }
    app.as_user(OWNER).get(ROOMS).send().await.expect(200);
}
