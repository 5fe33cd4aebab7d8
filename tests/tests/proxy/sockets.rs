//! WebSockets: what opens, what passes, and what ends one.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use http::Request;
use seawall_e2e::{GUEST, OWNER, SECRET};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::front::Front;
use crate::stand_in::StandIn;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// A token that speaks for nobody, as a page's key does.
pub(crate) fn key() -> String {
    token(&json!({"role": "anon"}))
}

pub(crate) fn token(claims: &Value) -> String {
    seawall_server::auth::mint::mint(SECRET, claims).unwrap()
}

/// A user's token that is good for so many seconds.
fn token_for(user: &str, seconds: u64) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // A token is good for thirty seconds longer than it says.
    token(&json!({"role": "authenticated", "sub": user, "exp": now_s + seconds - 30}))
}

pub(crate) async fn open(
    address: SocketAddr,
    headers: &[(&'static str, &str)],
    key: &str,
) -> Result<Socket, Error> {
    open_at(address, "/realtime/v1/websocket", headers, key).await
}

async fn open_at(
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
    key: &str,
) -> Result<Socket, Error> {
    let uri = format!("ws://{address}{path}?apikey={key}&vsn=2.0.0");
    let mut request: Request<()> = uri.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    tokio_tungstenite::client_async(request, stream)
        .await
        .map(|(socket, _)| socket)
}

async fn opened(front: &Front) -> Socket {
    open(front.address(), &[], &key()).await.unwrap()
}

/// Functions speak as they like: their words are none of realtime's, whatever they look like.
#[tokio::test]
async fn what_is_said_to_a_function_is_not_read() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let path = "/functions/v1/chat";
    let mut socket = open_at(front.address(), path, &[], &key()).await.unwrap();
    for text in [
        r#"{"type":"login","access_token":"mine"}"#,
        r#"{"text":"caf\u00e9"}"#,
        "C:\\users",
    ] {
        socket.send(Message::text(text)).await.unwrap();
    }
    say(&mut socket, "heartbeat", &json!({})).await;
    assert_eq!(hear(&mut socket).await[3], "phx_reply");
}

/// The status and code of a refusal.
fn refused(result: Result<Socket, Error>) -> (u16, String) {
    match result {
        Err(Error::Http(response)) => {
            let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap();
            (
                response.status().as_u16(),
                body["code"].as_str().unwrap().to_owned(),
            )
        }
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the socket opened"),
    }
}

pub(crate) async fn say(socket: &mut Socket, event: &str, payload: &Value) {
    say_in("realtime:room", socket, event, payload).await;
}

pub(crate) async fn say_in(topic: &str, socket: &mut Socket, event: &str, payload: &Value) {
    let text = json!(["1", "2", topic, event, payload]).to_string();
    // It may be closed already; then the next reading tells.
    let _ = socket.send(Message::text(text)).await;
}

pub(crate) async fn hear(socket: &mut Socket) -> Value {
    let message = tokio::time::timeout(Duration::from_secs(10), socket.next())
        .await
        .unwrap();
    serde_json::from_str(message.unwrap().unwrap().to_text().unwrap()).unwrap()
}

/// The code the socket ends with.
async fn end(socket: &mut Socket) -> u16 {
    ending(socket).await.0
}

/// The code and the words the socket ends with.
pub(crate) async fn ending(socket: &mut Socket) -> (u16, String) {
    let ending = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(Some(frame)))) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                Some(Ok(Message::Close(None))) => return (1005, String::new()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return (1006, String::new()),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), ending)
        .await
        .unwrap()
}

#[tokio::test]
async fn messages_pass_both_ways() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let mut socket = opened(&front).await;
    say(&mut socket, "phx_join", &json!({"access_token": GUEST.token()})).await;
    assert_eq!(hear(&mut socket).await[3], "phx_reply");
    say(&mut socket, "broadcast", &json!({"event": "wave"})).await;
    let heard = hear(&mut socket).await;
    assert_eq!(
        (heard[3].as_str(), &heard[4]),
        (Some("broadcast"), &json!({"event": "wave"}))
    );
    assert!((front.metric("websocket_connections").await - 1.0).abs() < 0.1);
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_socket_opens_for_those_who_are_known_and_welcome() {
    let upstream = StandIn::start().await;
    let front = Front::configured(
        &upstream.url(),
        &[("SEAWALL_WEBSOCKET_ORIGINS", "https://page.example")],
    )
    .await;
    let at = front.address();
    assert_eq!(
        refused(open(at, &[], "").await),
        (401, "SEAWALL_WEBSOCKET_TOKEN".to_owned())
    );
    assert_eq!(refused(open(at, &[], "a.b.c").await).0, 401);
    let stranger = [("origin", "https://elsewhere.example")];
    assert_eq!(
        refused(open(at, &stranger, &key()).await),
        (403, "SEAWALL_WEBSOCKET_ORIGIN".to_owned())
    );
    assert!(
        open(at, &[("origin", "https://page.example")], &key())
            .await
            .is_ok()
    );
    assert!(open(at, &[], "sb_publishable_key").await.is_ok());
}

