//! Records each request when its answer is known, and before it leaves.
//!
//! It stands outside everything that may refuse, so that refusals are recorded too. Who
//! asks is found out further inside; `note` hands it out.

use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Instant;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::Method;
use http::header::CONTENT_TYPE;
use seawall_policy::class::Target;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Next;
use super::RequestId;
use crate::app::App;
use crate::audit::record::{Outcome, Record, stamp};
use crate::audit::sanitise::MOST_BODY_BYTES;
use crate::audit::{Audit, Seen};
use crate::auth::Identity;
use crate::client_address::ClientAddress;
use crate::config::Addresses;
use crate::error::ErrorReport;
use crate::telemetry::label;

/// A status that is never sent: the caller had gone.
const GONE: u16 = 499;

const FOREIGN: &str = "SEAWALL_FOREIGN_ORGANISATION";

/// Where claims commonly name the organisation, and the tier.
const ORGANISATION: [&str; 5] = [
    "organization_id",
    "organisation_id",
    "org_id",
    "tenant_id",
    "organization",
];
const TIER: [&str; 2] = ["tier", "plan"];

/// Who asks, once it is known.
#[derive(Clone, Default)]
struct Who(Arc<OnceLock<Identity>>);

/// What of the body has passed by.
type Passed = Arc<Mutex<Vec<u8>>>;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let Some(audit) = &app.audit else {
        return next.run(request).await;
    };
    let route = label(&app, request.uri().path());
    if route == "page" || is_preflight(&request) || !audit.config.records(request.uri().path()) {
        return next.run(request).await;
    }
    Box::pin(audited(&app, audit, route, request, next)).await
}

async fn audited(
    app: &App,
    audit: &Audit,
    route: &'static str,
    mut request: Request,
    next: Next,
) -> Response {
    let who = Who::default();
    request.extensions_mut().insert(who.clone());
    let (request, body) = overhear(audit, request);
    let mut pending = Pending::new(app, &request, route, who, body);
    let response = next.run(request).await;
    if let Some((seen, record)) = pending.answered(audit, &response) {
        audit.observe(&seen);
        audit.keep(record).await;
    }
    drop(pending);
    response
}

/// Hands out who asks.
pub(super) fn note(_: &App, request: &mut Request) -> ControlFlow<Response> {
    let extensions = request.extensions();
    if let (Some(who), Some(identity)) = (extensions.get::<Who>(), extensions.get::<Identity>()) {
        // The first is the one that the request goes on with.
        let _already_known = who.0.set(identity.clone());
    }
    ControlFlow::Continue(())
}

