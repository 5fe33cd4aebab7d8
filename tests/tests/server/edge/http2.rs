//! HTTP/2: the same care, in its own terms.

use std::time::{Duration, Instant};

use seawall_e2e::{Certificate, OWNER, TestApp};
use tokio::net::TcpStream;

use super::frames::{DATA, Frames, GOAWAY, HEADERS, RST_STREAM};

async fn hello(app: &TestApp, window: u32) -> std::io::Result<Frames<TcpStream>> {
    let stream = TcpStream::connect(app.address()).await?;
    Frames::hello(stream, window).await
}

/// The first frame of one of some kinds.
async fn first(frames: &mut Frames<TcpStream>, kinds: &[u8]) -> Option<super::frames::Frame> {
    while let Some(frame) = frames.next().await {
        if kinds.contains(&frame.kind) {
            return Some(frame);
        }
    }
    None
}

#[tokio::test]
async fn a_plain_request_is_answered() {
    let app = TestApp::start().await;
    let mut frames = hello(&app, 65_535).await.unwrap();
    frames.get(1, "/live", &[]).await.unwrap();
    let head = first(&mut frames, &[HEADERS]).await.unwrap();
    // `:status 200` is one byte of the static table.
    assert_eq!((head.stream, head.payload.first()), (1, Some(&0x88)));
}

#[tokio::test]
async fn an_enormous_header_is_refused() {
    let app = TestApp::start().await;
    let mut frames = hello(&app, 65_535).await.unwrap();
    let long = "x".repeat(15_000);
    let more = ["a", "b", "c"].map(|name| (name, long.as_str()));
    for (index, pair) in more.iter().enumerate() {
        // One header list over 32 KB does not fit one frame of 16 KB, so it is continued.
        let mut block = Vec::new();
        if index == 0 {
            block.extend([0x82, 0x86, 0x84]);
        }
        super::frames::literal(&mut block, pair.0, pair.1);
        let (kind, flags) = if index == 0 {
            (HEADERS, 1)
        } else {
            (9, u8::from(index == 2) * 4)
        };
        frames.send(kind, flags, 1, &block).await.unwrap();
    }
    let refused = first(&mut frames, &[HEADERS, RST_STREAM, GOAWAY]).await.unwrap();
    if refused.kind == HEADERS {
        let text = String::from_utf8_lossy(&refused.payload).into_owned();
        assert!(!refused.payload.starts_with(&[0x88]), "{text}");
    }
    let mut other = hello(&app, 65_535).await.unwrap();
    other.get(1, "/live", &[]).await.unwrap();
    assert!(first(&mut other, &[HEADERS]).await.is_some(), "others are served");
}

#[tokio::test]
async fn streams_reset_as_soon_as_opened_end_the_connection() {
    let app = TestApp::start().await;
    let token = format!("Bearer {}", OWNER.token());
    let mut frames = hello(&app, 65_535).await.unwrap();
    let mut stream = 1;
    let flood = async {
        // Far more than is forgiven: a write fails as soon as the server has had enough.
        for _ in 0..20_000 {
            frames
                .get(stream, "/rest/v1/rooms", &[("authorization", &token)])
                .await?;
            frames.reset(stream).await?;
            stream += 2;
        }
        std::io::Result::Ok(())
    };
    let cut = tokio::time::timeout(Duration::from_secs(20), flood)
        .await
        .expect("the flood ends");
    let goaway = first(&mut frames, &[GOAWAY]).await;
    assert!(cut.is_err() || goaway.is_some(), "the connection goes on");
    app.as_user(OWNER).get("/rest/v1/rooms").send().await.expect(200);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_not_kept_for_ever() {
    let app = TestApp::builder()
        .set("SEAWALL_WRITE_TIMEOUT", "700")
        .start()
        .await;
    let long = "select repeat('x', 200000) as body from generate_series(1, 5)";
    app.database()
        .run(&format!(
            "create view long_rows as {long}; grant select on long_rows to authenticated; notify pgrst"
        ))
        .await;
    app.wait_for_table("long_rows").await;
    // A window of a thousand bytes: the answer never fits, and no more is ever asked for.
    let mut frames = hello(&app, 1000).await.unwrap();
    let token = format!("Bearer {}", OWNER.token());
    let started = Instant::now();
    frames
        .get(1, "/rest/v1/long_rows", &[("authorization", &token)])
        .await
        .unwrap();
    assert!(first(&mut frames, &[DATA]).await.is_some());
    let goaway_or_end = first(&mut frames, &[GOAWAY]).await;
    assert!(goaway_or_end.is_none_or(|frame| frame.kind == GOAWAY));
    assert!(
        started.elapsed() < Duration::from_secs(9),
        "{:?}",
        started.elapsed()
    );
    let metrics = app.anonymous().get("/metrics").send().await;
    let text = String::from_utf8(metrics.body.to_vec()).unwrap();
    assert!(
        text.contains("http_connections_cut_total{reason=\"unread\"} 1"),
        "{text}"
    );
}

#[tokio::test]
async fn over_tls_a_client_that_prefers_it_gets_it() {
    let certificate = Certificate::create();
    let app = super::tls::started(&certificate, &[]).await;
    let stream = certificate
        .connect(app.address(), &["h2", "http/1.1"])
        .await
        .unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let mut frames = Frames::hello(stream, 65_535).await.unwrap();
    frames.get(1, "/live", &[]).await.unwrap();
    let mut kinds = Vec::new();
    while let Some(frame) = frames.next().await {
        kinds.push(frame.kind);
        if frame.kind == HEADERS {
            break;
        }
    }
    assert!(kinds.contains(&HEADERS), "{kinds:?}");
}
