//! Tokens that the auth service is asked about, and what becomes of them while it cannot be asked.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use seawall_e2e::{GUEST, OWNER, SECRET, TestApp, TestAppBuilder};
use seawall_server::auth::mint::mint;
use serde_json::json;

use crate::issuer::{Issuer, Mood};

const ROOMS: &str = "/rest/v1/rooms?select=name";
const USER: &str = "/auth/v1/user";

fn builder(issuer: &Issuer) -> TestAppBuilder {
    TestApp::builder()
        .set("SEAWALL_TOKEN_VERIFY_URL", &issuer.user_url())
        .set("SEAWALL_TOKEN_VERIFY_TIMEOUT", "500")
        .set("SEAWALL_DB_POOL", "2")
        .set("SEAWALL_DB_CONNECT_TIMEOUT", "20000")
}

async fn answer(app: &TestApp, token: &str) -> (u16, String) {
    let answer = app.with_token(token).get(ROOMS).send().await;
    let code = if answer.status == 200 {
        String::new()
    } else {
        answer.code()
    };
    (answer.status.as_u16(), code)
}

fn refused() -> (u16, String) {
    (401, "SEAWALL_TOKEN_REFUSED".to_owned())
}

fn unavailable() -> (u16, String) {
    (503, "SEAWALL_AUTH_UNAVAILABLE".to_owned())
}

#[tokio::test]
async fn a_well_signed_token_is_refused_when_its_session_has_ended() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer).start().await;
    let token = OWNER.token();
    assert_eq!(answer(&app, &token).await, refused());
    issuer.knows(&token, OWNER.id);
    assert_eq!(answer(&app, &token).await.0, 200);
    let of_another = GUEST.token();
    issuer.knows(&of_another, OWNER.id);
    assert_eq!(
        answer(&app, &of_another).await,
        refused(),
        "the token says another user"
    );
}

#[tokio::test]
async fn a_forged_token_is_not_even_asked_about() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer).start().await;
    let forged = mint(
        "another secret that is long enough",
        &json!({"sub": OWNER.id, "role": "authenticated"}),
    )
    .unwrap();
    issuer.knows(&forged, OWNER.id);
    assert_eq!(answer(&app, &forged).await.0, 401);
    assert_eq!(issuer.asked(USER), 0);
}

#[tokio::test]
async fn without_keys_the_auth_services_word_is_all_there_is() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer)
        .set("JWT_SECRET", "")
        .set("SEAWALL_TOKEN_VERIFY_KEY", "the-anon-key")
        .start()
        .await;
    let token = OWNER.token();
    assert_eq!(answer(&app, &token).await, refused());
    issuer.knows(&token, OWNER.id);
    assert_eq!(answer(&app, &token).await.0, 200);
    // Nobody vouches for a token without a user, and the project's own key is nobody's.
    let nobody = mint(SECRET, &json!({"role": "service_role"})).unwrap();
    assert_eq!(answer(&app, &nobody).await, refused());
    assert_eq!(answer(&app, "the-anon-key").await.1, "42501");
    for token in ["a.b.c", "nonsense", ""] {
        assert_eq!(answer(&app, token).await, (401, "PGRST301".to_owned()));
    }
}

#[tokio::test]
async fn an_answer_is_asked_for_once_and_remembered() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer).start().await;
    let tokens: Vec<String> = (0..20).map(|index| OWNER.token_for(600 + index)).collect();
    for token in &tokens {
        issuer.knows(token, OWNER.id);
    }
    let mut requests = 0;
    for _ in 0..10 {
        let asked = tokens
            .iter()
            .map(|token| tokio::spawn(app.with_token(token.clone()).get(ROOMS).send()));
        for answer in asked.collect::<Vec<_>>() {
            answer.await.unwrap().expect(200);
            requests += 1;
        }
    }
    let upstream = issuer.asked(USER);
    println!("{requests} requests, {upstream} verifications upstream");
    // Once each, and once more each where the bus came up meanwhile and something may have been missed.
    assert!(requests == 200 && (20..=40).contains(&upstream), "{upstream}");
}

