//! The registry as Prometheus text.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::app::App;

pub(super) async fn read(State(app): State<App>) -> Response {
    app.metrics.pool(app.rest.pool_states());
    app.metrics
        .proxy(app.proxy.sockets.count(), app.proxy.uploads.waiting());
    app.metrics.rate_limit_keys(app.limits.keys());
    let (cap, waiting) = app.shed.figures();
    app.metrics.concurrency(cap, waiting);
    let headers = [
        (CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
        (CACHE_CONTROL, "no-store"),
    ];
    let tiers = app.limits.tiers();
    let tiers = tiers.iter().map(String::as_str);
    app.active.report(tiers, app.clock.unix_seconds(), &app.metrics);
    let text = app.metrics.render() + &app.business.render(app.clock.mono());
    (headers, text).into_response()
}
