//! Bombs, many at once, sent to the server's own process: refused, and nothing of them stays in memory.

use std::sync::Arc;

use http::Method;
use seawall_e2e::ServerProcess;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::JoinSet;

use crate::content::{gzip, zip};
use crate::memory::{MIB, Watch, server, upload};
use crate::stand_in::StandIn;

/// Far below what the bombs would be together, unpacked or only kept as they come.
const BOUND: u64 = 128 * MIB;

/// Uploads of each kind at once.
const AT_ONCE: usize = 6;

/// Each kind by name, with the code it is refused by.
fn bombs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let bomb = "SEAWALL_UPLOAD_BOMB";
    let zeros = vec![0; 48 << 20];
    let squeezed = gzip(&zeros);
    let plain = zip(&[("a", &zeros)]);
    let deep = (0..8).fold(plain.clone(), |inner, _| zip(&[("a.zip", &inner)]));
    let names: Vec<String> = (0..12_000).map(|number| number.to_string()).collect();
    let empty: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let full: Vec<(&str, &[u8])> = names
        .iter()
        .take(60)
        .map(|name| (name.as_str(), squeezed.as_slice()))
        .collect();
    vec![
        ("a gzip", bomb, squeezed.clone()),
        ("lying about its sizes", bomb, lying(plain.clone())),
        ("deep", bomb, deep),
        ("wide", bomb, zip(&empty)),
        ("full of others", bomb, zip(&full)),
        ("plain", bomb, plain),
    ]
}

/// Says that its only file has ten bytes, in both places.
fn lying(mut archive: Vec<u8>) -> Vec<u8> {
    let central = archive
        .windows(4)
        .rposition(|window| window == b"PK\x01\x02")
        .expect("a central directory");
    for place in [22, central + 24] {
        archive[place..place + 4].copy_from_slice(&10_u32.to_le_bytes());
    }
    archive
}

/// What becomes of a file, whatever it is called.
async fn sent(server: &ServerProcess, number: usize, media: &str, content: Vec<u8>) -> (u16, String) {
    let path = format!("/storage/v1/object/bucket/{number}");
    let request = server.request(Method::POST, &path).body(media, content);
    let answer = request.send().await;
    (answer.status.as_u16(), answer.code())
}

/// Pours a body whose length nobody says until the server has had enough; what it answers.
async fn poured(server: &ServerProcess, mebibytes: usize) -> String {
    let mut stream = tokio::net::TcpStream::connect(server.address()).await.unwrap();
    let head = "POST /storage/v1/object/bucket/poured HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = [&b"10000\r\n"[..], &[b'x'; 64 << 10], b"\r\n"].concat();
    for _ in 0..mebibytes * 16 {
        if stream.write_all(&piece).await.is_err() {
            break;
        }
    }
    let mut answer = Vec::new();
    let _closed_on_us = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bombs_of_every_kind_at_once_are_refused_in_flat_memory() {
    let upstream = StandIn::start().await;
    let (_database, server) = server(&upstream, &[]).await;
    upload(&server, 1).await;
    let bombs = bombs();
    let watch = Watch::over(&server);
    let mut all = JoinSet::new();
    for number in 0..AT_ONCE {
        for (kind, code, content) in &bombs {
            let media = if *kind == "a gzip" {
                "application/gzip"
            } else {
                "application/zip"
            };
            let (server, content, expected) = (Arc::clone(&server), content.clone(), (*kind, *code));
            all.spawn(async move { (expected, sent(&server, number, media, content).await) });
        }
    }
    while let Some(ended) = all.join_next().await {
        let ((kind, code), answer) = ended.unwrap();
        assert_eq!(answer, (422, code.to_owned()), "{kind}");
    }
    let grown = watch.grown("36 bombs of six kinds at once");
    assert!(grown < BOUND, "{grown}");
    assert_eq!(upstream.seen().len(), 1, "only the honest one was passed on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_without_a_length_and_without_an_end_are_cut_in_flat_memory() {
    let upstream = StandIn::start().await;
    let (_database, server) = server(&upstream, &[]).await;
    upload(&server, 1).await;
    let watch = Watch::over(&server);
    let mut all = JoinSet::new();
    for _ in 0..24 {
        let server = Arc::clone(&server);
        all.spawn(async move { poured(&server, 40).await });
    }
    while let Some(answer) = all.join_next().await {
        let answer = answer.unwrap();
        // Whoever is still sending when the connection is closed may lose the answer.
        let is_told = answer.starts_with("HTTP/1.1 413") && answer.contains("SEAWALL_UPLOAD_TOO_LARGE");
        assert!(is_told || answer.is_empty(), "{answer}");
    }
    let grown = watch.grown("24 bodies of 40 MiB at once, without a length");
    assert!(grown < BOUND, "{grown}");
    assert_eq!(upstream.seen().len(), 1, "only the honest one was passed on");
    upload(&server, 1).await;
}
