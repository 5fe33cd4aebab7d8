//! The answer to one request too many: what holds, what a higher tier would give, and where to get it.

use http::StatusCode;
use serde_json::{Value, json};

use super::Decision;
use crate::error::ApiError;

impl Decision {
    /// The 429, or nothing for a request that may pass.
    pub(crate) fn refusal(&self) -> Option<ApiError> {
        if self.admitted {
            return None;
        }
        let wait_s = self.retry_after_s();
        let scope = self
            .standings
            .first()
            .map_or("ip", |nearest| nearest.scope.name());
        let message = format!("too many requests ({scope}); try again in {wait_s} s");
        let limits = json!({
            "current": self.tier.describe(),
            "next": self.next.as_ref().map_or(Value::Null, |tier| tier.describe()),
        });
        let error = ApiError::new(StatusCode::TOO_MANY_REQUESTS, "SEAWALL_RATE_LIMITED", message)
            .retry_after(wait_s)
            .with_extra("scope", scope)
            .with_extra("tier", self.tier.name.as_str())
            .with_extra("limits", limits);
        Some(match &self.upgrade {
            Some(address) if self.next.is_some() => error.with_extra("upgrade", &**address),
            Some(_) | None => error,
        })
    }
}