#[tokio::test]
async fn an_upstream_that_is_away_is_told_before_the_socket_opens() {
    let front = Front::configured("http://127.0.0.1:1", &[]).await;
    assert_eq!(
        refused(open(front.address(), &[], &key()).await),
        (502, "SEAWALL_UPSTREAM_UNREACHABLE".to_owned())
    );
}

#[tokio::test]
async fn caps_hold_and_what_is_closed_is_free_again() {
    let upstream = StandIn::start().await;
    let front = Front::configured(
        &upstream.url(),
        &[
            ("SEAWALL_WEBSOCKET_MAX_PER_ADDRESS", "3"),
            ("SEAWALL_WEBSOCKET_MAX_PER_USER", "1"),
        ],
    )
    .await;
    let mut sockets = Vec::new();
    for _ in 0..3 {
        sockets.push(opened(&front).await);
    }
    for _ in 0..10 {
        assert_eq!(
            refused(open(front.address(), &[], &key()).await),
            (429, "SEAWALL_WEBSOCKET_FULL".to_owned())
        );
    }
    drop(sockets.pop());
    tokio::time::sleep(Duration::from_millis(300)).await;
    sockets.push(opened(&front).await);
    for (socket, _) in sockets.iter_mut().zip(0..2) {
        say(socket, "phx_join", &json!({"access_token": OWNER.token()})).await;
    }
    assert_eq!(hear(&mut sockets[0]).await[3], "phx_reply");
    assert_eq!(end(&mut sockets[1]).await, 4429);
}

#[tokio::test]
async fn who_sends_too_much_or_too_large_is_closed() {
    let upstream = StandIn::start().await;
    let front = Front::configured(
        &upstream.url(),
        &[
            ("SEAWALL_WEBSOCKET_MESSAGE_RATE", "20"),
            ("SEAWALL_WEBSOCKET_MESSAGE_LIMIT", "4096"),
        ],
    )
    .await;
    let mut flooding = opened(&front).await;
    for _ in 0..100 {
        say(&mut flooding, "heartbeat", &json!({})).await;
    }
    assert_eq!(end(&mut flooding).await, 4429);
    let mut large = opened(&front).await;
    say(&mut large, "broadcast", &json!({"filling": "x".repeat(5000)})).await;
    assert_eq!(end(&mut large).await, 1009);
    let mut strange = opened(&front).await;
    let _ = strange.send(Message::text("{\"event\":\"access_token\",")).await;
    assert_eq!(end(&mut strange).await, 1002);
}

#[tokio::test]
async fn who_is_silent_for_too_long_is_closed() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_WEBSOCKET_IDLE_TIMEOUT", "600")]).await;
    let mut socket = opened(&front).await;
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        say(&mut socket, "heartbeat", &json!({})).await;
        assert_eq!(hear(&mut socket).await[3], "phx_reply");
    }
    assert_eq!(end(&mut socket).await, 4408);
}

#[tokio::test]
async fn a_socket_ends_with_its_token_unless_another_came() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let mut expiring = opened(&front).await;
    let mut refreshed = opened(&front).await;
    for socket in [&mut expiring, &mut refreshed] {
        say(socket, "phx_join", &json!({"access_token": token_for("a", 2)})).await;
        assert_eq!(hear(socket).await[3], "phx_reply");
    }
    say(
        &mut refreshed,
        "access_token",
        &json!({"access_token": token_for("a", 600)}),
    )
    .await;
    assert_eq!(end(&mut expiring).await, 4401);
    say(&mut refreshed, "heartbeat", &json!({})).await;
    assert_eq!(hear(&mut refreshed).await[3], "phx_reply");
    say(&mut refreshed, "access_token", &json!({"access_token": "a.b.c"})).await;
    assert_eq!(end(&mut refreshed).await, 4401);
}

#[tokio::test]
async fn who_does_not_read_is_closed() {
    let upstream = StandIn::start().await;
    let front = Front::configured(&upstream.url(), &[("SEAWALL_WEBSOCKET_STALL_TIMEOUT", "500")]).await;
    let mut socket = opened(&front).await;
    say(&mut socket, "flood", &json!({"count": 1000})).await;
    let closed = async {
        while front.metric("websocket_closed_total{reason=\"stalled\"}").await < 1.0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), closed)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let upstream = StandIn::start().await;
    let front = Front::before(&upstream).await;
    let mut socket = opened(&front).await;
    let stopping = tokio::spawn(front.stop());
    assert_eq!(end(&mut socket).await, 1012);
    stopping.await.unwrap();
}
