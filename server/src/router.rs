//! Which address goes where.

use axum::Router;
use axum::response::IntoResponse as _;

use crate::app::App;
use crate::error::ApiError;
use crate::{dev, middleware, rest, routes};

/// The whole service.
pub(crate) fn service(app: &App) -> Router {
    let inner = if app.config.postgrest {
        as_postgrest(app)
    } else {
        as_seawall(app)
    };
    middleware::outer(inner, app)
}

/// The second listener's service.
pub(crate) fn admin(app: &App) -> Router {
    middleware::outer(
        routes::admin(app).fallback(async || ApiError::not_found().into_response()),
        app,
    )
}

/// Configured as a PostgREST, every address is a table's or a function's.
fn as_postgrest(app: &App) -> Router {
    middleware::before_rest(rest::routes(app, ""), app)
}

fn as_seawall(app: &App) -> Router {
    let mut router = routes::own(app)
        .merge(middleware::before_rest(rest::routes(app, "/rest/v1"), app))
        .merge(middleware::before_ingest(routes::ingest(app), app))
        .merge(middleware::before_admin(routes::administration(app), app))
        .merge(dev::routes(app));
    if app.dev.auth.is_some() {
        router = router.merge(middleware::before_auth(dev::auth::routes(app), app));
    }
    match &app.config.server.static_dir {
        Some(folder) => router.merge(routes::page(folder)),
        None if app.config.server.rest_root => {
            router.merge(middleware::before_rest(rest::routes(app, ""), app))
        }
        None => router.fallback(async || ApiError::not_found().into_response()),
    }
}
