//! TLS on the server's own listener.

use std::time::{Duration, Instant};

use seawall_e2e::{Certificate, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn get(certificate: &Certificate, app: &TestApp, path: &str) -> std::io::Result<String> {
    let mut stream = certificate.connect(app.address(), &["http/1.1"]).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// A server over TLS, ready.
pub(super) async fn started(certificate: &Certificate, settings: &[(&str, &str)]) -> TestApp {
    let builder = settings
        .iter()
        .fold(TestApp::builder(), |builder, (name, value)| {
            builder.set(name, value)
        });
    let app = builder.encrypted(certificate).start_unready().await;
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let ready = get(certificate, &app, "/ready").await;
        if ready.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return app;
        }
        assert!(Instant::now() < until, "the server is not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn answers_over_tls_tell_browsers_to_stay_with_it() {
    let certificate = Certificate::create();
    let app = started(&certificate, &[]).await;
    let answer = get(&certificate, &app, "/live").await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("strict-transport-security: max-age=31536000"),
        "{answer}"
    );
    let plain = TestApp::start().await;
    let answer = plain.anonymous().get("/live").send().await;
    assert_eq!(answer.header("strict-transport-security"), "");
}

#[tokio::test]
async fn a_certificate_is_exchanged_without_a_restart_and_a_broken_one_is_not_taken() {
    let mut certificate = Certificate::create();
    let app = started(&certificate, &[]).await;
    get(&certificate, &app, "/live").await.unwrap();
    std::fs::write(certificate.certificate(), "half a fi").unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    get(&certificate, &app, "/live").await.unwrap();
    certificate.renew();
    let started = Instant::now();
    while certificate.connect(app.address(), &["http/1.1"]).await.is_err() {
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "the new certificate is not taken"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert!(
        get(&certificate, &app, "/live")
            .await
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
}

#[tokio::test]
async fn who_says_nothing_or_speaks_in_clear_is_let_go() {
    let certificate = Certificate::create();
    let app = started(&certificate, &[("SEAWALL_HEADER_TIMEOUT", "500")]).await;
    for bytes in ["", "GET /live HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let mut stream = TcpStream::connect(app.address()).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        let _reset_or_end = tokio::time::timeout(Duration::from_secs(10), read)
            .await
            .expect("it stays open");
        assert!(!answer.starts_with(b"HTTP"), "{bytes:?}");
    }
}
