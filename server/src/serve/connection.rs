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
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::head::{self, Head};
use super::{Peer, Vanish, guard};
use crate::app::App;

/// More headers than any client of ours sends, and few enough to read at once.
const MOST_HEADERS: usize = 100;
const MOST_STREAMS: u32 = 256;

/// Serves a connection to its end, or to the end of its requests when the server stops.
pub(super) async fn serve(
    app: App,
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let limits = &app.config.server;
    // Small answers must not wait for more to come.
    let _ = stream.set_nodelay(true);
    let looked = tokio::select! {
        head = head::look(&stream, limits.header_timeout) => head,
        // Browsers open connections ahead of need: one that has said nothing keeps nobody from stopping.
        _ = stopped.changed() => None,
    };
    let is_http2 = match looked {
        Some(Head::Http1) => false,
        Some(Head::Http2) => true,
        Some(Head::Ambiguous) => return refuse(stream).await,
        None => return,
    };
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
        response
            .headers_mut()
            .insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
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

/// Answers without reading: what follows the head cannot be told from a second request.
async fn refuse(mut stream: TcpStream) {
    let body = r#"{"code":"SEAWALL_BAD_REQUEST","details":null,"hint":null,"message":"a request must not have both Content-Length and Transfer-Encoding"}"#;
    let answer = format!(
        "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    // The peer may be gone already; then there is nobody to tell.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
    // Closing with bytes unread would reset the connection and could take the answer with it.
    let drain = async { while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {} };
    let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
}
