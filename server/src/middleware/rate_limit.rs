//! Holds requests over their quota back, and tells the others where they stand.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::Method;

use super::Next;
use crate::app::App;
use crate::auth::Identity;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    // Asking what is allowed costs nothing and is no use of anything.
    if let Some(identity) = request.extensions().get::<Identity>()
        && let Some(user) = identity.subject()
    {
        let tier = || app.limits.tier_name(identity);
        app.active.note(user, app.clock.unix_seconds(), tier);
    }
    if !app.limits.rules().config.enabled || request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let subject = app.limits.subject(&request);
    let decision = app.limits.decide(&subject).await;
    let mut response = match decision.refusal() {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    decision.write(response.headers_mut());
    response
}
