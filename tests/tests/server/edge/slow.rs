//! Clients that are slow on purpose: cut, and hardly felt by others meanwhile.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seawall_e2e::{OWNER, TestApp};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const ATTACKERS: usize = 100;

/// Requests that a steady client gets answered in a while.
async fn served(app: &TestApp, span: Duration) -> u32 {
    let until = Instant::now() + span;
    let mut count = 0;
    while Instant::now() < until {
        app.as_user(OWNER)
            .get("/rest/v1/rooms?select=name")
            .send()
            .await
            .expect(200);
        count += 1;
    }
    count
}

/// Begins a request and then sends or reads as slowly as it can, again and again.
async fn attack(address: SocketAddr, begin: &str, bytes_at_a_time: &[u8]) -> Result<(), std::io::Error> {
    loop {
        let mut stream = TcpStream::connect(address).await?;
        if stream.write_all(begin.as_bytes()).await.is_err() {
            continue;
        }
        while stream.write_all(bytes_at_a_time).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(200)).await;
            if bytes_at_a_time.is_empty() {
                let mut one = [0; 1];
                if stream.read(&mut one).await.unwrap_or(0) == 0 {
                    break;
                }
            }
        }
    }
}

fn attackers(app: &TestApp) -> Vec<JoinHandle<Result<(), std::io::Error>>> {
    let token = OWNER.token();
    let authorized = |line: &str| format!("{line} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n");
    let head = "GET /live HTTP/1.1\r\nHost: a\r\nX: ".to_owned();
    let body = format!(
        "{}Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n[",
        authorized("POST /rest/v1/messages")
    );
    let reader = format!("{}\r\n", authorized("GET /rest/v1/long_rows"));
    let kinds = [(head, &b"x"[..]), (body, &b" "[..]), (reader, &b""[..])];
    kinds
        .iter()
        .cycle()
        .take(ATTACKERS)
        .cloned()
        .map(|(begin, pieces)| {
            let address = app.address();
            tokio::spawn(async move { attack(address, &begin, pieces).await })
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_heads_bodies_and_readers_take_little_from_others() {
    let app = TestApp::builder().set("SEAWALL_DB_POOL", "4").start().await;
    app.database()
        .run(
            "create view long_rows as select repeat('x', 200000) as body from generate_series(1, 10);
             grant select on long_rows to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_table("long_rows").await;
    let span = Duration::from_millis(1500);
    served(&app, Duration::from_millis(500)).await;
    let mut before = served(&app, span).await;
    let attackers = attackers(&app);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let during = served(&app, span).await;
    for attacker in attackers {
        attacker.abort();
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    before = before.min(served(&app, span).await);
    // A generous bound for a machine that does other things; the figure is measured by `npm run bench:server`.
    assert!(
        during * 2 > before,
        "{during} requests beside attackers, {before} without"
    );
}

#[tokio::test]
async fn a_body_that_trickles_in_is_given_up_on() {
    let app = TestApp::builder()
        .set("SEAWALL_BODY_TIMEOUT", "500")
        .start()
        .await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let head = format!(
        "POST /rest/v1/messages HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\nContent-Length: 9999\r\n\r\n[",
        OWNER.token()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let started = Instant::now();
    let (mut read, mut write) = stream.split();
    let trickle = async {
        while write.write_all(b" ").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = trickle => unreachable!(),
        _end = read.read_to_end(&mut answer) => {}
    }
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(
        answer.starts_with("HTTP/1.1 408") && answer.contains("SEAWALL_SLOW_BODY"),
        "{answer}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "{:?}",
        started.elapsed()
    );
}

#[tokio::test]
async fn an_answer_nobody_reads_is_cut() {
    let app = TestApp::builder()
        .set("SEAWALL_WRITE_TIMEOUT", "700")
        .start()
        .await;
    app.database()
        .run(
            "create view long_rows as select repeat('x', 1000000) as body from generate_series(1, 30);
             grant select on long_rows to authenticated; notify pgrst",
        )
        .await;
    app.wait_for_table("long_rows").await;
    let mut stream = TcpStream::connect(app.address()).await.unwrap();
    let request = format!(
        "GET /rest/v1/long_rows HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {}\r\n\r\n",
        OWNER.token()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let until = Instant::now() + Duration::from_secs(15);
    loop {
        let metrics = app.anonymous().get("/metrics").send().await;
        if String::from_utf8_lossy(&metrics.body).contains("http_connections_cut_total{reason=\"slow\"} 1") {
            return;
        }
        assert!(Instant::now() < until, "the connection is still held");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
