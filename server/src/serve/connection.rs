//! One connection: encrypted or not, HTTP/1.1 or HTTP/2 by its first bytes, with limits on time and size.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::framing::Framing;
use super::pace::Pace;
use super::stream::{Guarded, Patience, Protocol, recognise};
use super::tls::Tls;
use super::traffic::{Limits, Traffic, Verdict};
use super::{Encrypted, Peer, Vanish, guard};
use crate::app::App;
use crate::middleware::Around;

/// More headers than any client of ours sends, and few enough to read at once.
const MOST_HEADERS: usize = 100;
const MOST_STREAMS: u32 = 256;

/// Streams reset before they were looked at; one more ends the connection.
const MOST_PENDING_RESETS: usize = 32;
/// Streams that had to be reset for their errors; one more ends the connection.
const MOST_ERROR_RESETS: usize = 256;
/// What one stream may have in memory before its answer is asked for no further.
const SEND_BUFFER: usize = 64 << 10;

/// How long a connection that is to end may be without a request before it is ended.
const FAREWELL: Duration = Duration::from_secs(3);

/// What a connection is served with.
#[derive(Clone)]
pub(super) struct Serving {
    pub(super) app: App,
    pub(super) router: Around,
    pub(super) tls: Option<Tls>,
    pub(super) stopped: watch::Receiver<bool>,
}

/// Who is at the other end, and how.
#[derive(Debug, Clone, Copy)]
struct Caller {
    peer: SocketAddr,
    encrypted: bool,
}

impl Serving {
    /// Serves a connection to its end, or to the end of its requests when the server stops.
    pub(super) async fn serve(self, stream: TcpStream, peer: SocketAddr) {
        // Small answers must not wait for more to come.
        let _ = stream.set_nodelay(true);
        let encrypted = self.tls.is_some();
        let caller = Caller { peer, encrypted };
        let Some(tls) = &self.tls else {
            return self.converse(stream, caller).await;
        };
        let patience = self.app.config.server.header_timeout;
        let shaken = tokio::time::timeout(patience, tls.acceptor.accept(stream));
        match shaken.await {
            Ok(Ok(stream)) => self.converse(stream, caller).await,
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => self.app.metrics.connection_cut("handshake"),
        }
    }

    async fn converse<S>(mut self, mut stream: S, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let patience = self.app.config.server.header_timeout;
        let recognised = tokio::select! {
            found = tokio::time::timeout(patience, recognise(&mut stream)) => found,
            // Browsers open connections ahead of need: one that has said nothing keeps nobody from stopping.
            _ = self.stopped.changed() => return,
        };
        let Ok(found) = recognised else {
            return self.app.metrics.connection_cut("silent");
        };
        let config = &self.app.config.connections;
        let patience = Patience {
            head: patience,
            write: Pace::new(config.write_timeout, config.min_rate),
        };
        match found {
            Some((Protocol::Http1, seen)) => {
                let stream = Guarded::new(stream, seen, Some(Framing::new()), patience);
                self.http1(stream, caller).await;
            }
            Some((Protocol::Http2, seen)) => {
                self.http2(Guarded::new(stream, seen, None, patience), caller)
                    .await;
            }
            None => {}
        }
    }

    // Two protocols, two connection types that share no trait: much the same lines twice.
    async fn http1<S>(mut self, stream: Guarded<S>, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (router, framed_twice) = (self.router.clone(), stream.framed_twice());
        let begun = AtomicU64::new(0);
        // One request after the other: the stream itself sees whether anybody reads.
        let service = service_fn(move |request| {
            let number = begun.fetch_add(1, Ordering::Relaxed) + 1;
            answer(router.clone(), caller, framed_twice.is(number), request)
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            // The stream has less patience with a head that has begun.
            .header_read_timeout(self.app.config.connections.idle_timeout)
            .max_buf_size(self.app.config.server.header_limit)
            .max_headers(MOST_HEADERS);
        let mut connection = pin!(
            builder
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
        );
        let ended = tokio::select! {
            ended = &mut connection => ended,
            _ = self.stopped.changed() => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        self.note(ended);
    }

    async fn http2<S>(mut self, stream: Guarded<S>, caller: Caller)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let config = &self.app.config;
        let limits = Limits {
            idle: config.connections.idle_timeout,
            unread: config.connections.write_timeout,
        };
        let (router, traffic) = (self.router.clone(), Traffic::new());
        let watched = traffic.clone();
        let service = service_fn(move |request| {
            let call = traffic.begin();
            let answering = answer(router.clone(), caller, false, request);
            async { Ok::<_, io::Error>(answering.await?.map(|body| call.answer(body))) }
        });
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(MOST_STREAMS)
            .max_pending_accept_reset_streams(MOST_PENDING_RESETS)
            .max_local_error_reset_streams(MOST_ERROR_RESETS)
            .max_send_buf_size(SEND_BUFFER)
            .max_header_list_size(u32::try_from(config.server.header_limit).unwrap_or(u32::MAX))
            .keep_alive_interval(Some(Duration::from_secs(30)))
            .keep_alive_timeout(Duration::from_secs(20));
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let verdict = tokio::select! {
            ended = &mut connection => return self.note(ended),
            verdict = watch_over(&watched, limits) => verdict,
            _ = self.stopped.changed() => Verdict::Idle,
        };
        if let Verdict::Abusive(reason) = verdict {
            return self.app.metrics.connection_cut(reason);
        }
        connection.as_mut().graceful_shutdown();
        // What is under way is finished, under the same watch; a peer that does not say goodbye is not waited for.
        let limits = Limits {
            idle: FAREWELL,
            ..limits
        };
        tokio::select! {
            ended = &mut connection => self.note(ended),
            verdict = watch_over(&watched, limits) => if let Verdict::Abusive(reason) = verdict {
                self.app.metrics.connection_cut(reason);
            }
        }
    }

    /// Counts a connection that was cut for its slowness; how others end is nobody's business.
    fn note(&self, ended: Result<(), hyper::Error>) {
        let Err(error) = ended else { return };
        tracing::debug!(%error, "a connection ended badly");
        let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&error);
        while let Some(cause) = source {
            let late = cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::TimedOut);
            if late {
                return self.app.metrics.connection_cut("slow");
            }
            source = cause.source();
        }
    }
}

/// Looks at a connection until it is idle for too long or abused.
async fn watch_over(traffic: &Traffic, limits: Limits) -> Verdict {
    loop {
        match traffic.judge(limits) {
            Verdict::Until(then) => tokio::time::sleep_until(then).await,
            verdict @ (Verdict::Idle | Verdict::Abusive(_)) => return verdict,
        }
    }
}

async fn answer(
    router: Around,
    caller: Caller,
    is_framed_twice: bool,
    request: Request<Incoming>,
) -> Result<Response, io::Error> {
    let response = if is_framed_twice {
        refuse(guard::framed_twice())
    } else if let Err(refusal) = guard::check(&request) {
        refuse(refusal)
    } else {
        route(router, caller, request).await
    };
    match response.extensions().get::<Vanish>() {
        Some(Vanish) => Err(io::Error::other("vanished on purpose")),
        None => Ok(response),
    }
}

async fn route(router: Around, caller: Caller, request: Request<Incoming>) -> Response {
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(caller.peer));
    if caller.encrypted {
        request.extensions_mut().insert(Encrypted);
    }
    router.answer(request).await
}

/// What follows such a request cannot be told from a second one, so nothing follows.
fn refuse(refusal: crate::error::ApiError) -> Response {
    let mut response = refusal.into_response();
    response
        .headers_mut()
        .insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}
