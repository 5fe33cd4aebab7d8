//! A stand-in for realtime: Phoenix channels of version 2 that answer joins and heartbeats, and echo broadcasts.

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::stand_in::Body;

pub(crate) fn open(mut request: Request<Incoming>) -> Response<Body> {
    let accept = derive_accept_key(request.headers()["sec-websocket-key"].as_bytes());
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let upgraded = upgraded.await.unwrap();
        converse(WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await).await;
    });
    Response::builder()
        .status(101)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-accept", accept)
        .body(Full::new(Bytes::new()).boxed())
        .unwrap()
}

async fn converse(mut socket: WebSocketStream<TokioIo<Upgraded>>) {
    while let Some(Ok(message)) = socket.next().await {
        let Message::Text(text) = message else { continue };
        let Ok(Value::Array(row)) = serde_json::from_str(&text) else {
            continue;
        };
        let [join, reference, topic, event, payload] = row.as_slice() else {
            continue;
        };
        let replies = match event.as_str() {
            Some("phx_join" | "heartbeat" | "phx_leave") => {
                vec![json!([join, reference, topic, "phx_reply", {"status": "ok", "response": {}}])]
            }
            Some("broadcast") => vec![json!([join, null, topic, "broadcast", payload])],
            // Not of the protocol: as many large messages as are asked for.
            Some("flood") => (0..payload["count"].as_u64().unwrap())
                .map(|_| json!([null, null, topic, "broadcast", {"filling": "x".repeat(60_000)}]))
                .collect(),
            Some(_) | None => Vec::new(),
        };
        for reply in replies {
            if socket.send(Message::text(reply.to_string())).await.is_err() {
                return;
            }
        }
    }
}
