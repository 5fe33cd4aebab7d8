//! The live stream of events, as server-sent events.
//!
//! Each message is JSON: `{"atMs": …, "kind": …, …}` under the event name of its kind. A
//! listener that falls behind is told how many it missed (`missed`) and goes on from there. The stream
//! outlives neither its token, nor the token's revocation, nor the server's wish to stop.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event as Line, KeepAlive};
use futures_util::stream::unfold;
use futures_util::{Stream, StreamExt as _};
use http::HeaderMap;
use serde_json::{Value, json};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use crate::app::App;
use crate::auth::{Identity, claims};
use crate::events::Told;
use crate::websocket::Session;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

pub(super) async fn stream(
    State(app): State<App>,
    Extension(who): Extension<Identity>,
    headers: HeaderMap,
) -> Sse<impl Stream<Item = Result<Line, Infallible>>> {
    let session = Session::new(claims::bearer(&headers).map(|token| (&who, token)));
    let lines = unfold(app.events.subscribe(), next).take_until(async move {
        tokio::select! {
            () = session.over(&app) => {}
            () = app.proxy.sockets.closing() => {}
        }
    });
    Sse::new(lines).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

async fn next(mut heard: Receiver<Told>) -> Option<(Result<Line, Infallible>, Receiver<Told>)> {
    let line = match heard.recv().await {
        Ok(told) => Line::default().event(told.event.kind()).data(describe(&told)),
        Err(RecvError::Lagged(missed)) => Line::default()
            .event("missed")
            .data(json!({"missed": missed}).to_string()),
        Err(RecvError::Closed) => return None,
    };
    Some((Ok(line), heard))
}

fn describe(told: &Told) -> String {
    let mut value = serde_json::to_value(&*told.event).unwrap_or(Value::Null);
    if let Value::Object(members) = &mut value {
        members.insert("atMs".to_owned(), told.at_ms.into());
    }
    value.to_string()
}
