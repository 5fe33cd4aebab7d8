//! What a caller is told of what went wrong, and what is counted of it.

use http::StatusCode;
use http::header::RETRY_AFTER;
use seawall_pgrest::error::{self, ServiceError};

use super::execute::Failure;
use crate::error::ApiError;
use crate::telemetry::Metrics;

/// A transaction that came to nothing.
pub(super) fn failed(metrics: &Metrics, failure: Failure) -> ApiError {
    match failure {
        Failure::Database(error) => {
            metrics.database_error(Some(&error.code));
            let cause = format!("{}: {}", error.code, error.message);
            refused(&error::Error::from(error)).caused_by(cause)
        }
        Failure::Verdict(error) => refused(&error::Error::from(error)),
        Failure::Service(error, cause) => {
            metrics.database_error(None);
            service_error(error, cause)
        }
        Failure::Context(cause) => {
            metrics.rls_context_failure();
            let message = "the request's role and claims could not be set";
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "SEAWALL_RLS_CONTEXT", message).caused_by(cause)
        }
    }
}

/// Something that the server leans on is not there.
pub(super) fn service_error(error: ServiceError, cause: String) -> ApiError {
    let error = refused(&error::Error::from(error)).caused_by(cause);
    match error.status() {
        StatusCode::SERVICE_UNAVAILABLE => {
            error.with_header(RETRY_AFTER, http::HeaderValue::from_static("1"))
        }
        _ => error,
    }
}

/// A refusal of the protocol's own.
pub(super) fn refused(error: &error::Error) -> ApiError {
    ApiError::from(error.report())
}
