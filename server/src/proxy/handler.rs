//! From a request here to an answer from there.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, LOCATION};
use http::{HeaderValue, Method, Version};
use http_body::Body as _;
use http_body_util::Limited;
use hyper::body::Incoming;
use opentelemetry::trace::SpanKind;
use seawall_policy::class::request::is_safe;

use super::address;
use super::attempt;
use super::credentials::Passing;
use super::fault::{Fault, spared};
use super::forwarded::Hop;
use super::judge;
use super::pausing::Pausing;
use super::service::Upstream;
use crate::app::App;
use crate::auth::Identity;
use crate::client_address::ClientAddress;
use crate::config::UpstreamUrl;
use crate::error::ApiError;
use crate::middleware::RequestId;
use crate::serve::{Encrypted, Peer};
use crate::telemetry::{Child, Trace};
use crate::{uploads, websocket};

/// Before a second attempt: long enough for a restarting process to listen again, short enough for a person.
const PAUSE: Duration = Duration::from_millis(50);

/// One mounted service.
#[derive(Clone)]
pub(crate) struct Mount {
    app: App,
    upstream: Upstream,
    prefix: &'static str,
}

impl Mount {
    /// A service below a prefix.
    pub(crate) fn new(app: &App, upstream: Upstream, prefix: &'static str) -> Self {
        let app = app.clone();
        Self {
            app,
            upstream,
            prefix,
        }
    }
}

/// Passes a request on, and its answer back.
pub(crate) async fn answer(mount: Mount, request: Request) -> Response {
    let Mount {
        app,
        upstream,
        prefix,
    } = mount;
    let Some(url) = upstream.url(&app.config.proxy) else {
        return ApiError::not_found().into_response();
    };
    let outgoing = match prepare(&app, request, prefix, upstream, url) {
        Ok(outgoing) => outgoing,
        Err(error) => return error.into_response(),
    };
    if upstream.switches() && websocket::is_asked(&outgoing.request) {
        return Box::pin(websocket::open(&app, upstream, outgoing)).await;
    }
    let uploaded = uploads::Place::of(
        upstream,
        outgoing.request.method(),
        &outgoing.path,
        &app.config.uploads,
    );
    match uploaded {
        // Set apart, so that what only asks does not carry along the room that they take.
        Some(place) => Box::pin(uploads::pass(&app, upstream, url, place, outgoing)).await,
        None if upstream.takes_uploads(&app.config.uploads) => {
            Box::pin(bounded(&app, upstream, url, outgoing)).await
        }
        None => pass(&app, upstream, url, outgoing).await,
    }
}

/// A request that is no upload where uploads are taken: the layers left its bounds to us.
async fn bounded(app: &App, upstream: Upstream, url: &UpstreamUrl, mut outgoing: Outgoing) -> Response {
    let server = &app.config.server;
    outgoing.request = outgoing
        .request
        .map(|body| Body::new(Limited::new(body, server.body_limit)));
    match tokio::time::timeout(server.request_timeout, pass(app, upstream, url, outgoing)).await {
        Ok(response) => response,
        Err(_) => {
            app.metrics.refused("deadline");
            Fault::TimedOut(server.request_timeout)
                .answer(upstream, server.body_limit)
                .into_response()
        }
    }
}

/// A request that is ready to be sent on, and what is known of its caller.
pub(crate) struct Outgoing {
    pub(crate) request: Request,
    /// The path as the caller wrote it.
    pub(crate) path: String,
    pub(crate) hop: Hop,
    pub(crate) identity: Option<Identity>,
}

fn prepare(
    app: &App,
    mut request: Request,
    prefix: &str,
    upstream: Upstream,
    url: &UpstreamUrl,
) -> Result<Outgoing, ApiError> {
    let path = request.uri().path().to_owned();
    let uri = address::translate(request.uri(), prefix, url)?;
    let extensions = request.extensions();
    let identity = extensions.get::<Identity>().cloned();
    let opaque = extensions
        .get::<Passing>()
        .and_then(|passing| passing.opaque.clone());
    let hop = hop(app, &request);
    if !(upstream.switches() && websocket::is_asked(&request)) {
        super::for_upstream(request.headers_mut(), &hop);
    }
    if let Some(opaque) = opaque {
        request.headers_mut().insert(AUTHORIZATION, opaque);
    }
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_11;
    Ok(Outgoing {
        request,
        path,
        hop,
        identity,
    })
}

fn hop(app: &App, request: &Request) -> Hop {
    let client = request
        .extensions()
        .get::<ClientAddress>()
        .copied()
        .unwrap_or_default();
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(client.0, |peer| peer.0.ip());
    let id = request.extensions().get::<RequestId>();
    let limits = &app.config.limits;
    let trusted = limits
        .trusted_proxies
        .iter()
        .any(|network| network.contains(peer));
    Hop::of(
        request.headers(),
        request.uri().authority().map(http::uri::Authority::as_str),
        peer,
        client,
        trusted.then_some(limits.forwarded_header),
        request.extensions().get::<Encrypted>().is_some(),
    )
    .with_id(id.map(|id| id.value().clone()))
}

