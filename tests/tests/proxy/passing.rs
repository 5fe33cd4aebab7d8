//! What goes through, and what of it changes on the way.

use http::Method;
use seawall_e2e::{GUEST, TestApp};
use serde_json::json;

use crate::front::Front;
use crate::stand_in::StandIn;

#[tokio::test]
async fn each_service_is_reached_at_its_own_address() {
    let (one, other) = (StandIn::start().await, StandIn::start().await);
    let front = Front::configured(
        &one.url(),
        &[("SEAWALL_UPSTREAM_FUNCTIONS_URL", &format!("{}/fns", other.url()))],
    )
    .await;
    for path in [
        "/rest/v1/rooms?select=id",
        "/auth/v1/health",
        "/rest/v1/",
        "/rest/v1",
    ] {
        front.get(path).send().await.expect(200);
        assert_eq!(one.last().path, path);
    }
    front.get("/functions/v1/hello?x=%2F").send().await.expect(200);
    assert_eq!(other.last().path, "/fns/hello?x=%2F");
    assert_eq!(
        front.get("/elsewhere").send().await.expect(404).code(),
        "SEAWALL_NOT_FOUND"
    );
}

#[tokio::test]
async fn headers_say_who_asked_and_nothing_of_one_connection() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front
        .request(Method::POST, "/rest/v1/rooms")
        .header("connection", "x-private")
        .header("x-private", "1")
        .header("x-forwarded-for", "203.0.113.9")
        .header("forwarded", "for=203.0.113.9")
        .header("x-real-ip", "203.0.113.9")
        .header("x-request-id", "mine-1")
        .header(
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        )
        .header("apikey", "k")
        .header("origin", "https://page.example")
        .json(&json!({"name": "x"}))
        .send()
        .await
        .expect(200);
    let seen = upstream.last();
    let header = |name: &str| {
        seen.headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header("x-private"), None);
    assert_eq!(header("x-forwarded-for").as_deref(), Some("127.0.0.1"));
    assert_eq!(header("x-real-ip").as_deref(), Some("127.0.0.1"));
    assert_eq!(
        header("forwarded"),
        Some(format!("for=127.0.0.1;host=\"{}\";proto=http", front.address()))
    );
    assert_eq!(header("x-forwarded-host"), Some(front.address().to_string()));
    assert_eq!(header("host"), Some(upstream.address().to_string()));
    assert_eq!(header("x-request-id").as_deref(), Some("mine-1"));
    assert_eq!(
        header("traceparent").as_deref(),
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    );
    assert_eq!(header("apikey").as_deref(), Some("k"));
    assert_eq!(seen.bytes, 12);

    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(answer.headers["x-request-id"], "mine-1");
    assert_eq!(answer.headers["x-kept"], "yes");
    for absent in ["x-hop", "alt-svc"] {
        assert!(!answer.headers.contains_key(absent), "{absent}");
    }
}

#[tokio::test]
async fn tokens_are_verified_before_anything_is_passed_on() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front
        .get("/rest/v1/rooms")
        .bearer("a.b.c")
        .send()
        .await
        .expect(401);
    assert_eq!(answer.code(), "PGRST301");
    assert!(upstream.seen().is_empty());
    front
        .get("/rest/v1/rooms")
        .bearer(&GUEST.token())
        .send()
        .await
        .expect(200);
    // A key that is a token speaks for who brings no other; a publishable one is the upstream's to judge.
    front
        .get("/rest/v1/rooms")
        .header("apikey", &GUEST.token())
        .send()
        .await
        .expect(200);
    assert_eq!(
        upstream.last().headers["authorization"],
        format!("Bearer {}", GUEST.token())
    );
    front
        .get("/rest/v1/rooms")
        .header("apikey", "x.y.z")
        .send()
        .await
        .expect(401);
    front
        .get("/rest/v1/rooms")
        .bearer("sb_publishable_x")
        .send()
        .await
        .expect(200);
    assert_eq!(
        upstream.last().headers["authorization"],
        "Bearer sb_publishable_x"
    );
}

#[tokio::test]
async fn a_secret_key_in_the_query_stays_out_of_browsers_too() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    for path in [
        "/rest/v1/rooms?apikey=sb_secret_x",
        "/functions/v1/hello?x=1&apikey=sb_secret_x",
        "/functions/v1/hello?apikey=anything&api%6Bey=sb%5Fsecret_x",
    ] {
        front.get(path).send().await.expect(200);
        let page = front.get(path).header("origin", "https://page.example");
        let answer = page.bearer(&GUEST.token()).send().await.expect(403);
        assert_eq!(answer.code(), "SEAWALL_BYPASSRLS_FROM_BROWSER");
    }
    assert_eq!(upstream.seen().len(), 3);
}

