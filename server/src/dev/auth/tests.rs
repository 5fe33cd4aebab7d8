use axum::body::Body;
use http_body_util::BodyExt;
use secrecy::SecretString;
use tower::ServiceExt;
use uuid::Uuid;

use super::*;

const PASSWORD: &str = "/auth/v1/token?grant_type=password";
const REFRESH: &str = "/auth/v1/token?grant_type=refresh_token";
const RIGHT: &str = r#"{"email":"owner@example.test","password":"right"}"#;

fn app() -> Router {
    let owner = DevUser {
        id: Uuid::from_u128(1),
        email: "owner@example.test".to_owned(),
        password: SecretString::from("right"),
    };
    DevAuth::new(vec![owner], b"a-secret-that-only-tests-have-32-bytes", 60, Clock::system()).router()
}

async fn send(app: &Router, method: &str, path: &str, token: &str, body: &str) -> (StatusCode, Value) {
    let mut request = http::Request::builder().method(method).uri(path);
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = app.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn signed_in(app: &Router) -> (String, String) {
    let (status, session) = send(app, "POST", PASSWORD, "", RIGHT).await;
    assert_eq!(status, StatusCode::OK);
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    (text("access_token"), text("refresh_token"))
}

#[tokio::test]
async fn the_right_password_signs_in_as_the_user() {
    let app = app();
    let (access, _) = signed_in(&app).await;
    let (status, user) = send(&app, "GET", "/auth/v1/user", &access, "").await;
    assert_eq!((status, user["email"].as_str()), (StatusCode::OK, Some("owner@example.test")));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_are_refused_alike() {
    let app = app();
    let mut answers = Vec::new();
    for body in [
        r#"{"email":"owner@example.test","password":"wrong"}"#,
        r#"{"email":"nobody@example.test","password":"right"}"#,
    ] {
        answers.push(send(&app, "POST", PASSWORD, "", body).await);
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].1["error_code"], "invalid_credentials");
}

#[tokio::test]
async fn malformed_requests_are_refused_by_name() {
    let app = app();
    for (path, body, code) in [
        (PASSWORD, "[", "bad_json"),
        (REFRESH, "{}", "bad_json"),
        (REFRESH, r#"{"refresh_token":"none"}"#, "refresh_token_not_found"),
        ("/auth/v1/token?grant_type=magic", "{}", "validation_failed"),
        ("/auth/v1/token", "{}", "validation_failed"),
    ] {
        let (status, error) = send(&app, "POST", path, "", body).await;
        assert_eq!((status, error["error_code"].as_str()), (StatusCode::BAD_REQUEST, Some(code)), "{path}");
    }
}

#[tokio::test]
async fn a_refresh_gives_a_working_session() {
    let app = app();
    let (_, refresh) = signed_in(&app).await;
    let body = json!({ "refresh_token": refresh }).to_string();
    let (status, session) = send(&app, "POST", REFRESH, "", &body).await;
    assert_eq!(status, StatusCode::OK);
    let access = session["access_token"].as_str().unwrap();
    assert_eq!(send(&app, "GET", "/auth/v1/user", access, "").await.0, StatusCode::OK);
}

#[tokio::test]
async fn sign_out_ends_the_session() {
    let app = app();
    let (access, refresh) = signed_in(&app).await;
    assert_eq!(send(&app, "POST", "/auth/v1/logout", &access, "").await.0, StatusCode::NO_CONTENT);
    let (status, error) = send(&app, "GET", "/auth/v1/user", &access, "").await;
    assert_eq!((status, error["error_code"].as_str()), (StatusCode::FORBIDDEN, Some("session_not_found")));
    let body = json!({ "refresh_token": refresh }).to_string();
    assert_eq!(send(&app, "POST", REFRESH, "", &body).await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn nobody_is_a_user_without_a_good_token() {
    let app = app();
    for (token, status) in [("", StatusCode::UNAUTHORIZED), ("a.b.c", StatusCode::FORBIDDEN)] {
        assert_eq!(send(&app, "GET", "/auth/v1/user", token, "").await.0, status);
    }
}
