//! The live stream of events.

use std::time::Duration;

use seawall_e2e::TestApp;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A listener whose stream has begun; what it has seen is in the text.
async fn listening(app: &TestApp, token: &str) -> std::io::Result<(TcpStream, String)> {
    let mut stream = TcpStream::connect(app.address()).await?;
    let request = format!("GET /admin/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut seen = String::new();
    while !seen.contains("text/event-stream") && hears(&mut stream, &mut seen).await? {}
    Ok((stream, seen))
}

/// Hears more; false when there is no more.
async fn hears(stream: &mut TcpStream, seen: &mut String) -> std::io::Result<bool> {
    let mut bytes = [0; 4096];
    let count = stream.read(&mut bytes).await?;
    seen.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap_or_default()));
    Ok(count > 0 && !seen.ends_with("0\r\n\r\n"))
}

/// Whether the stream ends, by its last chunk or with its connection.
async fn ends((mut stream, mut seen): (TcpStream, String)) -> bool {
    let hearing = async { while hears(&mut stream, &mut seen).await.unwrap_or(false) {} };
    tokio::time::timeout(Duration::from_secs(25), hearing)
        .await
        .is_ok()
}

#[tokio::test]
async fn a_listener_is_not_heard_out_beyond_its_token() {
    let app = TestApp::start().await;
    let mint = |claims| seawall_server::auth::mint::mint(seawall_e2e::SECRET, &claims).unwrap();
    let token = mint(json!({"role": "service_role", "sub": "an administrator", "session_id": "one"}));
    let stream = listening(&app, &token).await.unwrap();
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let wish = json!({"session": "one"});
    let revoked = admin.post("/admin/sessions/revoke", &wish).send().await;
    revoked.expect(204);
    assert!(ends(stream).await, "the stream goes on");
}

#[tokio::test]
async fn a_listener_keeps_nobody_from_stopping() {
    let app = TestApp::builder()
        .set("SEAWALL_DRAIN_TIMEOUT", "60000")
        .start()
        .await;
    let token =
        seawall_server::auth::mint::mint(seawall_e2e::SECRET, &json!({"role": "service_role"})).unwrap();
    let stream = listening(&app, &token).await.unwrap();
    let stopping = tokio::time::timeout(Duration::from_secs(25), app.stop());
    let (stopped, ended) = tokio::join!(stopping, ends(stream));
    assert!(stopped.is_ok() && ended, "the listener was waited for");
}

#[tokio::test]
async fn a_listener_hears_of_a_circuit_at_once() {
    let app = TestApp::start().await;
    let admin = app.with_claims(&json!({"role": "service_role"}));
    let token =
        seawall_server::auth::mint::mint(seawall_e2e::SECRET, &json!({"role": "service_role"})).unwrap();
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!("GET /admin/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();

    let mut seen = String::new();
    let mut forced = false;
    while !seen.contains("event: circuit_changed") {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut bytes)).await;
        let count = read.expect("nothing is said").unwrap();
        assert!(count > 0, "the stream ended: {seen}");
        seen.push_str(&String::from_utf8_lossy(bytes.get(..count).unwrap()));
        if !forced && seen.contains("text/event-stream") {
            forced = true;
            let wish = json!({"force": "open"});
            admin.post("/admin/breakers/auth", &wish).send().await.expect(200);
        }
    }
    assert!(
        seen.contains(r#""dependency":"auth""#) && seen.contains(r#""cause":"manual""#),
        "{seen}"
    );
}
