//! `Server-Timing`: how long each stage took, as measured by the server.

use std::{fmt, time::Duration};

use http::HeaderValue;

/// The stages' durations; a stage that was not reached is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ServerTiming {
    /// Verifying the token.
    pub jwt: Option<Duration>,
    /// Parsing the request.
    pub parse: Option<Duration>,
    /// Planning it.
    pub plan: Option<Duration>,
    /// The transaction.
    pub transaction: Option<Duration>,
    /// Putting the answer together.
    pub response: Option<Duration>,
}

impl ServerTiming {
    /// The header's value, in milliseconds with one decimal.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.to_string()).ok()
    }
}

impl fmt::Display for ServerTiming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages = [
            ("jwt", self.jwt),
            ("parse", self.parse),
            ("plan", self.plan),
            ("transaction", self.transaction),
            ("response", self.response),
        ];
        let mut separator = "";
        for (name, duration) in stages {
            if let Some(duration) = duration {
                let tenths = duration.as_micros() / 100;
                write!(f, "{separator}{name};dur={}.{}", tenths / 10, tenths % 10)?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_milliseconds() {
        let timing = ServerTiming {
            jwt: Some(Duration::from_micros(449)),
            transaction: Some(Duration::from_millis(12)),
            ..ServerTiming::default()
        };
        assert_eq!(timing.to_string(), "jwt;dur=0.4, transaction;dur=12.0");
    }
}
