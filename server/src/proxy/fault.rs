//! What may go wrong between us and an upstream, and how the caller is told.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;
use http_body_util::LengthLimitError;
use seawall_policy::class::{Answer, Outcome, classify};

use super::service::Upstream;
use crate::error::ApiError;
use crate::middleware::too_large;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Fault {
    /// No connection: nothing was sent.
    Unreachable(String),
    /// The connection broke before an answer began.
    Lost(String),
    /// No answer in time.
    TimedOut(Duration),
    /// The caller's own body broke off or was too large.
    Body { too_large: bool },
}

impl Fault {
    pub(super) fn of(error: &hyper_util::client::legacy::Error) -> Self {
        match sources(error).find_map(of_body) {
            Some(fault) => fault,
            None if error.is_connect() => Self::Unreachable(chain(error)),
            None => Self::Lost(chain(error)),
        }
    }

    /// What it says about the upstream.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Unreachable(_) | Self::Lost(_) => classify(&Answer::NetworkError),
            Self::TimedOut(_) => classify(&Answer::TimedOut),
            Self::Body { .. } => classify(&Answer::Aborted),
        }
    }

    /// A word for metrics.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Unreachable(_) => "unreachable",
            Self::Lost(_) => "lost",
            Self::TimedOut(_) => "timeout",
            Self::Body { .. } => "aborted",
        }
    }

    /// The answer to the caller.
    pub(crate) fn answer(self, upstream: Upstream, body_limit: usize) -> ApiError {
        let name = upstream.name();
        match self {
            Self::Unreachable(cause) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "SEAWALL_UPSTREAM_UNREACHABLE",
                format!("the {name} service cannot be reached"),
            )
            .caused_by(cause)
            .retry_after(1),
            Self::Lost(cause) => ApiError::new(
                StatusCode::BAD_GATEWAY,
                "SEAWALL_UPSTREAM_LOST",
                format!("the {name} service broke off before it answered"),
            )
            .caused_by(cause)
            .retry_after(1),
            Self::TimedOut(limit) => ApiError::new(
                StatusCode::GATEWAY_TIMEOUT,
                "SEAWALL_UPSTREAM_TIMEOUT",
                format!(
                    "the {name} service did not answer within {} ms",
                    limit.as_millis()
                ),
            )
            .retry_after(1),
            Self::Body { too_large: true } => too_large(body_limit),
            Self::Body { too_large: false } => ApiError::new(
                StatusCode::BAD_REQUEST,
                "SEAWALL_BAD_REQUEST",
                "the request's body broke off",
            ),
        }
    }
}

/// The answer while an upstream is spared.
pub(crate) fn spared(upstream: Upstream, wait_s: u64) -> ApiError {
    let message = format!("the {} service is unwell and spared", upstream.name());
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "SEAWALL_CIRCUIT_OPEN", message).retry_after(wait_s)
}

/// Our own body's errors come back wrapped in the client's.
fn of_body(error: &(dyn Error + 'static)) -> Option<Fault> {
    if error.is::<LengthLimitError>() {
        return Some(Fault::Body { too_large: true });
    }
    error
        .is::<axum::Error>()
        .then_some(Fault::Body { too_large: false })
}

fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    // The innermost first: a limit is wrapped in a body's error.
    let mut all = vec![error];
    let mut next = error.source();
    while let Some(error) = next {
        all.push(error);
        next = error.source();
    }
    all.into_iter().rev()
}

fn chain(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = sources(error).map(ToString::to_string).collect();
    parts.reverse();
    parts.join(": ")
}