/// The browser's own question, asked for nobody.
fn is_preflight(request: &Request) -> bool {
    request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(http::header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// A request that is not answered yet; dropped before, it is recorded as abandoned.
struct Pending {
    app: App,
    asked: Option<Asked>,
    who: Who,
    body: Option<(Passed, String)>,
    started: Instant,
}

struct Asked {
    at: OffsetDateTime,
    request_id: Option<String>,
    method: String,
    route: &'static str,
    path: String,
    query: Option<String>,
    address: Option<ClientAddress>,
}

impl Pending {
    fn new(
        app: &App,
        request: &Request,
        route: &'static str,
        who: Who,
        body: Option<(Passed, String)>,
    ) -> Self {
        if let Some(audit) = &app.audit {
            audit.under_way.fetch_add(1, Ordering::Relaxed);
        }
        let extensions = request.extensions();
        let asked = Asked {
            at: OffsetDateTime::now_utc(),
            request_id: extensions.get::<RequestId>().map(|id| id.as_str().to_owned()),
            method: request.method().as_str().chars().take(16).collect(),
            route,
            path: request.uri().path().to_owned(),
            query: request.uri().query().map(str::to_owned),
            address: extensions.get::<ClientAddress>().copied(),
        };
        Self {
            app: app.clone(),
            asked: Some(asked),
            who,
            body,
            started: Instant::now(),
        }
    }

    fn answered(&mut self, audit: &Audit, response: &Response) -> Option<(Seen, Record)> {
        let status = response.status();
        let code = response
            .extensions()
            .get::<Arc<ErrorReport>>()
            .map(|report| report.code.clone());
        let asked = self.asked.take()?;
        Some(self.record(audit, asked, status.as_u16(), code))
    }

    fn record(&self, audit: &Audit, asked: Asked, status: u16, code: Option<String>) -> (Seen, Record) {
        let identity = self.who.0.get();
        let subject = identity.and_then(Identity::subject);
        let address = asked.address.map(|address| address.0.to_string());
        let failed_login = asked.route == "auth" && asked.method == "POST" && (400..=403).contains(&status);
        let outcome = Outcome::of(status);
        let caller = subject.or(address.as_deref()).unwrap_or_default();
        let seen = Seen {
            caller: audit.hashed(caller),
            address: audit.hashed(address.as_deref().unwrap_or_default()),
            denied: outcome == Outcome::Denied,
            cross_tenant: code.as_deref() == Some(FOREIGN),
            failed_login,
        };
        let endpoint = Target::of(&asked.method, &asked.path).endpoint;
        let record = Record {
            at: stamp(asked.at),
            id: Uuid::now_v7(),
            instance: audit.instance.clone(),
            request_id: asked.request_id,
            target: Some(audit.sanitiser.path(endpoint)),
            query: asked.query.map(|query| audit.sanitiser.query(&query)),
            method: asked.method,
            route: asked.route.to_owned(),
            status,
            code,
            outcome: if status == GONE {
                Outcome::Abandoned
            } else {
                outcome
            },
            subject: subject.map(str::to_owned),
            role: identity.map(|identity| identity.role.to_string()),
            organisation: identity.and_then(|identity| organisation(&self.app, identity)),
            tier: identity.and_then(|identity| named(identity, &TIER)),
            address: asked
                .address
                .and_then(|address| shortened(audit.config.addresses, address)),
            duration_us: u32::try_from(self.started.elapsed().as_micros()).unwrap_or(u32::MAX >> 1)
                & (u32::MAX >> 1),
            body: self.body.as_ref().and_then(|(passed, media_type)| {
                let passed = passed.lock().unwrap_or_else(PoisonError::into_inner);
                (!passed.is_empty()).then(|| audit.sanitiser.body(&passed, media_type))
            }),
        };
        (seen, record)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        let app = self.app.clone();
        let Some(audit) = &app.audit else { return };
        if let Some(asked) = self.asked.take() {
            let (_, record) = self.record(audit, asked, GONE, None);
            audit.keep_unwaited(record);
        }
        audit.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

fn shortened(kept: Addresses, address: ClientAddress) -> Option<String> {
    match kept {
        Addresses::Full => Some(address.0.to_string()),
        Addresses::Network => Some(match address.0.to_canonical() {
            std::net::IpAddr::V4(v4) => {
                let [a, b, c, _] = v4.octets();
                format!("{a}.{b}.{c}.0")
            }
            std::net::IpAddr::V6(v6) => {
                std::net::Ipv6Addr::from_bits(v6.to_bits() & !(u128::MAX >> 48)).to_string()
            }
        }),
        Addresses::None => None,
    }
}

/// The one the request was for, as it was decided; where organisations are not configured, what the token says.
fn organisation(app: &App, identity: &Identity) -> Option<String> {
    if app.config.auth.organisation.is_on() {
        return identity.organisation.as_deref().map(str::to_owned);
    }
    named(identity, &ORGANISATION)
}

/// From what only the issuer of the token can write.
fn named(identity: &Identity, names: &[&str]) -> Option<String> {
    let metadata = identity.claims.get("app_metadata").and_then(Value::as_object);
    let places = [metadata, Some(&*identity.claims)];
    let found = places
        .into_iter()
        .flatten()
        .find_map(|place| names.iter().find_map(|name| place.get(*name)))?;
    match found {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Lets the body of a write pass by, and keeps what is wanted of it.
fn overhear(audit: &Audit, request: Request) -> (Request, Option<(Passed, String)>) {
    let writes = matches!(
        *request.method(),
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE
    );
    if !audit.config.bodies || !writes {
        return (request, None);
    }
    let media_type = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/json")
        .to_ascii_lowercase();
    let passed = Passed::default();
    let ear = Arc::clone(&passed);
    let request = request.map(|body| Body::new(Overheard { body, ear }));
    (request, Some((passed, media_type)))
}

struct Overheard {
    body: Body,
    ear: Passed,
}

impl http_body::Body for Overheard {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let polled = std::pin::Pin::new(&mut self.body).poll_frame(context);
        if let std::task::Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let mut ear = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
            // One byte more than is recorded tells that it is too long.
            let room = (MOST_BODY_BYTES + 1).saturating_sub(ear.len());
            ear.extend_from_slice(data.get(..room.min(data.len())).unwrap_or_default());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}
