//! WebSockets that pass through: realtime channels, and functions that speak it.
//!
//! A socket is judged like a request when it opens (origin, token, caps, breaker) and
//! stays judged: every message is counted and measured, the token a client joins with is
//! verified here, and a socket outlives neither its token nor its revocation. One message
//! each way is in our hands at a time, so a slow reader slows its writer and costs nothing.
//! Compression is not negotiated: what a message really is would only be known unpacked.

mod farewell;
mod messages;
mod phoenix;
mod relay;
mod seats;
mod session;

pub(crate) use seats::Sockets;
pub(crate) use session::Session;

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    CONNECTION, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::app::App;
use crate::auth::claims;
use crate::error::ApiError;
use crate::proxy::{self, Fault, Outgoing, Upstream};
use relay::Relay;
use seats::Seat;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// Whether a request wants to become a WebSocket.
pub(crate) fn is_asked(request: &Request) -> bool {
    let upgrade = request
        .headers()
        .get(UPGRADE)
        .and_then(|value| value.to_str().ok());
    request.method() == Method::GET && upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
}

/// Opens a socket to an upstream and passes messages on until either side ends it.
pub(crate) async fn open(app: &App, upstream: Upstream, outgoing: Outgoing) -> Response {
    match try_open(app, upstream, outgoing).await {
        Ok(response) => response,
        Err(error) => error.into_response(),
    }
}

async fn try_open(app: &App, upstream: Upstream, outgoing: Outgoing) -> Result<Response, ApiError> {
    let Outgoing {
        mut request,
        hop,
        identity,
        ..
    } = outgoing;
    let refuse = |what, error: ApiError| {
        app.metrics.socket_refused(what);
        Err(error)
    };
    let Some(key) = request
        .headers()
        .get(SEC_WEBSOCKET_KEY)
        .cloned()
        .filter(|_| is_current(request.headers()))
    else {
        return refuse("handshake", bad_handshake());
    };
    if !is_welcome(request.headers().get(ORIGIN), &app.config.websocket.origins) {
        app.events.security(
            "websocket_origin",
            hop.request_id().map(str::to_owned),
            "a page of another origin wanted a WebSocket",
        );
        return refuse("origin", origin_refused());
    }
    let known = identity.filter(|identity| identity.authenticated);
    if known.is_none() && !proxy::carries_key(&request) {
        return refuse("token", token_required());
    }
    let session = Session::new(known.as_ref().zip(claims::bearer(request.headers())));
    let seat = match app
        .proxy
        .sockets
        .sit(hop.client(), known.as_ref().and_then(|known| known.subject()))
    {
        Ok(seat) => seat,
        Err(full) => return refuse(full.word(), full.answer()),
    };
    let Some(ours) = request.extensions_mut().remove::<OnUpgrade>() else {
        return refuse("handshake", bad_handshake());
    };
    prepare(request.headers_mut(), &hop, &key);
    let theirs = reach(app, upstream, request).await?;
    if theirs.status() != StatusCode::SWITCHING_PROTOCOLS {
        app.metrics.socket_refused("upstream");
        let mut response = theirs.map(Body::new);
        proxy::for_caller(response.headers_mut());
        return Ok(response);
    }
    let answer = switched(&theirs, &key)?;
    start(app.clone(), upstream, session, seat, ours, theirs);
    Ok(answer)
}

/// The upstream's answer to the handshake, judged by its breaker.
async fn reach(
    app: &App,
    upstream: Upstream,
    request: Request,
) -> Result<http::Response<Incoming>, ApiError> {
    let ticket = app.breakers.of(upstream.dependency()).admit().map_err(|wait_s| {
        app.metrics.refused("breaker");
        proxy::spared(upstream, wait_s)
    })?;
    match app.proxy.switch(request, &app.config.proxy).await {
        Ok(response) => {
            let (head, body) = response.into_parts();
            ticket.settle(&proxy::by_head(upstream, &head, None, app.clock.unix()));
            Ok(http::Response::from_parts(head, body))
        }
        Err(fault) => {
            ticket.settle(&Fault::outcome(&fault));
            Err(fault.answer(upstream, app.config.server.body_limit))
        }
    }
}

