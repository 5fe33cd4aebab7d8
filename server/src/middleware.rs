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
//! - `sign_out` (proxy mode) takes tokens back whose sessions their upstream has ended.
//! - `rate_limit` counts the verified user, so a forged token costs nobody else.
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
mod door;
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
use crate::proxy::{self, Mount, Upstream};
use chain::Chain;
use door::as_it_is;

/// What every answer passes through, whatever the route.
pub(crate) fn outer(router: Router, app: &App) -> Around {
    // Around the router and not around each of its routes, which would be put together anew for every request.
    let inside = Chain::of(app)
        .door(compression::enter, compression::leave)
        .door(body_pace::enter, body_pace::leave)
        .last()
        .layer(router);
    let compressed = compression::layer(app).layer(inside.clone());
    let compressed = compressed.map_response(|response| response.map(Body::new));
    let outside = Chain::of(app)
        .door(request_id::enter, request_id::leave)
        .door(client_address::enter, as_it_is)
        .door(observe::enter, observe::leave);
    let outside = if app.audit.is_some() {
        outside.then(audit::layer).then(catch_panic::layer)
    } else {
        outside.then(catch_panic::layer)
    };
    let outside = outside
        .door(security_headers::enter, security_headers::leave)
        .door(cors::enter, cors::leave)
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
        .then_if(app.dev.faults.is_some(), faults::layer)
        .then(deadline::layer)
        .door(body_limit::enter, as_it_is)
        .then(move |_, request, next| whole_body::layer(room.clone(), request, next))
        .door(inflight::enter, inflight::leave)
        .then(authenticate::layer)
        .door(audit::note, as_it_is)
        .then(rate_limit::layer)
        .then_if(app.cache.is_some(), cache::layer)
        .then(shed::layer)
        .then(breaker::layer);
    router.layer(chain.done())
}

/// What stands before the development auth service, which checks tokens itself.
pub(crate) fn before_auth(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then_if(app.dev.faults.is_some(), faults::layer)
        .then(deadline::layer)
        .door(body_limit::enter, as_it_is)
        .door(inflight::enter, inflight::leave)
        .then(rate_limit::layer);
    router.layer(chain.done())
}

/// A service that is passed on, and what stands before it; uploads have a deadline and a limit of their own.
pub(crate) fn before_proxy(app: &App, upstream: Upstream, prefix: &'static str) -> Around {
    let uploads = upstream.takes_uploads(&app.config.uploads);
    let chain = Chain::of(app)
        .then_if(!uploads, deadline::layer)
        .then_if(app.dev.faults.is_some(), faults::layer)
        .door(body_limit::enter_unless(uploads), as_it_is)
        .door(inflight::enter, inflight::leave)
        .door(proxy::credentials, as_it_is)
        .then(authenticate::layer)
        .then_if(upstream == Upstream::Auth, sign_out::layer)
        .door(audit::note, as_it_is)
        .then(rate_limit::layer)
        .then_if(app.cache.is_some(), cache::layer);
    let mount = Mount::new(app, upstream, prefix);
    chain
        .done()
        .around(move |request| proxy::answer(mount.clone(), request))
}

/// What stands before the addresses of queued jobs; whose a job is, they ask themselves.
pub(crate) fn before_jobs(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .door(body_limit::enter, as_it_is)
        .door(inflight::enter, inflight::leave)
        .then(authenticate::layer)
        .door(audit::note, as_it_is)
        .then(rate_limit::layer);
    router.layer(chain.done())
}

/// What stands before the admin API: limits hold there too, and only administrators pass.
pub(crate) fn before_admin(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .door(body_limit::enter, as_it_is)
        .then(authenticate::layer)
        .door(audit::note, as_it_is)
        .then(rate_limit::layer)
        .door(admin::enter, as_it_is);
    router.layer(chain.last())
}

/// What stands before pages' metrics: whoever sends too many is told to wait.
pub(crate) fn before_ingest(router: Router, app: &App) -> Router {
    let chain = Chain::of(app)
        .then(deadline::layer)
        .door(body_limit::enter, as_it_is)
        .door(inflight::enter, inflight::leave)
        .then(rate_limit::layer);
    router.layer(chain.done())
}
