//! One connection: HTTP/1.1 or HTTP/2 by its first bytes, with limits on time and size.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::{Peer, Vanish, guard};
use crate::app::App;

/// More headers than any client of ours sends, and few enough to read at once.
const MOST_HEADERS: usize = 100;
const MOST_STREAMS: u32 = 256;
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Serves a connection to its end, or to the end of its requests when the server stops.
pub(super) async fn serve(app: App, stream: TcpStream, peer: SocketAddr, router: Router, mut stopped: watch::Receiver<bool>) {
    let limits = &app.config.server;
    // Small answers must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let Some(is_http2) = sniff(&stream, limits.header_timeout).await else { return };
    let service = service_fn(move |request| answer(router.clone(), peer, request));
    let io = TokioIo::new(stream);
    // Two protocols, two connection types that share no trait: the same few lines twice.
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_header_list_size(u32::try_from(limits.header_limit).unwrap_or(u32::MAX))
            .keep_alive_interval(Some(Duration::from_secs(30)))
            .keep_alive_timeout(Duration::from_secs(20));
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            _ = &mut connection => return,
            _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    } else {
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_buf_size(limits.header_limit)
            .max_headers(MOST_HEADERS);
        let mut connection = pin!(builder.serve_connection(io, service));
        tokio::select! {
            _ = &mut connection => return,
            _ = stopped.changed() => connection.as_mut().graceful_shutdown(),
        }
        let _ = connection.await;
    }
}

async fn answer(router: Router, peer: SocketAddr, request: Request<Incoming>) -> Result<Response, io::Error> {
    if let Err(refusal) = guard::check(&request) {
        let mut response = refusal.into_response();
        response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
        return Ok(response);
    }
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never as Infallible {},
    };
    match response.extensions().get::<Vanish>() {
        Some(Vanish) => Err(io::Error::other("vanished on purpose")),
        None => Ok(response),
    }
}

/// Whether the peer speaks HTTP/2; nothing when it says nothing in time.
async fn sniff(stream: &TcpStream, patience: Duration) -> Option<bool> {
    let mut first = [0; PREFACE.len()];
    let sniffing = async {
        loop {
            let count = stream.peek(&mut first).await.ok().filter(|count| *count > 0)?;
            let seen = first.get(..count)?;
            if !PREFACE.starts_with(seen) {
                return Some(false);
            }
            if count == PREFACE.len() {
                return Some(true);
            }
            // A part of the preface: peeking again at once would spin.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(patience, sniffing).await.ok().flatten()
}
