//! The pool: created once, bounded, and quick to say no.

use std::time::{Duration, Instant};

use deadpool::managed::{
    Manager, Metrics as Usage, PoolError, QueueMode, RecycleError, RecycleResult, Timeouts,
};
use deadpool::{Runtime, managed};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::connection::Connection;
use crate::config::DatabaseConfig;
use crate::serve::StartError;
use crate::telemetry::Metrics;
use crate::wire::{Wire, WireError};

/// A pool of connections of the login role.
pub(super) type Pool = managed::Pool<Connector>;

/// A connection on loan.
pub(super) type Loan = managed::Object<Connector>;

/// Makes connections.
pub(super) struct Connector {
    config: tokio_postgres::Config,
    tls: Option<MakeRustlsConnect>,
    max_lifetime: Duration,
    pub(super) max_idle: Duration,
    metrics: Metrics,
}

/// Makes the pool; opens nothing.
pub(super) fn build(database: &DatabaseConfig, metrics: Metrics) -> Result<Pool, StartError> {
    let mut config = database
        .driver_config()
        .map_err(|error| StartError::Database(error.to_string()))?;
    let tls = tls_for(&mut config)?;
    let connector = Connector {
        config,
        tls,
        max_lifetime: database.max_lifetime,
        max_idle: database.max_idle,
        metrics,
    };
    Pool::builder(connector)
        .max_size(database.pool_size)
        .timeouts(Timeouts {
            wait: Some(database.acquisition_timeout),
            create: Some(database.connect_timeout),
            recycle: Some(Duration::from_secs(1)),
        })
        // The connection used last has the warmest caches, and the others may grow old and be closed.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .build()
        .map_err(|error| StartError::Database(error.to_string()))
}

/// A connection of an ordinary driver that belongs to no pool.
///
/// # Errors
/// When it cannot be had; says why, without user or password.
pub(crate) async fn connect_apart(mut config: tokio_postgres::Config) -> Result<Client, String> {
    let tls = tls_for(&mut config).map_err(|error| error.to_string())?;
    connect(&config, tls).await.map_err(|error| error.to_string())
}

async fn connect(config: &tokio_postgres::Config, tls: Option<MakeRustlsConnect>) -> Result<Client, Error> {
    match tls {
        Some(tls) => {
            let (client, driver) = config.connect(tls).await?;
            tokio::spawn(drive(driver));
            Ok(client)
        }
        None => {
            let (client, driver) = config.connect(NoTls).await?;
            tokio::spawn(drive(driver));
            Ok(client)
        }
    }
}

/// Lends a connection, and notes how long that took.
pub(super) async fn lend(pool: &Pool) -> Result<Loan, PoolError<WireError>> {
    let started = Instant::now();
    let loan = pool.get().await;
    pool.manager().metrics.pool_wait(started.elapsed());
    loan
}

/// `sslmode=require` verifies the server; left out, so does a server elsewhere, while one on this machine needs no TLS.
fn tls_for(config: &mut tokio_postgres::Config) -> Result<Option<MakeRustlsConnect>, StartError> {
    let wanted = match config.get_ssl_mode() {
        SslMode::Disable => false,
        SslMode::Require => true,
        SslMode::Prefer | _ => !config.get_hosts().iter().all(is_local),
    };
    if !wanted {
        config.ssl_mode(SslMode::Disable);
        return Ok(None);
    }
    config.ssl_mode(SslMode::Require);
    // Somebody else in the process may have chosen a provider; either will do.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (tls, problems) = MakeRustlsConnect::with_native_certs().map_err(|_| {
        StartError::Database("this machine has no certificate authorities to verify it by".to_owned())
    })?;
    for problem in problems {
        tracing::warn!(%problem, "a certificate authority could not be read");
    }
    Ok(Some(tls))
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl Connector {
    /// Opens a connection outside the pool, for listening.
    pub(super) fn config(&self) -> &tokio_postgres::Config {
        &self.config
    }

    pub(super) fn tls(&self) -> Option<MakeRustlsConnect> {
        self.tls.clone()
    }

    /// A connection of an ordinary driver, for what is no request's transaction.
    pub(super) async fn driver(&self) -> Result<Client, Error> {
        connect(&self.config, self.tls.clone()).await
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }
}

impl Manager for Connector {
    type Type = Connection;
    type Error = WireError;

    async fn create(&self) -> Result<Connection, WireError> {
        Wire::connect(&self.config, self.tls.as_ref())
            .await
            .map(Connection::new)
    }

    async fn recycle(&self, connection: &mut Connection, _: &Usage) -> RecycleResult<WireError> {
        connection.wire.hear_out().await.inspect_err(|error| {
            if matches!(error, WireError::Unclean) {
                tracing::warn!("a session could not be reset, and its connection is closed");
                self.metrics.connection_discarded("unclean");
            }
        })?;
        if connection.wire.is_closed() {
            return Err(RecycleError::message("closed by the database"));
        }
        if connection.born.elapsed() > self.max_lifetime {
            return Err(RecycleError::message("too old"));
        }
        Ok(())
    }
}

async fn drive(driver: impl Future<Output = Result<(), Error>>) {
    if let Err(error) = driver.await {
        tracing::debug!(%error, "a connection to the database ended");
    }
}

/// Closes connections that have been idle for long, as long as the server runs.
pub(super) async fn close_idle_forever(pool: &Pool) {
    let max_idle = pool.manager().max_idle;
    loop {
        tokio::time::sleep(max_idle.min(Duration::from_secs(10))).await;
        pool.retain(|_, usage| usage.last_used() < max_idle);
    }
}