/// Sends a request on and gives back what came.
pub(crate) async fn pass(app: &App, upstream: Upstream, url: &UpstreamUrl, outgoing: Outgoing) -> Response {
    let Outgoing { mut request, hop, .. } = outgoing;
    let trace = request.extensions().get::<Trace>();
    let span = trace.map(|trace| trace.child(upstream.name(), SpanKind::Client));
    if let Some((name, value)) = span.as_ref().and_then(Child::traceparent) {
        request.headers_mut().insert(name, value);
    }
    let answered = attempts(app, upstream, request).await;
    drop(span);
    match answered {
        Ok(response) => finish(app, upstream, url, &hop, response),
        Err(error) => error.into_response(),
    }
}

/// As many attempts as are safe; each is the breaker's business.
async fn attempts(app: &App, upstream: Upstream, request: Request) -> Result<Response, ApiError> {
    app.proxy.with_budget(seawall_policy::retry::Budget::deposit);
    let mut left = app.config.proxy.retries;
    let mut replay = Replay::of(&request);
    let mut request = request;
    loop {
        let fault = match attempt(app, upstream, request).await? {
            Ok(response) => return Ok(response),
            Err(fault) => fault,
        };
        let again = replay
            .as_ref()
            .filter(|replay| left > 0 && replay.is_safe_after(&fault));
        let Some(again) = again.filter(|_| app.proxy.with_budget(seawall_policy::retry::Budget::withdraw))
        else {
            return Err(fault.answer(upstream, app.config.server.body_limit));
        };
        left -= 1;
        request = again.request();
        replay = Some(again.clone());
        app.metrics.upstream_retried(upstream.name());
        tokio::time::sleep(PAUSE).await;
    }
}

/// One attempt; the outer error is the breaker's refusal.
async fn attempt(
    app: &App,
    upstream: Upstream,
    request: Request,
) -> Result<Result<Response, Fault>, ApiError> {
    let started = Instant::now();
    let ticket = app.breakers.of(upstream.dependency()).admit().map_err(|wait_s| {
        app.metrics.refused("breaker");
        spared(upstream, wait_s)
    })?;
    let answered = attempt::once(app.proxy.clients.plain(), request, app.config.proxy.timeout).await;
    let (result, outcome, word) = match answered {
        Ok(response) => {
            let (head, body) = stream(response, app.config.proxy.idle_timeout);
            let (code, body) = if judge::is_error(head.status) {
                Box::pin(judge::code_of(&head, body)).await
            } else {
                (None, body)
            };
            let outcome = judge::by_head(upstream, &head, code.as_deref(), app.clock.unix());
            (Ok(Response::from_parts(head, body)), outcome, "answered")
        }
        Err(fault) => {
            let (outcome, word) = (fault.outcome(), fault.word());
            (Err(fault), outcome, word)
        }
    };
    ticket.settle(&outcome);
    app.metrics
        .upstream_attempt(upstream.name(), word, started.elapsed());
    Ok(result)
}

fn stream(response: http::Response<Incoming>, idle: Duration) -> (http::response::Parts, Body) {
    let (head, body) = response.into_parts();
    let body = if body.is_end_stream() {
        Body::empty()
    } else {
        Body::new(Pausing::new(body, idle))
    };
    (head, body)
}

fn finish(app: &App, upstream: Upstream, url: &UpstreamUrl, hop: &Hop, mut response: Response) -> Response {
    super::for_caller(response.headers_mut());
    response.extensions_mut().clear();
    let moved = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|location| address::from_outside(location, upstream, url, &hop.base()?));
    if let Some(location) = moved.and_then(|moved| HeaderValue::try_from(moved).ok()) {
        response.headers_mut().insert(LOCATION, location);
    }
    app.metrics.upstream_answered(upstream.name(), response.status());
    response
}

/// A request without a body, to be sent again.
#[derive(Clone)]
struct Replay {
    method: Method,
    uri: http::Uri,
    headers: http::HeaderMap,
}

impl Replay {
    /// Only what has no body can be sent a second time without having been held.
    fn of(request: &Request) -> Option<Self> {
        request.body().is_end_stream().then(|| Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
        })
    }

    /// Without a connection nothing was sent; what only asks may be asked again.
    fn is_safe_after(&self, fault: &Fault) -> bool {
        match fault {
            Fault::Unreachable(_) => true,
            Fault::Lost(_) => is_safe(self.method.as_str().as_bytes()),
            Fault::TimedOut(_) | Fault::Body { .. } => false,
        }
    }

    fn request(&self) -> Request {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}
