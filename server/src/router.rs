//! Which address goes where.

use axum::Router;
use axum::response::IntoResponse as _;

use crate::app::App;
use crate::error::ApiError;
use crate::middleware::Around;
use crate::proxy::Upstream;
use crate::{dev, middleware, rest, routes};

/// The whole service.
pub(crate) fn service(app: &App) -> Around {
    let inner = if app.config.postgrest {
        as_postgrest(app)
    } else {
        as_seawall(app)
    };
    middleware::outer(inner, app)
}

/// The second listener's service.
pub(crate) fn admin(app: &App) -> Around {
    middleware::outer(
        middleware::own(routes::admin(app)).fallback(async || ApiError::not_found().into_response()),
        app,
    )
}

/// Configured as a PostgREST, every address is a table's or a function's.
fn as_postgrest(app: &App) -> Router {
    middleware::before_rest(rest::routes(app, ""), app)
}

fn as_seawall(app: &App) -> Router {
    let own = own(app);
    let mut router = own
        .clone()
        .nest("/v1", own)
        .merge(rest_at(app, "/rest/v1"))
        .merge(dev::routes(app));
    if app.queue.is_some() {
        router = router.merge(middleware::before_jobs(routes::jobs(app), app));
    }
    if app.config.server.api_docs {
        router = router.merge(routes::docs(app));
    }
    if app.dev.auth.is_some() {
        router = router.merge(middleware::before_auth(dev::auth::routes(app), app));
    }
    for upstream in [
        Upstream::Auth,
        Upstream::Storage,
        Upstream::Functions,
        Upstream::Realtime,
    ] {
        if upstream.url(&app.config.proxy).is_some() {
            router = router.merge(passed_on(app, upstream, upstream.mount()));
        }
    }
    match &app.config.server.static_dir {
        Some(folder) => router.merge(routes::page(folder)),
        None if app.config.server.rest_root => router.merge(rest_at(app, "")),
        None => router.fallback(async || ApiError::not_found().into_response()),
    }
}

/// From the database, or from an upstream.
fn rest_at(app: &App, prefix: &'static str) -> Router {
    if Upstream::Rest.url(&app.config.proxy).is_some() {
        passed_on(app, Upstream::Rest, prefix)
    } else {
        middleware::before_rest(rest::routes(app, prefix), app)
    }
}

/// Without a router of its own, which would be asked for nothing: whatever is below the prefix goes there.
fn passed_on(app: &App, upstream: Upstream, prefix: &'static str) -> Router {
    let around = middleware::before_proxy(app, upstream, prefix);
    let router = Router::new()
        .route_service(&format!("{prefix}/"), around.clone())
        .route_service(&format!("{prefix}/{{*path}}"), around.clone());
    if prefix.is_empty() {
        router
    } else {
        router.route_service(prefix, around)
    }
}

/// Seawall's own addresses: at their short names, and under `/v1` for callers who want to be sure of the shape.
fn own(app: &App) -> Router {
    let router = routes::own(app)
        .merge(middleware::before_ingest(routes::ingest(app), app))
        .merge(middleware::before_admin(routes::administration(app), app));
    middleware::own(router)
}
