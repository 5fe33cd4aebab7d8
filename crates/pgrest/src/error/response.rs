//! Errors of the RESPONSE stage: the statement ran, and its outcome must not stand.

use super::{
    code::Code,
    report::Report,
    request::{RangeFault, RequestError},
};

/// Why an outcome is refused. All but the last ask for the transaction to be rolled back.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ResponseError {
    /// Not exactly one row where one object was asked for.
    #[error("Cannot coerce the result to a single JSON object")]
    Singularity {
        /// How many there are.
        rows: i64,
    },
    /// More rows than `max-affected` allows.
    #[error("Query result exceeds max-affected preference constraint")]
    MaxAffected {
        /// How many there are.
        rows: i64,
    },
    /// The planner expects the statement to cost too much.
    #[error("The query is expected to cost {cost:.0}, and {limit:.0} is allowed")]
    QueryCost {
        /// What it is expected to cost.
        cost: f64,
        /// What it may cost.
        limit: f64,
    },
    /// PUT whose body has another primary key than its URL.
    #[error("Payload values do not match URL in primary key column(s)")]
    PutMismatch,
    /// `response.headers` is malformed.
    #[error(
        "response.headers guc must be a JSON array composed of objects with a single key and a string value"
    )]
    GucHeaders,
    /// `response.status` is malformed.
    #[error("response.status guc must be a valid status code")]
    GucStatus,
    /// The range begins beyond the last row.
    #[error("Requested range not satisfiable")]
    OutOfBounds {
        /// The first row asked for.
        lower: i64,
        /// How many there are.
        total: i64,
    },
}

impl ResponseError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Singularity { .. } => Code::Singularity,
            Self::MaxAffected { .. } => Code::MaxAffected,
            Self::QueryCost { .. } => Code::QueryCost,
            Self::PutMismatch => Code::PutMismatch,
            Self::GucHeaders => Code::GucHeaders,
            Self::GucStatus => Code::GucStatus,
            Self::OutOfBounds { .. } => Code::InvalidRange,
        }
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        match *self {
            Self::Singularity { rows } => self
                .plain()
                .details(Some(format!("The result contains {rows} rows"))),
            Self::MaxAffected { rows } => self
                .plain()
                .details(Some(format!("The query affects {rows} rows"))),
            Self::OutOfBounds { lower, total } => {
                RequestError::InvalidRange(RangeFault::OutOfBounds { lower, total }).report()
            }
            Self::QueryCost { .. } | Self::PutMismatch | Self::GucHeaders | Self::GucStatus => self.plain(),
        }
    }

    fn plain(&self) -> Report {
        Report::new(self.code(), self.to_string())
    }
}
