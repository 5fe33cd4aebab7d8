//! The database of what Seawall itself stores: audit, jobs, partitions' rules.
//!
//! A pool of its own, so that what the server does for itself never waits behind
//! requests, and a role of its own, so that requests can never touch it.

use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::config::ClusterConfig;
use crate::serve::StartError;

const CONNECTIONS: u32 = 5;

/// The pool.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pool: PgPool,
}

impl Store {
    /// Prepares the pool where one is configured; opens nothing.
    ///
    /// # Errors
    /// When the connection string cannot be used.
    pub(crate) fn new(config: &ClusterConfig) -> Result<Option<Self>, StartError> {
        let Some(uri) = &config.store_uri else {
            return Ok(None);
        };
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(5))
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy(uri.expose_secret())
            // The error could repeat the connection string.
            .map_err(|_| StartError::Database("store-database-url cannot be used".to_owned()))?;
        Ok(Some(Self { pool }))
    }

    /// The pool; its sessions' search path is PostgreSQL's default, so tables are named with their schema.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }
}