#[tokio::test]
async fn many_at_once_with_one_token_ask_once() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer).start().await;
    let token = OWNER.token();
    issuer.knows(&token, OWNER.id);
    let asked: Vec<_> = (0..30)
        .map(|_| tokio::spawn(app.with_token(token.clone()).get(ROOMS).send()))
        .collect();
    for answer in asked {
        answer.await.unwrap().expect(200);
    }
    assert!(issuer.asked(USER) <= 3, "{}", issuer.asked(USER));
}

#[tokio::test]
async fn unavailable_is_not_invalid() {
    for mood in [Mood::Failing, Mood::Silent, Mood::Garbled] {
        let issuer = Issuer::start(&[]).await;
        let app = builder(&issuer).start().await;
        let token = OWNER.token();
        issuer.knows(&token, OWNER.id);
        issuer.become_(mood);
        assert_eq!(answer(&app, &token).await, unavailable());
        let hint = app.with_token(&token).get(ROOMS).send().await;
        assert!(hint.number("retry-after") >= 1);
        assert_eq!(
            answer(&app, "a.b.c").await.0,
            401,
            "what is no token needs nobody to say so"
        );
        assert_eq!(
            app.anonymous().get(ROOMS).send().await.status,
            401,
            "nor who has none"
        );
    }
}

#[tokio::test]
async fn while_it_is_down_nothing_it_once_said_counts_and_it_is_spared() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer).start().await;
    let known = OWNER.token();
    issuer.knows(&known, OWNER.id);
    assert_eq!(answer(&app, &known).await.0, 200);
    issuer.become_(Mood::Failing);
    for index in 0..10 {
        assert_eq!(answer(&app, &GUEST.token_for(600 + index)).await, unavailable());
    }
    let asked = issuer.asked(USER);
    assert!(asked < 10, "the circuit opened: {asked}");
    assert_eq!(answer(&app, &known).await, unavailable(), "fail closed");
    for index in 0..20 {
        assert_eq!(answer(&app, &GUEST.token_for(700 + index)).await, unavailable());
    }
    assert_eq!(issuer.asked(USER), asked, "an open circuit asks nobody");
    // It comes back by itself: the circuit probes after half a minute.
    issuer.become_(Mood::Well);
    let started = Instant::now();
    let fresh = OWNER.token_for(900);
    issuer.knows(&fresh, OWNER.id);
    while answer(&app, &fresh).await.0 != 200 {
        assert!(started.elapsed() < Duration::from_secs(90));
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    println!("accepted again {:?} after it was well", started.elapsed());
    assert_eq!(answer(&app, &known).await.0, 200);
}

#[tokio::test]
async fn where_it_is_configured_cached_validations_outlive_the_service() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer)
        .set("SEAWALL_TOKEN_VERIFY_WHEN_DOWN", "cached")
        .set("TOKEN_CACHE_TTL_SECONDS", "1")
        .start()
        .await;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let known = OWNER.token();
    let short = mint(
        SECRET,
        &json!({"sub": OWNER.id, "role": "authenticated", "exp": now + 4}),
    )
    .unwrap();
    for token in [&known, &short] {
        issuer.knows(token, OWNER.id);
        assert_eq!(answer(&app, token).await.0, 200);
    }
    issuer.become_(Mood::Failing);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    for _ in 0..10 {
        assert_eq!(answer(&app, &known).await, (200, String::new()));
    }
    assert_eq!(
        answer(&app, &GUEST.token()).await,
        unavailable(),
        "nobody ever vouched for it"
    );
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_ne!(answer(&app, &short).await.0, 200, "never past its own end");
    assert_eq!(answer(&app, &known).await.0, 200);
}

#[tokio::test]
async fn what_the_service_takes_back_is_refused_when_its_time_is_up() {
    let issuer = Issuer::start(&[]).await;
    let app = builder(&issuer)
        .set("TOKEN_CACHE_TTL_SECONDS", "1")
        .set("SEAWALL_TOKEN_VERIFY_WHEN_DOWN", "cached")
        .start()
        .await;
    let token = OWNER.token();
    issuer.knows(&token, OWNER.id);
    assert_eq!(answer(&app, &token).await.0, 200);
    issuer.forgets(&token);
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!(answer(&app, &token).await, refused());
    issuer.become_(Mood::Failing);
    assert_ne!(
        answer(&app, &token).await.0,
        200,
        "a refusal is no validation to fall back on"
    );
}
