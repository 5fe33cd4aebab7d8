//! Headers, compression, versions and errors: what every answer has, and what some must not.

use seawall_e2e::{OWNER, TestApp};

const LONG: &str =
    "create view long_rows as select n, repeat('seawall ', 40) as body from generate_series(1, 50) n;
    grant select on long_rows to authenticated; notify pgrst";

async fn with_long_rows(builder: seawall_e2e::TestAppBuilder) -> TestApp {
    let app = builder.start().await;
    app.database().run(LONG).await;
    app.wait_for_table("long_rows").await;
    app
}

#[tokio::test]
async fn answers_over_a_kilobyte_are_compressed_for_those_who_ask() {
    let app = with_long_rows(TestApp::builder()).await;
    let ask = |encoding: &str| {
        app.as_user(OWNER)
            .get("/rest/v1/long_rows")
            .header("accept-encoding", encoding)
            .send()
    };
    let plain = ask("identity").await.expect(200);
    for encoding in ["gzip", "br"] {
        let answer = ask(encoding).await.expect(200);
        assert_eq!(answer.header("content-encoding"), encoding);
        assert!(
            answer.body.len() * 5 < plain.body.len(),
            "{} of {}",
            answer.body.len(),
            plain.body.len()
        );
        let varies = answer
            .headers
            .get_all("vary")
            .iter()
            .any(|value| value == "accept-encoding");
        assert!(varies, "{:?}", answer.headers);
        // The count of rows is not a piece of a file, and survives.
        assert_eq!(answer.header("content-range"), plain.header("content-range"));
        assert!(answer.header("etag").starts_with("W/"));
    }
}

#[tokio::test]
async fn who_asks_for_nothing_compressed_is_told_the_same_as_who_declines_it() {
    let app = with_long_rows(TestApp::builder()).await;
    for path in ["/rest/v1/long_rows", "/rest/v1/rooms?limit=1", "/nowhere"] {
        let ask = || app.as_user(OWNER).get(path);
        let unasked = ask().send().await;
        let declined = ask().header("accept-encoding", "identity").send().await;
        for name in [
            "vary",
            "content-range",
            "etag",
            "content-encoding",
            "content-type",
        ] {
            let told = |answer: &seawall_e2e::Answer| {
                let values = answer.headers.get_all(name).iter().cloned();
                values.collect::<Vec<_>>()
            };
            assert_eq!(told(&unasked), told(&declined), "{name} of {path}");
        }
        assert_eq!(unasked.status, declined.status);
    }
}

#[tokio::test]
async fn short_answers_and_those_of_callers_who_decline_are_left_alone() {
    let app = with_long_rows(TestApp::builder()).await;
    let short = app
        .as_user(OWNER)
        .get("/rest/v1/rooms?limit=1")
        .header("accept-encoding", "gzip")
        .send()
        .await;
    assert_eq!(short.expect(200).header("content-encoding"), "");
    let declined = app
        .as_user(OWNER)
        .get("/rest/v1/long_rows")
        .header("accept-encoding", "gzip")
        .header("x-no-compression", "1")
        .send()
        .await
        .expect(200);
    assert_eq!(declined.header("content-encoding"), "");
    let off = with_long_rows(TestApp::builder().set("SEAWALL_COMPRESSION", "false")).await;
    let answer = off
        .as_user(OWNER)
        .get("/rest/v1/long_rows")
        .header("accept-encoding", "gzip")
        .send()
        .await;
    assert_eq!(answer.expect(200).header("content-encoding"), "");
}

#[tokio::test]
async fn answers_of_the_auth_service_are_not_compressed() {
    let users = format!(
        r#"[{{"id":"{}","email":"{}","password":"secret-password"}}]"#,
        OWNER.id, OWNER.email
    );
    let app = TestApp::builder()
        .set("SEAWALL_DEV_AUTH_USERS", &users)
        .start()
        .await;
    let answer = app
        .anonymous()
        .post(
            "/auth/v1/token?grant_type=password",
            &serde_json::json!({"email": OWNER.email, "password": "secret-password"}),
        )
        .header("accept-encoding", "gzip, br")
        .send()
        .await
        .expect(200);
    assert_eq!(answer.header("content-encoding"), "");
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_make_of_it() {
    let app = TestApp::start().await;
    let answers = [
        app.anonymous().get("/live").send().await,
        app.anonymous().get("/nowhere").send().await,
        app.as_user(OWNER).get("/rest/v1/rooms").send().await,
        app.anonymous().get("/rest/v1/rooms?select=(").send().await,
    ];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("x-frame-options"), "DENY");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert!(
            answer
                .header("content-security-policy")
                .contains("default-src 'none'")
        );
        assert!(!answer.header("x-request-id").is_empty());
        assert_eq!(answer.header("strict-transport-security"), "");
    }
}

#[tokio::test]
async fn a_believed_proxy_that_speaks_tls_is_enough_to_stay_with_it() {
    let app = TestApp::builder()
        .set("SEAWALL_TRUSTED_PROXIES", "127.0.0.0/8")
        .start()
        .await;
    let ask = |scheme: &str| {
        app.anonymous()
            .get("/live")
            .header("x-forwarded-proto", scheme)
            .send()
    };
    assert!(
        ask("https")
            .await
            .header("strict-transport-security")
            .starts_with("max-age=")
    );
    assert_eq!(ask("http").await.header("strict-transport-security"), "");
}

#[tokio::test]
async fn own_addresses_have_a_version_and_one_shape_of_error() {
    let app = TestApp::start().await;
    for path in ["/health", "/v1/health", "/v1/policy", "/v1/live"] {
        assert_eq!(
            app.anonymous()
                .get(path)
                .send()
                .await
                .expect(200)
                .header("x-api-version"),
            "1"
        );
    }
    let unknown = app
        .anonymous()
        .get("/health")
        .header("x-api-version", "9")
        .send()
        .await;
    assert_eq!(unknown.expect(400).code(), "SEAWALL_API_VERSION");
    let wrong = [
        app.anonymous().delete("/health").send().await.expect(405),
        app.anonymous().get("/v1/nowhere").send().await.expect(404),
        app.anonymous()
            .request(http::Method::PUT, "/ingest")
            .body("text/plain", "x")
            .send()
            .await
            .expect(405),
    ];
    for answer in wrong {
        let body = answer.json();
        for field in ["code", "message", "details", "hint"] {
            assert!(body.get(field).is_some(), "{field} in {body}");
        }
    }
}

#[tokio::test]
async fn a_cache_keeps_the_answers_of_origins_apart() {
    let app = TestApp::builder()
        .set("SEAWALL_SERVER_CORS_ALLOWED_ORIGINS", "http://good.test")
        .start()
        .await;
    for origin in ["http://good.test", "http://bad.test"] {
        let answer = app.anonymous().get("/live").header("origin", origin).send().await;
        assert_eq!(
            answer
                .headers
                .get_all("vary")
                .iter()
                .filter(|value| *value == "Origin")
                .count(),
            1,
            "{origin}"
        );
    }
    assert!(
        app.anonymous()
            .get("/live")
            .send()
            .await
            .header("vary")
            .contains("Origin")
    );
}

#[tokio::test]
async fn the_id_of_a_request_is_the_callers_where_it_is_sane() {
    let app = TestApp::start().await;
    let ask = |id: &str| app.anonymous().get("/live").header("x-request-id", id).send();
    assert_eq!(ask("abc-1").await.header("x-request-id"), "abc-1");
    assert_ne!(ask("a b\"}").await.header("x-request-id"), "a b\"}");
}