#[tokio::test]
async fn of_two_tokens_neither_goes_on() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let two = front.get("/rest/v1/rooms").bearer(&GUEST.token());
    let two = two.header("authorization", "Bearer another").send().await;
    two.expect(400);
    let two = front.get("/rest/v1/rooms").header("apikey", "one");
    two.header("apikey", "another").send().await.expect(400);
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn limits_hold_before_the_upstream() {
    let upstream = StandIn::start().await;
    let policy = json!({"limits": {"reads": {"limit": 2, "window": 60000}}}).to_string();
    let front = Front::configured(
        &upstream.url(),
        &[
            ("SEAWALL_RATE_LIMITS", "true"),
            ("SEAWALL_POLICY", &policy),
            ("SEAWALL_BODY_LIMIT", "1024"),
        ],
    )
    .await;
    for _ in 0..2 {
        front.get("/rest/v1/rooms").send().await.expect(200);
    }
    let answer = front.get("/rest/v1/rooms").send().await.expect(429);
    assert_eq!(answer.code(), "SEAWALL_RATE_LIMITED");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(upstream.seen().len(), 2);
    let large = "x".repeat(1025);
    let answer = front
        .request(Method::POST, "/rest/v1/rooms")
        .body("text/plain", large)
        .send()
        .await;
    assert_eq!(answer.expect(413).code(), "SEAWALL_BODY_TOO_LARGE");
}

#[tokio::test]
async fn answers_stream_as_they_come() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front.get("/functions/v1/drip/5").send().await.expect(200);
    assert_eq!(String::from_utf8_lossy(&answer.body).lines().count(), 5);
    let first = first_bytes(front.address(), "/functions/v1/stall").await;
    assert!(first.contains("drop 0"), "{first}");
}

/// What arrives of an answer that never ends.
async fn first_bytes(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    let reading = async {
        let mut piece = [0; 4096];
        while !text.contains("drop 0") {
            let count = stream.read(&mut piece).await.unwrap();
            text.push_str(&String::from_utf8_lossy(&piece[..count]));
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), reading)
        .await
        .unwrap();
    text
}

#[tokio::test]
async fn connections_to_the_upstream_are_used_again() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    for _ in 0..20 {
        front.get("/rest/v1/rooms").send().await.expect(200);
    }
    assert!(upstream.connections() <= 2, "{}", upstream.connections());
}

#[tokio::test]
async fn an_upstreams_own_address_becomes_ours() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front.get("/auth/v1/moved").send().await.expect(302);
    assert_eq!(
        answer.headers["location"],
        format!("http://{}/auth/v1/there?a=b", front.address()).as_str()
    );
}

#[tokio::test]
async fn a_preflight_is_answered_here() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let answer = front
        .request(Method::OPTIONS, "/storage/v1/object/a/b")
        .header("origin", "https://page.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-upsert")
        .send()
        .await
        .expect(200);
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn the_server_in_front_of_itself_answers_as_it_does_alone() {
    let behind = TestApp::start().await;
    let front = Front::configured(
        "http://127.0.0.1:1",
        &[(
            "SEAWALL_UPSTREAM_REST_URL",
            &format!("http://{}/rest/v1", behind.address()),
        )],
    )
    .await;
    let path = "/rest/v1/rooms?select=name&order=name";
    let alone = behind.as_user(GUEST).get(path).send().await.expect(200);
    let passed = front.get(path).bearer(&GUEST.token()).send().await.expect(200);
    assert_eq!(passed.body, alone.body);
    for name in ["content-type", "content-range", "etag"] {
        assert_eq!(passed.headers.get(name), alone.headers.get(name), "{name}");
    }
    let error = front
        .get("/rest/v1/nowhere")
        .bearer(&GUEST.token())
        .send()
        .await
        .expect(404);
    assert_eq!(error.code(), "PGRST205");
}

#[tokio::test]
async fn rest_from_the_database_and_the_rest_from_a_project() {
    let upstream = StandIn::start().await;
    let app = TestApp::builder()
        .set("SEAWALL_UPSTREAM_URL", &upstream.url())
        .start()
        .await;
    let rooms = app
        .as_user(GUEST)
        .get("/rest/v1/rooms?select=name")
        .send()
        .await
        .expect(200);
    assert_eq!(rooms.rows().len(), 1);
    app.as_user(GUEST)
        .get("/functions/v1/hello")
        .send()
        .await
        .expect(200);
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn http_2_is_spoken_where_it_is_asked_for() {
    let behind = TestApp::start().await;
    let rest = format!("http://{}/rest/v1", behind.address());
    let only = StandIn::start().await;
    let settings = [
        ("SEAWALL_UPSTREAM_REST_URL", rest.as_str()),
        ("SEAWALL_UPSTREAM_HTTP", "2"),
    ];
    let front = Front::configured(&only.url(), &settings).await;
    let rooms = front
        .get("/rest/v1/rooms?select=name")
        .bearer(&GUEST.token())
        .send()
        .await
        .expect(200);
    assert_eq!(rooms.rows().len(), 1);
    let activity = front
        .request(Method::POST, "/rest/v1/rpc/room_activity")
        .json(&json!({"room": seawall_e2e::HARBOUR}))
        .bearer(&GUEST.token())
        .send()
        .await;
    activity.expect(200);
    // The stand-in knows HTTP/1.1 alone, so it was HTTP/2 that was spoken.
    front.get("/functions/v1/hello").send().await.expect(502);
}