fn prepare(headers: &mut HeaderMap, hop: &proxy::Hop, key: &HeaderValue) {
    proxy::for_upstream(headers, hop);
    headers.remove(SEC_WEBSOCKET_EXTENSIONS);
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
    headers.insert(SEC_WEBSOCKET_KEY, key.clone());
}

fn switched(theirs: &http::Response<Incoming>, key: &HeaderValue) -> Result<Response, ApiError> {
    let accept = derive_accept_key(key.as_bytes());
    let told = theirs
        .headers()
        .get(SEC_WEBSOCKET_ACCEPT)
        .map(HeaderValue::as_bytes);
    let compressed = theirs.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS);
    if told != Some(accept.as_bytes()) || compressed {
        return Err(ApiError::new(
            StatusCode::BAD_GATEWAY,
            "SEAWALL_UPSTREAM_LOST",
            "the upstream does not speak WebSocket as it was asked to",
        ));
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, WEBSOCKET);
    if let Ok(accept) = HeaderValue::try_from(accept) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = theirs.headers().get(SEC_WEBSOCKET_PROTOCOL) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    Ok(response)
}

fn start(
    app: App,
    upstream: Upstream,
    session: Session,
    seat: Seat,
    ours: OnUpgrade,
    theirs: http::Response<Incoming>,
) {
    // What functions say to their callers is theirs; only realtime's channels bring tokens.
    let has_channels = upstream == Upstream::Realtime;
    tokio::spawn(async move {
        let both = tokio::try_join!(ours, hyper::upgrade::on(theirs));
        let Ok((client, upstream)) = both else {
            app.metrics.socket_refused("handshake");
            return;
        };
        Relay::new(&app, (session, has_channels), seat, client, upstream)
            .await
            .run()
            .await;
    });
}

/// Tells every socket when the server stops, and waits until all have gone.
pub(crate) async fn close_in_the_end(app: App, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow_and_update() && stopped.changed().await.is_ok() {}
    app.proxy.sockets.close();
    let gone = async {
        while app.proxy.sockets.count() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let _late = tokio::time::timeout(app.config.server.drain_timeout, gone).await;
}

fn is_current(headers: &HeaderMap) -> bool {
    headers
        .get(SEC_WEBSOCKET_VERSION)
        .is_some_and(|version| version == "13")
}

/// A program says no origin; a page always does.
fn is_welcome(origin: Option<&HeaderValue>, origins: &[String]) -> bool {
    match origin {
        Some(origin) if !origins.is_empty() => origins
            .iter()
            .any(|welcome| welcome.as_bytes() == origin.as_bytes()),
        Some(_) | None => true,
    }
}

fn bad_handshake() -> ApiError {
    let message = "a WebSocket of version 13 begins with a key, over HTTP/1.1";
    ApiError::new(StatusCode::BAD_REQUEST, "SEAWALL_WEBSOCKET_HANDSHAKE", message)
}

fn origin_refused() -> ApiError {
    let message = "pages of this origin may not open WebSockets here";
    ApiError::new(StatusCode::FORBIDDEN, "SEAWALL_WEBSOCKET_ORIGIN", message)
}

fn token_required() -> ApiError {
    let message = "a WebSocket needs an apikey or a token";
    ApiError::new(StatusCode::UNAUTHORIZED, "SEAWALL_WEBSOCKET_TOKEN", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_welcome_pages_open_sockets() {
        let origins = ["https://app.example".to_owned()];
        let page = HeaderValue::from_static("https://app.example");
        let other = HeaderValue::from_static("https://app.example.evil.test");
        assert!(is_welcome(Some(&page), &origins) && is_welcome(None, &origins));
        assert!(!is_welcome(Some(&other), &origins));
        assert!(is_welcome(Some(&other), &[]));
    }
}
