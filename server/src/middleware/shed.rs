//! Lets as many through at once as the server bears; the others wait by tier, or are told to come back.
//!
//! What came of a request is felt here: by how many are let through, and by the limits,
//! which give way to stress from the lowest tier on. A turn ends with the work: the
//! answer is whole by then, and who reads it slowly keeps nobody else from the
//! database (`inflight` counts until it is read).

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use seawall_policy::limit::Signal;

use super::Next;
use crate::app::App;
use crate::error::ApiError;
use crate::shed::Sent;

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let priority = app.limits.tier_of(&request).priority;
    let turn = match app.shed.turn(priority).await {
        Ok(turn) => turn,
        Err(sent) => return refusal(sent).into_response(),
    };
    let response = next.run(request).await;
    let now = app.clock.mono();
    let signal = match response.status() {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Signal::Stress,
        status if status.is_server_error() => Signal::Nothing,
        _ => Signal::Served(now.since(turn.begun())),
    };
    turn.feel(signal);
    app.limits.pressure.feel(signal, turn.begun(), now);
    response
}

fn refusal(sent: Sent) -> ApiError {
    let message = match sent {
        Sent::Full => "too much to do, and too many wait already",
        Sent::Displaced => "too much to do; those of a higher tier go first",
        Sent::Late => "too much to do; waiting for a turn took too long",
    };
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SEAWALL_OVERLOADED", message).retry_after(1)
}
