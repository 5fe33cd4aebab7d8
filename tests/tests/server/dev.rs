//! The development services: off unless configured, and Supabase's protocol when on.

use seawall_e2e::{OWNER, SECRET, TestApp};
use serde_json::{Value, json};

async fn start() -> TestApp {
    let users = json!([{"id": OWNER.id, "email": OWNER.email, "password": "owner-password"}]);
    TestApp::builder()
        .set("SEAWALL_DEV_AUTH_USERS", &users.to_string())
        .set("SEAWALL_DEV_FAULTS", "true")
        .start()
        .await
}

async fn sign_in(app: &TestApp) -> Value {
    let body = json!({"email": OWNER.email, "password": "owner-password"});
    app.anonymous()
        .post("/auth/v1/token?grant_type=password", &body)
        .send()
        .await
        .expect(200)
        .json()
}

async fn refresh(app: &TestApp, token: &Value) -> seawall_e2e::Answer {
    let body = json!({"refresh_token": token});
    app.anonymous()
        .post("/auth/v1/token?grant_type=refresh_token", &body)
        .send()
        .await
}

#[tokio::test]
async fn the_services_are_off_unless_configured() {
    let app = TestApp::start().await;
    for path in ["/auth/v1/user", "/dev/config", "/dev/faults"] {
        app.anonymous().get(path).send().await.expect(404);
    }
}

#[tokio::test]
async fn a_session_lives_from_sign_in_to_sign_out() {
    let app = start().await;
    let session = sign_in(&app).await;
    let token = session["access_token"].as_str().unwrap().to_owned();
    assert_eq!(session["user"]["id"], OWNER.id);
    assert_eq!(session["token_type"], "bearer");
    assert!(!token.contains(SECRET));

    let rooms = app
        .with_token(&token)
        .get("/rest/v1/rooms")
        .send()
        .await
        .expect(200);
    assert_eq!(rooms.rows().len(), 2);
    let user = app
        .with_token(&token)
        .get("/auth/v1/user")
        .send()
        .await
        .expect(200);
    assert_eq!(user.json()["email"], OWNER.email);

    let refreshed = refresh(&app, &session["refresh_token"]).await.expect(200).json();
    assert_ne!(refreshed["refresh_token"], session["refresh_token"]);

    app.with_token(&token)
        .post("/auth/v1/logout", &json!({}))
        .send()
        .await
        .expect(204);
    let gone = app
        .with_token(&token)
        .get("/auth/v1/user")
        .send()
        .await
        .expect(403)
        .json();
    assert_eq!(gone["error_code"], "session_not_found");
    let spent = refresh(&app, &refreshed["refresh_token"])
        .await
        .expect(400)
        .json();
    assert_eq!(spent["error_code"], "refresh_token_not_found");
}

#[tokio::test]
async fn wrong_credentials_and_unknown_users_look_alike() {
    let app = start().await;
    let mut answers = Vec::new();
    for (email, password) in [
        (OWNER.email, "wrong"),
        ("nobody@example.test", "owner-password"),
        (OWNER.email, ""),
    ] {
        let body = json!({"email": email, "password": password});
        let answer = app
            .anonymous()
            .post("/auth/v1/token?grant_type=password", &body)
            .send()
            .await
            .expect(400);
        answers.push(answer.json());
    }
    let expected =
        json!({"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"});
    assert!(answers.iter().all(|answer| *answer == expected), "{answers:?}");
}

#[tokio::test]
async fn nonsense_gets_an_error_in_the_services_own_shape() {
    let app = start().await;
    let post = |path: &str| {
        app.anonymous()
            .request(http::Method::POST, path)
            .body("application/json", "{")
    };
    for answer in [
        post("/auth/v1/token?grant_type=password")
            .send()
            .await
            .expect(400),
        app.anonymous()
            .post("/auth/v1/token?grant_type=magic", &json!({}))
            .send()
            .await
            .expect(400),
        app.anonymous().get("/auth/v1/user").send().await.expect(401),
        app.with_token("a.b.c")
            .get("/auth/v1/user")
            .send()
            .await
            .expect(403),
        app.anonymous().get("/auth/v1/nothing").send().await.expect(404),
        app.anonymous().get("/auth/v1/token").send().await.expect(405),
    ] {
        for field in ["code", "error_code", "msg"] {
            assert!(answer.json().get(field).is_some(), "{field} in {}", answer.json());
        }
    }
}

#[tokio::test]
async fn the_page_gets_a_key_that_the_server_accepts() {
    let app = start().await;
    let config = app.anonymous().get("/dev/config").send().await.expect(200).json();
    assert_eq!(config["url"], format!("http://{}", app.address()));
    let anonymous = app.with_token(config["anonKey"].as_str().unwrap());
    assert_eq!(anonymous.get("/rest/v1/rooms").send().await.code(), "42501");
}

#[tokio::test]
async fn faults_fail_slow_down_and_vanish_until_taken_back() {
    let app = start().await;
    let set = async |fault: Value| app.anonymous().put("/dev/faults", &fault).send().await;
    let rooms = || app.as_user(OWNER).get("/rest/v1/rooms").send();

    set(json!({"mode": "fail"})).await.expect(200);
    assert_eq!(rooms().await.expect(503).code(), "SEAWALL_FAULT");
    app.anonymous().get("/health").send().await.expect(200);

    set(json!({"mode": "slow", "latencyMs": 300})).await.expect(200);
    let started = std::time::Instant::now();
    rooms().await.expect(200);
    assert!(started.elapsed().as_millis() >= 300);

    set(json!({"mode": "vanish"})).await.expect(200);
    assert_eq!(
        app.send_raw("GET /rest/v1/rooms HTTP/1.1\r\nHost: a\r\n\r\n")
            .await,
        ""
    );

    assert_eq!(
        set(json!({"mode": "explode"})).await.expect(400).code(),
        "SEAWALL_BAD_FAULT"
    );
    set(json!({"mode": "none"})).await.expect(200);
    rooms().await.expect(200);
    assert_eq!(
        app.anonymous().get("/dev/faults").send().await.json()["mode"],
        "none"
    );
}
