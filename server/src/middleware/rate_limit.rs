//! Holds requests over their quota back, and tells the others where they stand.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use seawall_policy::class::Target;

use crate::app::App;
use crate::auth::Identity;
use crate::client_address::ClientAddress;
use crate::error::ApiError;
use crate::limits::{Decision, Subject};

pub(super) async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    let Some(limits) = &app.limits else {
        return next.run(request).await;
    };
    // Asking what is allowed costs nothing and is no use of anything.
    if request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let address = request.extensions().get::<ClientAddress>().copied();
    let subject = Subject {
        address: address.unwrap_or_default(),
        user: request.extensions().get::<Identity>().and_then(Identity::subject),
        target: Target::of(request.method().as_str(), request.uri().path()),
    };
    let decision = limits.decide(&subject, app.clock.mono());
    let word = if decision.admitted { "admitted" } else { "refused" };
    app.metrics.rate_limit(decision.scope, word);
    let mut response = match refusal(&decision) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    };
    decision.standing.write(response.headers_mut());
    response
}

fn refusal(decision: &Decision) -> Option<ApiError> {
    let wait_s = decision.standing.retry_after_s?;
    let message = format!("too many requests ({}); try again in {wait_s} s", decision.scope);
    Some(ApiError::new(StatusCode::TOO_MANY_REQUESTS, "SEAWALL_RATE_LIMITED", message).retry_after(wait_s))
}
