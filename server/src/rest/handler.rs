//! One request, from HTTP through the five stages and back.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::stream;
use http::request::Parts;
use http::{Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, LengthLimitError};
use opentelemetry::trace::SpanKind;
use seawall_pgrest::error::{self, ServiceError};
use seawall_pgrest::plan::Plan;
use seawall_pgrest::request::{ApiRequest, RawRequest};
use seawall_pgrest::response::openapi::{self, OpenApiConfig};
use seawall_pgrest::response::{self, Reply, ResultRow, ServerTiming};
use seawall_pgrest::sql;

use super::JwtTime;
use super::etag;
use super::execute::{self, Done, Failure};
use super::live::Live;
use super::refusal::{failed, refused, service_error};
use super::seal::{JobSeal, Sealed};
use super::stale;
use super::work::{self, Work};
use crate::app::App;
use crate::auth::Identity;
use crate::cache::Touched;
use crate::error::ApiError;
use crate::queue;
use crate::telemetry::Trace;

const SERVER_TIMING: http::HeaderName = http::HeaderName::from_static("server-timing");

/// What came or went after the last load is looked for again, but not for every stranger and every mistake.
const LOAD_IS_FRESH: Duration = Duration::from_secs(5);

/// The REST interface at one prefix.
#[derive(Clone)]
pub(super) struct Mount {
    pub(super) app: App,
    pub(super) prefix: String,
}

pub(super) async fn handle(State(mount): State<Mount>, request: Request) -> Response {
    let Some(live) = mount.app.rest.live.load_full() else {
        return service_error(ServiceError::NoSchemaCache, "not loaded yet".to_owned()).into_response();
    };
    let mut touched = None;
    let outcome = answer(&mount, &live, request, &mut touched).await;
    let mut response = match outcome {
        Ok(response) => response,
        Err(error) if live.config.rest.verbose_errors => error.into_response(),
        Err(error) => error.tersely().into_response(),
    };
    if let Some(touched) = touched {
        response.extensions_mut().insert::<Touched>(touched);
    }
    response
}

/// Reads on a caller's behalf what the server must know: as that caller, by the same way as the caller's own requests.
pub(crate) async fn read_as(app: &App, identity: &Identity, address: Uri) -> Result<Bytes, ApiError> {
    let live = app.rest.live.load_full();
    let live = live.ok_or_else(|| service_error(ServiceError::NoSchemaCache, "not loaded yet".to_owned()))?;
    let mount = Mount {
        app: app.clone(),
        prefix: String::new(),
    };
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = address;
    request.extensions_mut().insert(identity.clone());
    let answer = answer(&mount, &live, request, &mut None).await?;
    collect(&mount, answer.into_body()).await
}

async fn answer(
    mount: &Mount,
    live: &Live,
    request: Request,
    touched: &mut Option<Touched>,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let (seal, wish) = deferral(mount, &mut parts)?;
    let method = parts.method.clone();
    let mut timing = ServerTiming {
        jwt: parts.extensions.get::<JwtTime>().map(|time| time.0),
        ..ServerTiming::default()
    };
    let identity = permitted(mount, live, &parts)?;
    let body = collect(mount, body).await?;
    let request = timed(&mut timing.parse, || parse(mount, live, &parts, &body))?;
    let config = live.plan_config(&identity.role);
    let plan = timed(&mut timing.plan, || Plan::new(&request, &live.schema, config))
        .map_err(|error| refused(&error::Error::from(error)))?;
    if let (Some(queue), Some(wish)) = (&mount.app.queue, wish)
        && work::may_wait(live, &request, &plan)
    {
        let submission = queue::Submission {
            mount: &mount.prefix,
            parts: &parts,
            body,
            identity: &identity,
            wish,
        };
        let answer = queue::submit(queue, submission).await?;
        // Nothing is written yet; whoever carries it out says what was.
        *touched = (answer.status() == StatusCode::ACCEPTED).then(Touched::default);
        return Ok(answer);
    }
    *touched = live.touched(&plan);
    let started = Instant::now();
    let span = parts.extensions.get::<Trace>();
    let span = span.map(|trace| trace.child("postgresql", SpanKind::Client));
    let reports = touched.as_ref().is_some_and(|touched| touched.reports);
    let done = carry_out(mount, live, &identity, &request, &plan, (seal, reports)).await?;
    if let (Some(touched), Some(report), Some(graph)) = (touched, done.report, &live.graph) {
        touched.reported(report.transaction.as_deref(), &report.written, graph);
    }
    let (row, begun) = (done.row, done.begun);
    // What goes on is watched to its end.
    let span = begun.as_ref().and(span);
    timing.transaction = (!matches!(plan, Plan::Info(_))).then(|| started.elapsed());
    let mut reply = timed(&mut timing.response, || {
        response::reply(&plan, &request, row, live.verbosity)
    })
    .map_err(|error| refused(&error::Error::from(error)))?;
    let mut response = match begun {
        // Its tag would be known at its end only.
        Some(begun) if reply.body.is_empty() => {
            let body = begun.into_body(&mount.app.metrics, span);
            Response::from_parts(respond(reply, &method).into_parts().0, body)
        }
        Some(_) | None => {
            etag::revalidate(&method, &parts.headers, &mut reply);
            respond(reply, &method)
        }
    };
    if live.config.server.timing
        && let Some(value) = timing.header()
    {
        response.headers_mut().insert(SERVER_TIMING, value);
    }
    Ok(response)
}

