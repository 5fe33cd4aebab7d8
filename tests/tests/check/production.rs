//! In production the server serves no database that protects nothing.

use std::process::Stdio;
use std::time::Duration;

use seawall_e2e::{Database, OWNER, TestApp};

use crate::program::seawall;

const OPEN: &str = "create table notes (id bigint primary key); grant select on notes to authenticated;";

#[tokio::test]
async fn production_refuses_to_start_on_the_worst_and_says_which() {
    let database = Database::create().await;
    database.run(OPEN).await;
    let mut command = seawall(&database.direct_login_url());
    command
        .arg("serve")
        .env("SEAWALL_MODE", "production")
        .env("SEAWALL_LISTEN", "127.0.0.1:0");
    let output = tokio::task::spawn_blocking(move || command.output())
        .await
        .unwrap()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("critical rls-disabled: table public.notes"),
        "{errors}"
    );
}

#[tokio::test]
async fn development_serves_what_production_refuses() {
    let app = TestApp::builder().prepared_with(OPEN).start().await;
    assert_eq!(app.as_user(OWNER).get("/rest/v1/notes").send().await.status, 200);
}

#[tokio::test]
async fn production_serves_what_is_safe_and_what_is_allowed() {
    let app = TestApp::builder().set("SEAWALL_MODE", "production").start().await;
    assert_eq!(app.as_user(OWNER).get("/rest/v1/rooms").send().await.status, 200);
    let allow = r#"{"rls-disabled": {"public.notes": "empty for ever"}}"#;
    let builder = TestApp::builder()
        .prepared_with(OPEN)
        .set("SEAWALL_MODE", "production");
    let app = builder.set("SEAWALL_CHECK_ALLOW", allow).start().await;
    assert_eq!(app.as_user(OWNER).get("/rest/v1/notes").send().await.status, 200);
}

#[tokio::test]
async fn what_could_not_be_checked_at_the_start_is_not_served_until_it_is_safe() {
    let database = Database::create().await;
    database.run(OPEN).await;
    let proxy = seawall_e2e::FaultProxy::start(database.address());
    proxy.refuse();
    let address = free_address();
    let url = database.login_url(&proxy.address().ip().to_string(), proxy.address().port());
    let mut command = seawall(&url);
    command
        .arg("serve")
        .env("SEAWALL_MODE", "production")
        .env("SEAWALL_LISTEN", &address)
        .env("SEAWALL_DB_CONNECT_TIMEOUT", "500")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    wait_for_answer(&address, "/live", 200).await;
    proxy.pass();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_ne!(status(&address, "/ready").await, Some(200));
    assert_ne!(status(&address, "/rest/v1/notes").await, Some(200));
    database.run("revoke select on notes from authenticated").await;
    wait_for_answer(&address, "/ready", 200).await;
    process.kill().unwrap();
    process.wait().unwrap();
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

async fn status(address: &str, path: &str) -> Option<u16> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
    let head = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.ok()?;
    String::from_utf8_lossy(&answer).split(' ').nth(1)?.parse().ok()
}

async fn wait_for_answer(address: &str, path: &str, wanted: u16) {
    for _ in 0..300 {
        if status(address, path).await == Some(wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{path} never answered {wanted}");
}
