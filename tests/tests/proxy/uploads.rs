//! Uploads: what reaches storage, and what does not.

use http::Method;
use seawall_e2e::Answer;

use crate::clamd::{Clamd, eicar};
use crate::content::{form, gzip, png, svg, zip};
use crate::front::Front;
use crate::stand_in::StandIn;

struct Gate {
    upstream: StandIn,
    front: Front,
}

impl Gate {
    async fn with(settings: &[(&str, &str)]) -> Self {
        let upstream = StandIn::start().await;
        let front = Front::configured(&upstream.url(), settings).await;
        Self { upstream, front }
    }

    async fn upload(&self, path: &str, media: &str, content: Vec<u8>) -> Answer {
        self.front
            .request(Method::POST, &format!("/storage/v1/object/{path}"))
            .body(media, content)
            .send()
            .await
    }

    /// Refused with this code, and nothing of it seen by storage.
    #[track_caller]
    fn is_refused(&self, answer: &Answer, status: u16, code: &str) {
        let body = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, code),
            "{body}"
        );
        assert!(self.upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn honest_files_arrive_as_they_were() {
    let gate = Gate::with(&[]).await;
    let text = b"name,age\nx,3\n".to_vec();
    let archive = zip(&[("a.txt", b"hello"), ("b/c.txt", &[b'y'; 5000])]);
    let files = [
        ("a.png", "image/png", png()),
        ("b.csv", "text/csv", text),
        ("c.zip", "application/zip", archive),
        ("d.gz", "application/gzip", gzip(b"hello")),
        ("e.svg", "image/svg+xml", svg("<path d=\"M0 0\"/>")),
        ("f.png", "text/plain;charset=UTF-8", png()),
        ("g.bin", "application/octet-stream", vec![0, 1, 2, 3]),
    ];
    for (name, media, content) in files {
        let length = content.len();
        gate.upload(&format!("bucket/{name}"), media, content.clone())
            .await
            .expect(200);
        let seen = gate.upstream.last();
        assert_eq!(
            (seen.bytes, seen.body.as_ref()),
            (length, content.as_slice()),
            "{name}"
        );
        assert_eq!(seen.headers["content-type"], media);
        assert_eq!(seen.headers["content-length"], length.to_string().as_str());
    }
}

#[tokio::test]
async fn a_form_arrives_with_its_parts() {
    let gate = Gate::with(&[]).await;
    let (media, body) = form("me.png", "image/png", &png());
    gate.upload("avatars/me.png", &media, body).await.expect(200);
    let seen = gate.upstream.last();
    let text = String::from_utf8_lossy(&seen.body).into_owned();
    assert!(text.contains("name=\"cacheControl\"\r\n\r\n3600\r\n"), "{text}");
    assert!(
        text.contains("name=\"\"; filename=\"me.png\"\r\nContent-Type: image/png\r\n\r\n"),
        "{text}"
    );
    assert!(seen.body.windows(png().len()).any(|window| window == png()));
    let (media, body) = form("me.png", "image/png", &svg("<script>a()</script>"));
    let before = gate.upstream.seen().len();
    assert_eq!(
        gate.upload("avatars/me.png", &media, body)
            .await
            .expect(415)
            .code(),
        "SEAWALL_UPLOAD_MISMATCH"
    );
    assert_eq!(gate.upstream.seen().len(), before);
}

#[tokio::test]
async fn what_is_not_what_it_is_called_is_refused() {
    let gate = Gate::with(&[]).await;
    let code = "SEAWALL_UPLOAD_MISMATCH";
    gate.is_refused(
        &gate.upload("b/a.png", "image/png", b"plain words".to_vec()).await,
        415,
        code,
    );
    gate.is_refused(&gate.upload("b/a.jpg", "image/jpeg", png()).await, 415, code);
    gate.is_refused(&gate.upload("b/a.txt", "text/plain", png()).await, 415, code);
    gate.is_refused(
        &gate
            .upload("b/a.png", "image/png", b"<html><script>a()</script>".to_vec())
            .await,
        415,
        code,
    );
    let type_refused = "SEAWALL_UPLOAD_TYPE";
    gate.is_refused(
        &gate
            .upload("b/a", "text/plain", b"<!doctype html><p>".to_vec())
            .await,
        415,
        type_refused,
    );
    gate.is_refused(
        &gate.upload("b/a", "text/html", b"plain words".to_vec()).await,
        415,
        type_refused,
    );
    gate.is_refused(
        &gate
            .upload("b/a", "application/octet-stream", b"#!/bin/sh\nrm -rf /".to_vec())
            .await,
        415,
        type_refused,
    );
}

#[tokio::test]
async fn a_bucket_takes_what_it_says_under_any_spelling() {
    let types = r#"{"avatars": ["image/png"], "*": ["*/*"]}"#;
    let gate = Gate::with(&[("SEAWALL_UPLOAD_TYPES", types)]).await;
    for path in ["avatars/a", "av%61tars/a", "/avatars/a"] {
        let answer = gate.upload(path, "text/plain", b"words".to_vec()).await;
        gate.is_refused(&answer, 415, "SEAWALL_UPLOAD_TYPE");
    }
    gate.upload("avatars/a", "image/png", png()).await.expect(200);
    gate.upload("others/a", "text/plain", b"words".to_vec())
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_with_and_without_a_length() {
    let gate = Gate::with(&[("SEAWALL_UPLOAD_LIMIT", "100000")]).await;
    let answer = gate.upload("b/a", "text/plain", vec![b'x'; 100_001]).await;
    gate.is_refused(&answer, 413, "SEAWALL_UPLOAD_TOO_LARGE");
    let answer = chunked(&gate, 100_001).await;
    assert!(
        answer.starts_with("HTTP/1.1 413") && answer.contains("SEAWALL_UPLOAD_TOO_LARGE"),
        "{answer}"
    );
    assert!(gate.upstream.seen().is_empty());
    let answer = chunked(&gate, 100_000).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(gate.upstream.last().bytes, 100_000);
    let (media, body) = form("a.txt", "text/plain", &vec![b'x'; 100_001]);
    assert_eq!(
        gate.upload("b/a", &media, body).await.expect(413).code(),
        "SEAWALL_UPLOAD_TOO_LARGE"
    );
}

/// An upload whose length nobody says.
async fn chunked(gate: &Gate, bytes: usize) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(gate.front.address())
        .await
        .unwrap();
    let head = "POST /storage/v1/object/b/a HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n\
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    let _ = stream.write_all(head.as_bytes()).await;
    let content = vec![b'x'; bytes];
    for piece in content.chunks(10_000) {
        let piece = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
        let _ = stream.write_all(&piece).await;
    }
    let _ = stream.write_all(b"0\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn two_files_in_one_are_refused() {
    let gate = Gate::with(&[]).await;
    let code = "SEAWALL_UPLOAD_POLYGLOT";
    let both = |tail: &[u8]| [png().as_slice(), tail].concat();
    let archive = zip(&[("a.txt", b"x")]);
    gate.is_refused(
        &gate.upload("b/a.png", "image/png", both(&archive)).await,
        422,
        code,
    );
    gate.is_refused(
        &gate
            .upload("b/a.png", "image/png", both(b"<script>a()</script>"))
            .await,
        422,
        code,
    );
    gate.is_refused(
        &gate
            .upload("b/a.png", "image/png", both(b"%PDF-1.7\n1 0 obj\n%%EOF"))
            .await,
        422,
        code,
    );
    let document = [&b"%PDF-1.7\n%%EOF\n"[..], &archive].concat();
    gate.is_refused(
        &gate.upload("b/a.pdf", "application/pdf", document).await,
        422,
        code,
    );
}

/// What only the upstream would read as a form would pass as one plain file.
#[tokio::test]
async fn a_form_in_disguise_is_refused() {
    let gate = Gate::with(&[]).await;
    let (_, body) = form("a.png", "image/png", &svg("<script>a()</script>"));
    for media in [
        "multipart/form-data; boundary=edge; x=é",
        "multipart/form-data, x; boundary=edge",
        "multipart/mixed; boundary=edge",
    ] {
        let answer = gate.upload("b/a", media, body.clone()).await;
        assert!(
            matches!(answer.status.as_u16(), 400 | 403),
            "{media}: {}",
            answer.status
        );
    }
    let upload = gate.front.request(Method::POST, "/storage/v1/object/b/a");
    let twice = upload.header("content-type", "text/plain");
    let twice = twice.body("multipart/form-data; boundary=edge", body).send();
    twice.await.expect(400);
    let upload = gate.front.request(Method::POST, "/storage/v1/object/b/a.txt");
    let encoded = upload
        .header("content-encoding", "identity")
        .header("content-encoding", "gzip");
    encoded
        .body("text/plain", b"words".to_vec())
        .send()
        .await
        .expect(403);
    assert!(gate.upstream.seen().is_empty());
}

#[tokio::test]
async fn an_image_that_runs_is_refused() {
    let gate = Gate::with(&[]).await;
    for inside in [
        "<script>a()</script>",
        "<g onload=\"a()\"/>",
        "<a href=\"java&#115;cript:a()\"/>",
        "<foreignObject/>",
    ] {
        let answer = gate.upload("b/a.svg", "image/svg+xml", svg(inside)).await;
        gate.is_refused(&answer, 422, "SEAWALL_UPLOAD_SCRIPT");
        // The same as data: a browser shows it all the same.
        for padding in [0, 20_000] {
            let data = [
                format!("<!--{}-->", " ".repeat(padding)).into_bytes(),
                svg(inside),
            ]
            .concat();
            let answer = gate.upload("b/a.xml", "application/xml", data).await;
            assert!(matches!(answer.status.as_u16(), 415 | 422), "{}", answer.status);
        }
    }
}

#[tokio::test]
async fn bombs_are_refused() {
    let gate = Gate::with(&[]).await;
    let zeros = vec![0; 30 << 20];
    let code = "SEAWALL_UPLOAD_BOMB";
    gate.is_refused(
        &gate
            .upload("b/a.zip", "application/zip", zip(&[("a", &zeros)]))
            .await,
        422,
        code,
    );
    gate.is_refused(
        &gate.upload("b/a.gz", "application/gzip", gzip(&zeros)).await,
        422,
        code,
    );
    let nested = zip(&[("a.zip", &zip(&[("b.gz", &gzip(&zeros))]))]);
    gate.is_refused(
        &gate.upload("b/a.zip", "application/zip", nested).await,
        422,
        code,
    );
    let leading_out = zip(&[("../../a", b"x")]);
    let answer = gate.upload("b/a.zip", "application/zip", leading_out).await;
    gate.is_refused(&answer, 422, "SEAWALL_UPLOAD_ARCHIVE");
}

#[tokio::test]
async fn what_cannot_be_judged_is_refused() {
    let gate = Gate::with(&[]).await;
    let answer = gate
        .front
        .request(Method::PUT, "/storage/v1/s3/bucket/key")
        .body("text/plain", "words")
        .send()
        .await;
    gate.is_refused(&answer, 403, "SEAWALL_UPLOAD_UNSUPPORTED");
    let encoded = gate
        .front
        .request(Method::POST, "/storage/v1/object/b/a")
        .header("content-encoding", "gzip");
    let answer = encoded.body("text/plain", gzip(b"words")).send().await;
    gate.is_refused(&answer, 403, "SEAWALL_UPLOAD_UNSUPPORTED");
    let answer = gate
        .upload("b/a", "multipart/form-data", b"--x\r\n".to_vec())
        .await;
    gate.is_refused(&answer, 400, "SEAWALL_UPLOAD_MALFORMED");
}

#[tokio::test]
async fn a_configured_path_is_judged_like_storage() {
    let gate = Gate::with(&[("SEAWALL_UPLOAD_PATHS", "/functions/v1/import")]).await;
    let post =
        |path: &str, content: Vec<u8>| gate.front.request(Method::POST, path).body("image/png", content);
    let answer = post("/functions/v1/import/a", b"words".to_vec()).send().await;
    gate.is_refused(&answer, 415, "SEAWALL_UPLOAD_MISMATCH");
    post("/functions/v1/import/a", png()).send().await.expect(200);
    post("/functions/v1/other", b"words".to_vec())
        .send()
        .await
        .expect(200);
}

#[tokio::test]
async fn malware_is_found_inside_an_archive_and_kept_where_asked() {
    let clamd = Clamd::start().await;
    let folder = std::env::temp_dir().join(format!("seawall-quarantine-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let gate = Gate::with(&[
        ("SEAWALL_CLAMD_ADDRESS", &clamd.address()),
        ("SEAWALL_UPLOAD_QUARANTINE_DIR", &folder.to_string_lossy()),
    ])
    .await;
    let answer = gate.upload("b/a.txt", "text/plain", eicar()).await;
    gate.is_refused(&answer, 422, "SEAWALL_UPLOAD_INFECTED");
    let archive = zip(&[
        ("readme.txt", b"hello"),
        ("inner.zip", &zip(&[("a.com", &eicar())])),
    ]);
    let answer = gate.upload("b/a.zip", "application/zip", archive).await;
    gate.is_refused(&answer, 422, "SEAWALL_UPLOAD_INFECTED");
    assert!(!String::from_utf8_lossy(&answer.body).contains("Eicar"));
    gate.upload("b/a.png", "image/png", png()).await.expect(200);

    let names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names.iter().filter(|name| name.ends_with(".infected")).count(),
        2,
        "{names:?}"
    );
    let about = names.iter().find(|name| name.ends_with(".json")).unwrap();
    let about = std::fs::read_to_string(folder.join(about)).unwrap();
    assert!(
        about.contains("\"signature\":\"Eicar-Signature") && about.contains("sha256"),
        "{about}"
    );
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn without_its_scanner_an_upload_is_refused_or_passes_as_configured() {
    let gate = Gate::with(&[("SEAWALL_CLAMD_ADDRESS", "127.0.0.1:1")]).await;
    let answer = gate.upload("b/a.png", "image/png", png()).await;
    gate.is_refused(&answer, 503, "SEAWALL_UPLOAD_SCAN_UNAVAILABLE");
    assert!(answer.headers.contains_key("retry-after"));
    let gate = Gate::with(&[
        ("SEAWALL_CLAMD_ADDRESS", "127.0.0.1:1"),
        ("SEAWALL_UPLOAD_SCAN_REQUIRED", "false"),
    ])
    .await;
    gate.upload("b/a.png", "image/png", png()).await.expect(200);
    assert!(gate.front.metric("uploads_total{verdict=\"unscanned\"}").await >= 1.0);
}
