//! The stack, outermost first. Each layer is one file; the order is the argument.
//!
//! - `request_id` first, so that everything after it can be told apart.
//! - `client_address` next: whose request it is, whoever asks.
//! - `observe` sees every answer, whoever gives it, and logs errors once.
//! - `audit` records every answer before it leaves, refusals by those below included; `audit::note` tells it who asks.
//! - `catch_panic` turns a defect into a 500 that is observed.
//! - `security_headers` are on every answer, errors and panics included.
//! - `cors` answers preflights before they cost anything.
//! - `compression` works on whatever comes from further in, a cache included.
//! - `body_pace` gives up on bodies that trickle in.
//! - `faults` (development only) stand where a broken network would.
//! - `deadline` bounds the rest, the reading of the body included.
//! - `body_limit` refuses by the declared size and cuts off by the real one.
//! - `whole_body` keeps slow senders from taking a place among those inflight.
//! - `inflight` is the hard cap before any work.
//! - `authenticate` decides who asks; what follows may depend on it.
//! - `rate_limit` counts the verified user, so a forged token costs nobody else.
//! - `sign_out` (proxy mode) takes tokens back whose sessions their upstream has ended.
//! - `cache` gives what is kept and sees every write; a hit costs the database nothing.
//! - `shed` after limits and cache: what is over its limit, or kept, does not stand in line.
//! - `breaker` stands before the database alone.

mod admin;
mod audit;
mod authenticate;
mod body_limit;
mod body_pace;
mod breaker;
mod cache;
mod catch_panic;
mod chain;
mod client_address;
mod compression;
mod cors;
mod deadline;
mod faults;
mod held;
mod inflight;
mod observe;
mod one_shape;
mod rate_limit;
mod request_id;
mod security_headers;
mod shed;
mod sign_out;
mod whole_body;

pub(crate) use body_limit::too_large;
pub(crate) use chain::{Around, Next};
pub(crate) use request_id::RequestId;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn;
use tower::{Layer as _, ServiceExt as _};

use crate::app::App;
use crate::proxy;
use chain::Chain;

/// What every answer passes through, whatever the route.
pub(crate) fn outer(router: Router, app: &App) -> Around {
    // Around the router and not around each of its routes, which would be put together anew for every request.
    let inside = Chain::of(app).then(compression::before).then(body_pace::layer);
    let inside = inside.done().layer(router);
    let compressed = compression::layer(app).layer(inside.clone());
    let compressed = compressed.map_response(|response| response.map(Body::new));
    let outside = Chain::of(app)
        .then(request_id::layer)
        .then(client_address::layer)
        .then(observe::layer)
        .then(audit::layer)
        .then(catch_panic::layer)
        .then(security_headers::layer)
        .then(cors::layer)
        .then(move |app, request, next| compression::after(app, inside.clone(), request, next));
    outside.done().layer(compressed)
}

/// What Seawall's own addresses share, however they are guarded.
pub(crate) fn own(router: Router) -> Router {
    router.layer(from_fn(one_shape::layer))
}

/// What stands before the REST interface.
pub(crate) fn before_rest(router: Router, app: &App) -> Router {
    let room = whole_body::Room::new();
    let chain = Chain::of(app)
        .then(faults::layer)
        .then(deadline::layer)
        .then(body_limit::layer)
        .then(move |_, request, next| whole_body::layer(room.clone(), request, next))
        .then(inflight::layer)
        .then(authenticate::layer)
        .then(audit::note)
        .then(rate_limit::layer)
        .then(cache::layer)
        .then(shed::layer)
        .then(breaker::layer);
    router.layer(chain.done())
}

/// What stands before the development auth service, which checks tokens itself.
pub(crate) fn before_auth(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(faults::layer)
        .then(deadline::layer)
        .then(body_limit::layer)
        .then(inflight::layer)
        .then(rate_limit::layer);
    router.layer(chain.done())
}

/// What stands before a service that is passed on; uploads have a deadline and a limit of their own.
pub(crate) fn before_proxy(router: Router, app: &App, uploads: bool) -> Router {
    let mut chain = Chain::of(app);
    if !uploads {
        chain = chain.then(deadline::layer).then(body_limit::layer);
    }
    let chain = chain
        .then(faults::layer)
        .then(inflight::layer)
        .then(|_, request, next| proxy::credentials(request, next))
        .then(authenticate::layer)
        .then(audit::note)
        .then(sign_out::layer)
        .then(rate_limit::layer)
        .then(cache::layer);
    router.layer(chain.done())
}

/// What stands before the addresses of queued jobs; whose a job is, they ask themselves.
pub(crate) fn before_jobs(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .then(body_limit::layer)
        .then(inflight::layer)
        .then(authenticate::layer)
        .then(audit::note)
        .then(rate_limit::layer);
    router.layer(chain.done())
}

/// What stands before the admin API: limits hold there too, and only administrators pass.
pub(crate) fn before_admin(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .then(body_limit::layer)
        .then(authenticate::layer)
        .then(audit::note)
        .then(rate_limit::layer)
        .then(admin::layer);
    router.layer(chain.done())
}

/// What stands before pages' metrics: whoever sends too many is told to wait.
pub(crate) fn before_ingest(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .then(body_limit::layer)
        .then(inflight::layer)
        .then(rate_limit::layer);
    router.layer(chain.done())
}
