//! Requests that two servers in a row could understand differently, over plain connections and encrypted ones.

use std::time::Duration;

use seawall_e2e::{Certificate, TestApp};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

const TWICE: &str =
    "POST /live HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";

/// Sends bytes and gives all that comes back until the server closes.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, bytes: &str) -> Option<String> {
    stream.write_all(bytes.as_bytes()).await.ok()?;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut answer)).await;
    let _a_reset_is_an_end_too = read.ok()?;
    Some(String::from_utf8_lossy(&answer).into_owned())
}

fn cases() -> Vec<(String, &'static str)> {
    let long = format!(
        "GET /live HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n",
        "x".repeat(100_000)
    );
    let many = format!("GET /live HTTP/1.1\r\nHost: a\r\n{}\r\n", "X: y\r\n".repeat(200));
    vec![
        (TWICE.to_owned(), "HTTP/1.1 400"),
        (
            "GET /live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
            "HTTP/1.1 400",
        ),
        ("GET /live HTTP/1.1\r\n\r\n".to_owned(), "HTTP/1.1 400"),
        (long, "HTTP/1.1 431"),
        (many, "HTTP/1.1 431"),
        ("GET /live HTTP/1.1\r\nHo".to_owned(), ""),
    ]
}

#[tokio::test]
async fn what_is_ambiguous_too_large_or_half_is_refused_and_the_connection_closed() {
    let app = TestApp::builder()
        .set("SEAWALL_HEADER_TIMEOUT", "700")
        .start()
        .await;
    for (request, begins) in cases() {
        let answer = app.send_raw(&request).await;
        let head = request.chars().take(60).collect::<String>();
        assert!(
            answer.starts_with(begins) && (!begins.is_empty() || answer.is_empty()),
            "{head:?}: {answer}"
        );
        // Whether we refuse it or the library does, it is told in the one shape.
        assert!(
            begins.is_empty() || answer.contains("\"code\":\"SEAWALL_"),
            "{head:?}: {answer}"
        );
    }
    let answer = app.send_raw("GET /live HTTP/1.1\r\nno header\r\n\r\n").await;
    assert!(
        answer.starts_with("HTTP/1.1 400") && answer.contains("SEAWALL_BAD_REQUEST"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_address_longer_than_the_library_reads_is_refused_in_the_one_shape() {
    // Where heads may be longer than that: else it is the head that is too long.
    let app = TestApp::builder()
        .set("SEAWALL_HEADER_LIMIT", "131072")
        .start()
        .await;
    let address = "a".repeat(70_000);
    let answer = app
        .send_raw(&format!("GET /{address} HTTP/1.1\r\nHost: a\r\n\r\n"))
        .await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 414 "), "{head}");
    assert!(head.contains("connection: close"), "{head}");
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], "SEAWALL_URI_TOO_LONG");
}

#[tokio::test]
async fn encryption_changes_nothing_of_it() {
    let certificate = Certificate::create();
    let app = super::tls::started(&certificate, &[("SEAWALL_HEADER_TIMEOUT", "700")]).await;
    for (request, begins) in cases() {
        let stream = certificate.connect(app.address(), &["http/1.1"]).await.unwrap();
        let answer = exchange(stream, &request).await.unwrap();
        let head = request.chars().take(60).collect::<String>();
        assert!(
            answer.starts_with(begins) && (!begins.is_empty() || answer.is_empty()),
            "{head:?}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_request_framed_twice_is_refused_behind_honest_ones_too() {
    let app = TestApp::start().await;
    let answers = app
        .send_raw(&format!(
            "GET /live HTTP/1.1\r\nHost: a\r\n\r\n{TWICE}GET /live HTTP/1.1\r\nHost: a\r\n\r\n"
        ))
        .await;
    let statuses: Vec<&str> = answers.lines().filter(|line| line.contains("HTTP/1.1")).collect();
    assert_eq!(statuses.len(), 2, "{answers}");
    assert!(
        statuses[0].contains("HTTP/1.1 200") && statuses[1].contains("HTTP/1.1 400"),
        "{answers}"
    );
    assert!(answers.contains("SEAWALL_BAD_REQUEST"), "{answers}");
}

#[tokio::test]
async fn an_idle_connection_is_kept_longer_than_a_half_sent_head() {
    let app = TestApp::builder()
        .set("SEAWALL_HEADER_TIMEOUT", "300")
        .set("SEAWALL_KEEP_ALIVE_TIMEOUT", "20000")
        .start()
        .await;
    let mut stream = tokio::net::TcpStream::connect(app.address()).await.unwrap();
    let mut buffer = vec![0; 4096];
    for _ in 0..2 {
        stream
            .write_all(b"GET /live HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        assert!(buffer.get(..count).unwrap().starts_with(b"HTTP/1.1 200"));
        tokio::time::sleep(Duration::from_millis(900)).await;
    }
    stream.write_all(b"GET").await.unwrap();
    let rest = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut buffer)).await;
    assert!(matches!(rest, Ok(Ok(0) | Err(_))), "a half-sent head is cut");
}
