//! Keys that live elsewhere: fetched, rotated, lost, and read from a file.

use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};
use serde_json::{Value, json};

use crate::issuer::{Issuer, Kind, Mood, SigningKey};

const ROOMS: &str = "/rest/v1/rooms?select=name";

fn owner() -> Value {
    json!({"sub": OWNER.id, "role": "authenticated"})
}

async fn status(app: &TestApp, token: &str) -> u16 {
    app.with_token(token).get(ROOMS).send().await.status.as_u16()
}

fn builder(issuer: &Issuer) -> seawall_e2e::TestAppBuilder {
    TestApp::builder()
        .set("JWT_SECRET", "")
        .set("SEAWALL_JWT_JWKS", &issuer.keys_url())
        .set("SEAWALL_DB_POOL", "2")
        .set("SEAWALL_DB_CONNECT_TIMEOUT", "20000")
}

#[tokio::test]
async fn every_kind_of_key_verifies_its_own_tokens() {
    let keys =
        [Kind::Rsa, Kind::Curve, Kind::Edwards].map(|kind| SigningKey::new(&format!("{kind:?}"), kind));
    let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
    let app = builder(&issuer).start().await;
    for key in &keys {
        assert_eq!(status(&app, &key.sign(&owner())).await, 200);
    }
    let stranger = SigningKey::new("Curve", Kind::Curve);
    assert_eq!(status(&app, &stranger.sign(&owner())).await, 401);
}

#[tokio::test]
async fn a_rotation_is_noticed_by_the_first_token_of_the_new_key() {
    let (old, new) = (
        SigningKey::new("old", Kind::Curve),
        SigningKey::new("new", Kind::Curve),
    );
    let issuer = Issuer::start(&[&old]).await;
    let app = builder(&issuer).start().await;
    let old_token = old.sign(&owner());
    assert_eq!(status(&app, &old_token).await, 200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    issuer.publish(&[&new]);
    let new_token = new.sign(&owner());
    let many = (0..8).map(|_| app.with_token(new_token.clone()).get(ROOMS).send());
    let asked: Vec<_> = many.map(tokio::spawn).collect();
    for answer in asked {
        assert_eq!(answer.await.unwrap().status, 200, "all wait for the one reading");
    }
    assert_eq!(
        status(&app, &old_token).await,
        401,
        "what was remembered under the old keys is forgotten"
    );
}

#[tokio::test]
async fn a_broken_issuer_takes_no_key_away() {
    let key = SigningKey::new("a", Kind::Curve);
    let issuer = Issuer::start(&[&key]).await;
    let app = builder(&issuer)
        .set("SEAWALL_JWT_JWKS_REFRESH", "1")
        .set("SEAWALL_JWT_JWKS_STALE_AFTER", "1")
        .set("SEAWALL_JWT_CACHE_MAX_ENTRIES", "0")
        .start()
        .await;
    assert_eq!(status(&app, &key.sign(&owner())).await, 200);
    for mood in [Mood::Failing, Mood::Garbled] {
        issuer.become_(mood);
        let before = issuer.asked("/keys");
        let started = Instant::now();
        while issuer.asked("/keys") == before {
            assert!(started.elapsed() < Duration::from_secs(60), "it is read again");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(status(&app, &key.sign(&owner())).await, 200);
    }
    // Nothing was read for longer than the keys may go unread.
    let started = Instant::now();
    loop {
        let metrics = app.anonymous().get("/metrics").send().await;
        if String::from_utf8_lossy(&metrics.body).contains("jwks_stale 1") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "the alarm is raised");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn keys_that_could_never_be_read_are_no_reason_to_call_a_token_bad() {
    let key = SigningKey::new("a", Kind::Curve);
    let issuer = Issuer::start(&[&key]).await;
    issuer.become_(Mood::Failing);
    let app = builder(&issuer).start().await;
    let answer = app
        .with_token(key.sign(&owner()))
        .get(ROOMS)
        .send()
        .await
        .expect(503);
    assert_eq!(answer.code(), "SEAWALL_AUTH_UNAVAILABLE");
    assert!(answer.number("retry-after") >= 1);
    issuer.become_(Mood::Well);
    let started = Instant::now();
    while status(&app, &key.sign(&owner())).await != 200 {
        assert!(started.elapsed() < Duration::from_secs(40), "it is tried again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_secret_among_published_keys_verifies_nothing() {
    let key = SigningKey::new("a", Kind::Curve);
    let issuer = Issuer::start(&[&key]).await;
    issuer.publish_also(&json!({"kty": "oct", "kid": "oops", "alg": "HS256",
        "k": "YS1zZWNyZXQtb2YtdGhlLXRlc3RzLXdpdGgtbW9yZS10aGFuLTMyLWJ5dGVz"}));
    let app = builder(&issuer).start().await;
    assert_eq!(status(&app, &OWNER.token()).await, 401);
    assert_eq!(status(&app, &key.sign(&owner())).await, 200);
}

#[tokio::test]
async fn a_key_set_in_a_file_is_read_again() {
    let (old, new) = (
        SigningKey::new("old", Kind::Edwards),
        SigningKey::new("new", Kind::Edwards),
    );
    let path = std::env::temp_dir().join(format!("seawall-keys-{}.json", std::process::id()));
    std::fs::write(&path, json!({"keys": [old.public()]}).to_string()).unwrap();
    let app = TestApp::builder()
        .set("JWT_SECRET", "")
        .set("SEAWALL_JWT_JWKS", &path.to_string_lossy())
        .start()
        .await;
    assert_eq!(status(&app, &old.sign(&owner())).await, 200);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    std::fs::write(&path, json!({"keys": [old.public(), new.public()]}).to_string()).unwrap();
    assert_eq!(status(&app, &new.sign(&owner())).await, 200);
    assert_eq!(status(&app, &OWNER.token()).await, 401);
    std::fs::remove_file(&path).unwrap();
}
