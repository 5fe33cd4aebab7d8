//! Errors that are nobody's request's fault: the database or the way to it is unwell.

use super::{code::Code, report::Report};

/// Why nothing can be answered now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// No connection could be made. What the driver says about it is for the log, not for callers.
    #[error("Database connection error.")]
    Connection,
    /// The connection broke under way.
    #[error("Database client error. Retrying the connection.")]
    Client,
    /// The schema cache has not been loaded.
    #[error("Could not query the database for the schema cache. Retrying.")]
    NoSchemaCache,
    /// The pool is exhausted.
    #[error("Timed out acquiring connection from connection pool.")]
    PoolTimeout,
    /// The database answered in a shape nobody asked for.
    #[error("The database's answer could not be understood.")]
    Internal,
}

impl ServiceError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Connection => Code::Connection,
            Self::Client => Code::Client,
            Self::NoSchemaCache => Code::NoSchemaCache,
            Self::PoolTimeout => Code::PoolTimeout,
            Self::Internal => Code::Internal,
        }
    }

    /// How this is told to the caller.
    #[must_use]
    pub fn report(&self) -> Report {
        Report::new(self.code(), self.to_string())
    }
}
