//! An answer is the same in pieces as it is whole.

use std::io::Read as _;

use http::{HeaderMap, Method};
use seawall_e2e::{Answer, GUEST, HARBOUR, OWNER, TestApp, User};

use super::app;

const FUNCTIONS: &str = "create function brew() returns text language plpgsql stable as $$ begin
      perform set_config('response.status', '418', true);
      perform set_config('response.headers', '[{\"x-pot\": \"tea\"}]', true);
      return 'short and stout';
    end $$;
    create domain \"image/png\" as bytea;
    create function picture() returns \"image/png\" language plpgsql stable as $$ begin
      perform set_config('response.headers', '[{\"x-pot\": \"a picture\"}]', true);
      return '\\x00ff'::bytea;
    end $$;
    grant execute on function brew(), picture() to authenticated;
    notify pgrst;";

/// Reads of all shapes.
const READS: [(&str, &str, &str); 16] = [
    ("GET", "/rest/v1/rooms?order=name", ""),
    ("GET", "/rest/v1/rooms?select=name,messages(body)&order=name", ""),
    ("GET", "/rest/v1/messages?order=created_at,id", "text/csv"),
    ("GET", "/rest/v1/messages?order=created_at,id&limit=2", ""),
    ("GET", "/rest/v1/messages?order=created_at,id&offset=900", ""),
    (
        "GET",
        "/rest/v1/messages?order=created_at&limit=1",
        "application/vnd.pgrst.object+json",
    ),
    ("GET", "/rest/v1/messages", "application/vnd.pgrst.object+json"),
    ("GET", "/rest/v1/messages?select=nothing", ""),
    ("GET", "/rest/v1/rooms?select=name&name=eq.Nowhere", ""),
    ("HEAD", "/rest/v1/messages", ""),
    ("GET", "/rest/v1/rpc/brew", ""),
    ("POST", "/rest/v1/rpc/brew", ""),
    ("HEAD", "/rest/v1/rpc/brew", ""),
    ("GET", "/rest/v1/rpc/picture", "image/png"),
    ("GET", "/rest/v1/rpc/room_activity?room={room}", ""),
    ("GET", "/rest/v1/", ""),
];

async fn ask(app: &TestApp, user: User, (method, path, accept): (&str, &str, &str), prefer: &str) -> Answer {
    let method = Method::from_bytes(method.as_bytes()).unwrap_or_default();
    let path = path.replace("{room}", HARBOUR);
    let mut request = app.as_user(user).request(method, &path).prefer(prefer);
    if !accept.is_empty() {
        request = request.header("accept", accept);
    }
    request.send().await
}

fn told(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for own in ["date", "x-request-id", "etag"] {
        headers.remove(own);
    }
    headers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_read_says_the_same_in_pieces() {
    let pieces = app()
        .prepared_with(FUNCTIONS)
        .set("SEAWALL_DB_STREAM_ABOVE", "1")
        .set("SEAWALL_COMPRESSION", "false")
        .start()
        .await;
    let whole = TestApp::builder()
        .set("SEAWALL_DB_STREAM_ABOVE", "0")
        .set("SEAWALL_COMPRESSION", "false")
        .beside(&pieces)
        .start()
        .await;
    // As each is seen first, as it is prepared, and by its name.
    for _ in 0..3 {
        for read in READS {
            for user in [OWNER, GUEST] {
                for prefer in ["count=none", "count=exact", "count=estimated"] {
                    let (one, other) = (
                        ask(&pieces, user, read, prefer).await,
                        ask(&whole, user, read, prefer).await,
                    );
                    assert_eq!(one.status, other.status, "{read:?} {prefer}");
                    assert_eq!(one.body, other.body, "{read:?} {prefer}");
                    assert_eq!(told(&one.headers), told(&other.headers), "{read:?} {prefer}");
                }
            }
        }
    }
    let metrics = pieces.anonymous().get("/metrics").send().await.expect(200);
    let metrics = String::from_utf8_lossy(&metrics.body).into_owned();
    assert!(
        metrics.contains("database_streams_total{outcome=\"whole\"}"),
        "{metrics}"
    );
    assert!(
        !metrics.contains("database_streams_total{outcome=\"left\"}"),
        "{metrics}"
    );
    assert!(
        !metrics.contains("database_streams_total{outcome=\"broken\"}"),
        "{metrics}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_of_the_whole_is_not_promised_for_pieces() {
    let app = app().start().await;
    let path = "/rest/v1/large?i=lte.1";
    let first = app.as_user(OWNER).get(path).send().await.expect(200);
    assert_eq!(first.header("etag"), "");
    let again = app
        .as_user(OWNER)
        .get(path)
        .header("if-none-match", "\"anything\"");
    assert_eq!(again.send().await.expect(200).body, first.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pieces_are_compressed_for_those_who_ask() {
    let app = app().start().await;
    let path = "/rest/v1/large?i=lte.2&order=i";
    let plain = app.as_user(OWNER).get(path).send().await.expect(200);
    let answer = app.as_user(OWNER).get(path).header("accept-encoding", "gzip");
    let answer = answer.send().await.expect(200);
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert!(answer.body.len() < plain.body.len() / 10);
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&answer.body[..])
        .read_to_end(&mut unpacked)
        .unwrap();
    assert!(unpacked == plain.body, "what was compressed is something else");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cache_keeps_what_it_may_and_lets_the_rest_pass() {
    let app = app()
        .set("SEAWALL_CACHE", "true")
        .set("SEAWALL_CACHE_MAX_ANSWER", "3000000")
        .prepared_with(
            "create table kept as select i, repeat('x', 500000) as filling from generate_series(1, 20) i;
             alter table kept enable row level security;
             create policy anybody on kept for select using (true);
             grant select on kept to authenticated;",
        )
        .start()
        .await;
    let read = |rows: u32| {
        let path = format!("/rest/v1/kept?i=lte.{rows}&order=i");
        app.with_claims(&serde_json::json!({"sub": OWNER.id, "role": "authenticated"}))
            .get(&path)
            .send()
    };
    let first = read(2).await.expect(200);
    let started = std::time::Instant::now();
    loop {
        let again = read(2).await.expect(200);
        assert_eq!(again.body, first.body);
        if again.header("x-cache") == "HIT" {
            break;
        }
        assert!(started.elapsed() < super::PATIENCE, "{}", again.header("x-cache"));
    }
    for _ in 0..3 {
        let large = read(20).await.expect(200);
        assert_ne!(large.header("x-cache"), "HIT");
        assert!(large.body.len() > 10_000_000);
    }
}