/// The job that this request is, or the wish that it be made one.
fn deferral(mount: &Mount, parts: &mut Parts) -> Result<(Option<JobSeal>, Option<queue::Wish>), ApiError> {
    match (parts.extensions.get::<JobSeal>(), &mount.app.queue) {
        (Some(seal), _) => Ok((Some(*seal), None)),
        (None, Some(queue)) if queue.may_work() => Ok((None, queue::take_wish(&mut parts.headers)?)),
        (None, Some(_) | None) => Ok((None, None)),
    }
}

fn permitted(mount: &Mount, live: &Live, parts: &Parts) -> Result<Identity, ApiError> {
    let identity = parts.extensions.get::<Identity>().cloned();
    let identity = identity.ok_or_else(|| ApiError::internal("the request was not authenticated"))?;
    let Err(refusal) = live.roles.check(&identity, &live.config, &parts.headers) else {
        return Ok(identity);
    };
    mount.app.metrics.auth_failure(refusal.reason());
    if live.loaded.elapsed() > LOAD_IS_FRESH {
        mount.app.rest.reload.notify_one();
    }
    Err(refusal.answer(&identity.role))
}

async fn collect(mount: &Mount, body: Body) -> Result<Bytes, ApiError> {
    body.collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if is_too_large(&error) {
                mount.app.metrics.refused("body_size");
                return crate::middleware::too_large(mount.app.config.server.body_limit);
            }
            ApiError::new(
                StatusCode::BAD_REQUEST,
                "SEAWALL_BAD_REQUEST",
                "the request body could not be read",
            )
            .caused_by(error)
        })
}

fn is_too_large(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if cause.is::<LengthLimitError>() {
            return true;
        }
        source = cause.source();
    }
    false
}

fn parse(mount: &Mount, live: &Live, parts: &Parts, body: &[u8]) -> Result<ApiRequest, ApiError> {
    let path = parts.uri.path();
    let raw = RawRequest {
        method: &parts.method,
        path: path.strip_prefix(&mount.prefix).unwrap_or(path),
        query: parts.uri.query().unwrap_or_default(),
        headers: &parts.headers,
        body,
    };
    ApiRequest::parse(&live.request, raw).map_err(|error| refused(&error::Error::from(error)))
}

async fn carry_out(
    mount: &Mount,
    live: &Live,
    identity: &Identity,
    request: &ApiRequest,
    plan: &Plan,
    (seal, reports): (Option<JobSeal>, bool),
) -> Result<Done, ApiError> {
    let Some(main) = sql::statement(plan) else {
        return Ok(Done::default());
    };
    let settings = work::settings(mount, live, identity);
    let finish = |row: &ResultRow| {
        let reply = response::reply(plan, request, row.clone(), live.verbosity)?;
        Ok(seal.map(|seal| seal.finish(&reply)).unwrap_or_default())
    };
    let sealed = seal.map(|seal| Sealed {
        begin: seal.begin(),
        finish: &finish,
    });
    let mut work = Work::of(live, identity, request, plan, (main, sealed), &settings);
    work.reports = reports;
    let started = Instant::now();
    let outcome = execute::run(&mount.app.rest, &work).await;
    mount.app.metrics.transaction(kind(plan), started.elapsed());
    let mut done = outcome.map_err(|failure| {
        notice(mount, live, plan, &failure);
        failed(&mount.app.metrics, failure)
    })?;
    if let Plan::Inspect(inspect) = plan {
        let inspected = done.row.body.take().unwrap_or_default();
        let document = openapi::document(&live.schema, inspect, &inspected, &openapi_config(mount, live));
        done.row.body = Some(document.into());
    }
    Ok(done)
}

/// Has the schema cache read again where the database says that it is behind, but not for every mistake.
fn notice(mount: &Mount, live: &Live, plan: &Plan, failure: &Failure) {
    if let Failure::Database(error) = failure
        && live.loaded.elapsed() > LOAD_IS_FRESH
        && stale::is_behind(error, plan, &live.schema)
    {
        tracing::info!(
            code = error.code,
            "reloading the schema cache: it names what is gone"
        );
        mount.app.rest.reload.notify_one();
    }
}

fn respond(reply: Reply, method: &Method) -> Response {
    // A HEAD was never told its body, so its length is unknown and not zero.
    let body = if method == Method::HEAD {
        Body::from_stream(stream::empty::<Result<Bytes, Infallible>>())
    } else {
        reply.body.into()
    };
    let mut response = Response::new(body);
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

fn openapi_config(mount: &Mount, live: &Live) -> OpenApiConfig {
    let own = || format!("http://{}{}", live.config.server.listen, mount.prefix);
    OpenApiConfig {
        listing: live.listing,
        server_url: live.config.rest.openapi_proxy.clone().unwrap_or_else(own),
        security: live.config.rest.openapi_security,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

fn kind(plan: &Plan) -> &'static str {
    match plan {
        Plan::Read(_) => "read",
        Plan::Mutate(_) => "write",
        Plan::Call(_) => "call",
        Plan::Inspect(_) => "inspect",
        Plan::Info(_) => "info",
    }
}

fn timed<T>(into: &mut Option<Duration>, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    *into = Some(started.elapsed());
    result
}
