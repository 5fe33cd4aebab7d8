//! Accepting connections, and stopping without dropping what is under way.

mod connection;
mod guard;
mod head;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::App;
use crate::config::{Config, ConfigError};
use crate::telemetry::Traces;
use crate::{bus, instances, rest, router};

/// How long callers of a server that is configured as a PostgREST wait for its first schema cache.
const FIRST_LOAD: Duration = Duration::from_secs(10);

/// Marks an answer that must not be sent: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vanish;

/// The address of the peer, as extension of each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refused something else.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
    /// Traces cannot be sent.
    #[error("cannot prepare the sending of traces: {0}")]
    Traces(String),
    /// The connection to Redis cannot be set up.
    #[error("cannot prepare the connection to Redis: {0}")]
    Redis(String),
    /// The connections to the database cannot be set up.
    #[error("cannot prepare the connections to the database: {0}")]
    Database(String),
}

/// A running server. Dropping it lets the server run on; [`Handle::shutdown`] ends it.
pub struct Handle {
    address: SocketAddr,
    admin: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    traces: Option<Traces>,
}

impl Handle {
    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where health and metrics are served alone, if anywhere.
    #[must_use]
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin
    }

    /// Stops accepting, lets requests finish within the drain timeout, and returns.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a server task ended badly");
            }
        }
        if let Some(traces) = self.traces {
            traces.shutdown().await;
        }
    }
}

/// Binds the configured address.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })
}

/// Starts a server on a listener and returns at once; the schema cache loads meanwhile.
///
/// # Errors
/// When the configuration is refused or the second listener cannot be bound.
pub async fn serve(config: Config, listener: TcpListener) -> Result<Handle, StartError> {
    let admin_address = config.server.admin;
    let app = App::new(config)?;
    let (stop, stopped) = watch::channel(false);
    let address = listener.local_addr()?;
    let mut tasks = vec![
        tokio::spawn(accept(
            app.clone(),
            listener,
            router::service(&app),
            stopped.clone(),
        )),
        tokio::spawn(rest::keep_loaded(app.clone(), stopped.clone())),
        tokio::spawn(bus::run(app.clone(), stopped.clone())),
        tokio::spawn(instances::run(app.clone(), stopped.clone())),
    ];
    let mut admin = None;
    if let Some(wanted) = admin_address {
        let listener = bind(wanted).await?;
        admin = Some(listener.local_addr()?);
        tasks.push(tokio::spawn(accept(
            app.clone(),
            listener,
            router::admin(&app),
            stopped,
        )));
    }
    Ok(Handle {
        address,
        admin,
        stop,
        tasks,
        traces: app.traces.clone(),
    })
}

async fn accept(app: App, listener: TcpListener, router: axum::Router, mut stopped: watch::Receiver<bool>) {
    if app.config.postgrest {
        // PostgREST opens its socket when its schema cache is loaded, and programs that start one rely on it.
        rest::first_load(&app, FIRST_LOAD).await;
    }
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let served = connection::serve(app.clone(), stream, peer, router.clone(), stopped.clone());
                    connections.spawn(served);
                }
                Err(error) => {
                    // Out of file descriptors, most likely: give the others time to close theirs.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(app.config.server.drain_timeout, drained)
        .await
        .is_err()
    {
        tracing::warn!("requests were cut off: the drain timeout has passed");
    }
}
