//! What can go wrong, one enum per stage, and how it is told to the caller.
//!
//! Every error knows its [`Code`] and through it its status, and becomes a [`Report`]: status, headers
//! and PostgREST's body `{code, details, hint, message}`. The texts are part of the protocol. Retired
//! codes stay listed and are never used again. Nothing here logs; the outermost layer does, once.

pub mod auth;
pub mod code;
pub mod database;
pub mod plan;
pub mod report;
pub mod request;
pub mod response;
pub mod service;

pub use auth::AuthError;
pub use code::Code;
pub use database::DatabaseError;
pub use plan::PlanError;
pub use report::{Report, Verbosity};
pub use request::RequestError;
pub use response::ResponseError;
pub use service::ServiceError;

/// Any stage's error.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// The request is malformed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The request does not fit the schema.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The caller is not who it claims to be.
    #[error(transparent)]
    Auth(#[from] AuthError),
    /// PostgreSQL refused.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The outcome is not what the request allowed, or the database wrote an impossible header.
    #[error(transparent)]
    Response(#[from] ResponseError),
    /// The service itself is unwell.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Error {
    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        match self {
            Self::Request(error) => error.report(),
            Self::Plan(error) => error.report(),
            Self::Auth(error) => error.report(),
            Self::Database(error) => error.report(),
            Self::Response(error) => error.report(),
            Self::Service(error) => error.report(),
        }
    }
}
