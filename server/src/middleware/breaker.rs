//! Spares a database that is unwell: with its circuit open the answer is 503 at once.
//!
//! What an answer says about the database is judged by the same table as in the
//! page. A request that is dropped midway settles as aborted, which says nothing.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;
use seawall_policy::class::{Answer, Outcome, Service, classify};

use super::Next;
use crate::app::App;
use crate::breakers::Dependency;
use crate::error::{ApiError, ErrorReport};

pub(super) async fn layer(app: App, request: Request, next: Next) -> Response {
    let ticket = match app.breakers.of(Dependency::Postgres).admit() {
        Ok(ticket) => ticket,
        Err(wait_s) => {
            app.metrics.refused("breaker");
            let error = ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SEAWALL_CIRCUIT_OPEN",
                "the database is unwell and spared",
            );
            return error.retry_after(wait_s).into_response();
        }
    };
    let response = next.run(request).await;
    ticket.settle(&outcome(&response));
    response
}

fn outcome(response: &Response) -> Outcome {
    let report = response.extensions().get::<Arc<ErrorReport>>();
    let code = report.map(|report| report.code.as_str());
    // No schema cache yet and a full queue are our own states and say nothing new about the database.
    if matches!(code, Some("PGRST002" | "SEAWALL_QUEUE_FULL")) {
        return Outcome::ABORTED;
    }
    classify(&Answer::Response {
        service: Service::Rest,
        status: response.status().as_u16(),
        code,
        retry_after: None,
    })
}
