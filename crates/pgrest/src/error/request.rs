//! Errors of the PARSE stage: the caller's fault, told before the database is asked.

use super::{code::Code, report::Report};

/// Why a request is malformed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// A parameter of the query string.
    #[error("{message}")]
    QueryParameter {
        /// What failed and where.
        message: String,
        /// What was found and what was expected there.
        details: String,
    },
    /// A method functions do not answer.
    #[error("Cannot use the {method} method on RPC")]
    InvalidRpcMethod {
        /// The method.
        method: String,
    },
    /// The body.
    #[error("{message}")]
    InvalidBody {
        /// What is wrong with it.
        message: String,
    },
    /// The range.
    #[error("Requested range not satisfiable")]
    InvalidRange(RangeFault),
    /// A schema that is not exposed.
    #[error("Invalid schema: {schema}")]
    UnacceptableSchema {
        /// The one asked for.
        schema: String,
        /// The ones exposed.
        exposed: Vec<String>,
    },
    /// `limit` or `offset` on PUT.
    #[error("limit/offset querystring parameters are not allowed for PUT")]
    PutRange,
    /// A method nothing answers.
    #[error("Unsupported HTTP method: {method}")]
    UnsupportedMethod {
        /// The method.
        method: String,
    },
    /// Unknown preferences under strict handling.
    #[error("Invalid preferences given with handling=strict")]
    InvalidPreferences {
        /// The preferences, as sent.
        preferences: Vec<String>,
    },
    /// A path of the wrong shape.
    #[error("Invalid path specified in request URL")]
    InvalidPath,
    /// The root, when nothing is there.
    #[error("Root endpoint metadata is disabled")]
    OpenApiDisabled,
}

/// Why a range is impossible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeFault {
    /// `limit` below zero.
    NegativeLimit,
    /// `Range: 9-0`.
    LowerAboveUpper,
    /// Beyond the last row; found out only once the rows are counted.
    OutOfBounds {
        /// The first row asked for.
        lower: i64,
        /// How many there are.
        total: i64,
    },
}

impl RequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::QueryParameter { .. } => Code::QueryParameter,
            Self::InvalidRpcMethod { .. } => Code::InvalidRpcMethod,
            Self::InvalidBody { .. } => Code::InvalidBody,
            Self::InvalidRange(_) => Code::InvalidRange,
            Self::UnacceptableSchema { .. } => Code::UnacceptableSchema,
            Self::PutRange => Code::PutRange,
            Self::UnsupportedMethod { .. } => Code::UnsupportedMethod,
            Self::InvalidPreferences { .. } => Code::InvalidPreferences,
            Self::InvalidPath => Code::InvalidPath,
            Self::OpenApiDisabled => Code::OpenApiDisabled,
        }
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(self.code(), self.to_string())
            .details(self.details())
            .hint(self.hint())
    }

    fn details(&self) -> Option<String> {
        match self {
            Self::QueryParameter { details, .. } => Some(details.clone()),
            Self::InvalidRange(fault) => Some(fault.details()),
            Self::InvalidPreferences { preferences } => {
                Some(format!("Invalid preferences: {}", preferences.join(", ")))
            }
            Self::InvalidRpcMethod { .. }
            | Self::InvalidBody { .. }
            | Self::UnacceptableSchema { .. }
            | Self::PutRange
            | Self::UnsupportedMethod { .. }
            | Self::InvalidPath
            | Self::OpenApiDisabled => None,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::UnacceptableSchema { exposed, .. } => Some(format!(
                "Only the following schemas are exposed: {}",
                exposed.join(", ")
            )),
            Self::QueryParameter { .. }
            | Self::InvalidRpcMethod { .. }
            | Self::InvalidBody { .. }
            | Self::InvalidRange(_)
            | Self::PutRange
            | Self::UnsupportedMethod { .. }
            | Self::InvalidPreferences { .. }
            | Self::InvalidPath
            | Self::OpenApiDisabled => None,
        }
    }
}

impl RangeFault {
    fn details(self) -> String {
        match self {
            Self::NegativeLimit => "Limit should be greater than or equal to zero.".to_owned(),
            Self::LowerAboveUpper => {
                "The lower boundary must be lower than or equal to the upper boundary in the Range header."
                    .to_owned()
            }
            Self::OutOfBounds { lower, total } => {
                format!("An offset of {lower} was requested, but there are only {total} rows.")
            }
        }
    }
}
