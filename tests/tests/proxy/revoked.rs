//! A socket does not outlive the sign-out of whom it speaks for, on whichever instance that was.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use http::Method;
use seawall_e2e::{GUEST, OWNER, Request, TestApp, TestAppBuilder, TestRedis};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::front::Front;
use crate::sockets::{Socket, ending, hear, key, open, say, say_in, token};
use crate::stand_in::StandIn;

/// A token of one of a user's sessions.
fn token_of(user: &str, session: &str) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    token(&json!({
        "role": "authenticated", "sub": user, "session_id": session, "iat": now_s - 5, "exp": now_s + 3600
    }))
}

async fn sign_out(address: std::net::SocketAddr, token: &str, scope: &str) {
    let path = format!("/auth/v1/logout?scope={scope}");
    let request = Request::new(address, Method::POST, &path).bearer(token);
    request.json(&json!({})).send().await.expect(200);
}

/// A socket whose client joined with a token.
async fn joined(address: std::net::SocketAddr, token: &str) -> Socket {
    let mut socket = open(address, &[], &key()).await.unwrap();
    say(&mut socket, "phx_join", &json!({"access_token": token})).await;
    assert_eq!(hear(&mut socket).await[3], "phx_reply");
    socket
}

async fn goes_on(socket: &mut Socket) {
    say(socket, "heartbeat", &json!({})).await;
    assert_eq!(hear(socket).await[3], "phx_reply");
}

async fn is_revoked(socket: &mut Socket) {
    assert_eq!(ending(socket).await, (4401, "token revoked".to_owned()));
}

#[tokio::test]
async fn who_signs_out_is_closed_and_nobody_else() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let at = front.address();
    let (one, another) = (token_of(OWNER.id, "one"), token_of(OWNER.id, "another"));
    // One speaks from its handshake on, one since it joined, one has refreshed its token since.
    let mut opened = open(at, &[], &one).await.unwrap();
    let mut joined_one = joined(at, &one).await;
    let mut refreshed = joined(at, &one).await;
    let mut other_session = joined(at, &another).await;
    let mut guest = joined(at, &token_of(GUEST.id, "third")).await;
    let mut nobody = open(at, &[], &key()).await.unwrap();
    say(
        &mut refreshed,
        "access_token",
        &json!({"access_token": token_of(GUEST.id, "fourth")}),
    )
    .await;
    goes_on(&mut refreshed).await;

    sign_out(at, &one, "local").await;
    is_revoked(&mut opened).await;
    is_revoked(&mut joined_one).await;
    for socket in [&mut refreshed, &mut other_session, &mut guest, &mut nobody] {
        goes_on(socket).await;
    }
    sign_out(at, &another, "global").await;
    is_revoked(&mut other_session).await;
    for socket in [&mut refreshed, &mut guest, &mut nobody] {
        goes_on(socket).await;
    }
    // And nobody comes back with a token that was revoked.
    let mut again = open(at, &[], &key()).await.unwrap();
    say(&mut again, "phx_join", &json!({"access_token": one})).await;
    assert_eq!(ending(&mut again).await.0, 4401);
    assert!(
        front
            .metric("websocket_closed_total{reason=\"token_revoked\"}")
            .await
            >= 3.0
    );
}

/// Realtime keeps a token for each channel, so that one brought later takes nothing back of one brought before.
#[tokio::test]
async fn each_channel_s_token_counts_until_the_channel_is_left() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let at = front.address();
    let (one, another) = (token_of(OWNER.id, "one"), token_of(GUEST.id, "another"));
    let mut both = joined(at, &one).await;
    let mut left = joined(at, &one).await;
    for socket in [&mut both, &mut left] {
        let payload = json!({"access_token": another});
        say_in("realtime:other", socket, "phx_join", &payload).await;
        assert_eq!(hear(socket).await[3], "phx_reply");
    }
    say(&mut left, "phx_leave", &json!({})).await;
    assert_eq!(hear(&mut left).await[3], "phx_reply");
    goes_on(&mut left).await;
    sign_out(at, &one, "local").await;
    is_revoked(&mut both).await;
    goes_on(&mut left).await;
    sign_out(at, &another, "local").await;
    is_revoked(&mut left).await;
}

#[tokio::test]
async fn who_leaves_before_the_answer_has_signed_out_too() {
    let upstream = StandIn::start().await;
    let auth = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let auth_url = format!("http://{}", auth.local_addr().unwrap());
    let settings = [("SEAWALL_UPSTREAM_AUTH_URL", auth_url.as_str())];
    let front = Front::configured(&upstream.url(), &settings).await;
    let token = token_of(OWNER.id, "one");
    let asking = tokio::spawn({
        let (at, token) = (front.address(), token.clone());
        async move { sign_out(at, &token, "local").await }
    });
    let (mut heard, _) = auth.accept().await.unwrap();
    let mut head = [0; 16];
    heard.read_exact(&mut head).await.unwrap();
    asking.abort();
    let _left = asking.await;
    // Long enough for the server to see that nobody waits any more.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    heard.write_all(answer).await.unwrap();
    let until = Instant::now() + Duration::from_secs(30);
    while front.get("/rest/v1/rooms").bearer(&token).send().await.status != 401 {
        assert!(Instant::now() < until, "the token is still believed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn instance(upstream: &StandIn) -> TestAppBuilder {
    TestApp::builder().set("SEAWALL_UPSTREAM_URL", &upstream.url())
}

/// Every socket of `there` ends when its user signs out `here`.
async fn ends_on_both(here: &TestApp, there: &TestApp) {
    let token = token_of(OWNER.id, "on both");
    let mut ours = joined(here.address(), &token).await;
    let mut theirs = joined(there.address(), &token).await;
    let mut guests = joined(there.address(), &token_of(GUEST.id, "elsewhere")).await;
    sign_out(here.address(), &token, "local").await;
    is_revoked(&mut ours).await;
    is_revoked(&mut theirs).await;
    goes_on(&mut guests).await;
}

#[tokio::test]
async fn a_sign_out_closes_sockets_on_every_instance_by_redis() {
    let (upstream, redis) = (StandIn::start().await, TestRedis::start().await);
    let here = instance(&upstream).redis(&redis).start().await;
    let there = instance(&upstream).redis(&redis).beside(&here).start().await;
    ends_on_both(&here, &there).await;
}

#[tokio::test]
async fn a_sign_out_that_was_not_heard_of_closes_sockets_once_it_is_read() {
    let (upstream, redis) = (StandIn::start().await, TestRedis::start().await);
    let here = instance(&upstream).redis(&redis).start().await;
    let there = instance(&upstream).redis(&redis).beside(&here).start().await;
    let token = token_of(OWNER.id, "unheard");
    let mut theirs = joined(there.address(), &token).await;
    redis.kill();
    sign_out(here.address(), &token, "local").await;
    goes_on(&mut theirs).await;
    // Whoever connects again hears of the gap and reads what was revoked meanwhile.
    redis.start_again().await;
    is_revoked(&mut theirs).await;
}

#[tokio::test]
async fn a_sign_out_closes_sockets_on_every_instance_by_postgres() {
    let upstream = StandIn::start().await;
    let here = instance(&upstream).with_store().start().await;
    let there = instance(&upstream).with_store().beside(&here).start().await;
    ends_on_both(&here, &there).await;
}
