//! Accepting connections, and stopping without dropping what is under way.

mod census;
mod connection;
mod framing;
mod guard;
mod pace;
mod shape;
mod stream;
mod tls;
mod traffic;

pub(crate) use pace::Pace;

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::app::App;
use crate::config::{Config, ConfigError};
use crate::lint::Refused;
use crate::migrate::MigrateError;
use crate::telemetry::Traces;
use crate::{
    active, audit, auth, bus, business, cache, instances, limits, migrate, partitions, queue, rest, router,
    telemetry, websocket,
};
use census::{Census, Full};
use connection::Serving;
use tls::Tls;

/// Connections the system may hold for us before they are accepted.
const BACKLOG: i32 = 1024;

/// How long a connection over a cap is given to hear so.
const FAREWELL: Duration = Duration::from_millis(200);

/// How long callers of a server that is configured as a PostgREST wait for its first schema cache.
const FIRST_LOAD: Duration = Duration::from_secs(10);

/// Marks an answer that must not be sent: the connection is dropped instead.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Vanish;

/// The address of the peer, as extension of each request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// The request came over TLS of our own, as extension of the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encrypted;
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
    /// Certificate or key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// The system refused something else.
    #[error("cannot start: {0}")]
    Io(#[from] std::io::Error),
    /// Traces cannot be sent.
    #[error("cannot prepare the sending of traces: {0}")]
    Traces(String),
    /// The connection to Redis cannot be set up.
    #[error("cannot prepare the connection to Redis: {0}")]
    Redis(String),
    /// Seawall's own schema could not be brought up to date.
    #[error("cannot migrate: {0}")]
    Migrate(#[from] MigrateError),
    /// The database is not safe to serve.
    #[error("{0}")]
    Unsafe(String),
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
pub async fn bind(config: &Config) -> Result<TcpListener, StartError> {
    let (address, connections) = (config.server.listen, &config.connections);
    let sharing = if connections.reuse_port || connections.accept_loops > 1 {
        Sharing::Shared
    } else {
        Sharing::Alone
    };
    listen(address, sharing)
}

/// Whether others may listen on the same address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sharing {
    Alone,
    /// Other sockets too, of this process and of others of the same user; the system spreads connections over them.
    Shared,
}

fn listen(address: SocketAddr, sharing: Sharing) -> Result<TcpListener, StartError> {
    open(address, sharing).map_err(|source| StartError::Listen { address, source })
}

fn open(address: SocketAddr, sharing: Sharing) -> std::io::Result<TcpListener> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    #[cfg(unix)]
    {
        socket.set_reuse_address(true)?;
        socket.set_reuse_port(sharing == Sharing::Shared)?;
    }
    #[cfg(not(unix))]
    let _ = sharing;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Starts a server on a listener and returns at once; the schema cache loads meanwhile.
///
/// # Errors
/// When the configuration is refused or a further listener cannot be bound.
pub async fn serve(config: Config, listener: TcpListener) -> Result<Handle, StartError> {
    let admin_address = config.server.admin;
    migrate::at_start(&config).await?;
    let app = App::new(config)?;
    match app.gate.pass(&app).await {
        Err(unsafe_to_serve @ Refused::Unsafe(_)) => {
            return Err(StartError::Unsafe(unsafe_to_serve.to_string()));
        }
        Err(unchecked @ Refused::Unchecked(_)) => {
            tracing::warn!("{unchecked}; nothing is served until it is");
        }
        Ok(()) => {}
    }
    let (stop, stopped) = watch::channel(false);
    let address = listener.local_addr()?;
    let tls = app.config.connections.tls.as_ref().map(Tls::load).transpose();
    let serving = Serving {
        app: app.clone(),
        router: router::service(&app),
        tls: tls.map_err(StartError::Tls)?,
        stopped: stopped.clone(),
    };
    let mut tasks = vec![
        tokio::spawn(telemetry::keep_small(app.clone(), stopped.clone())),
        tokio::spawn(cache::run(app.clone(), stopped.clone())),
        tokio::spawn(partitions::keep(app.clone(), stopped.clone())),
        tokio::spawn(rest::keep_loaded(app.clone(), stopped.clone())),
        tokio::spawn(bus::run(app.clone(), stopped.clone())),
        tokio::spawn(active::share(app.clone(), stopped.clone())),
        tokio::spawn(business::run(app.clone(), stopped.clone())),
        tokio::spawn(instances::run(app.clone(), stopped.clone())),
        tokio::spawn(websocket::close_in_the_end(app.clone(), stopped.clone())),
        tokio::spawn(queue::run(app.clone(), stopped.clone())),
        tokio::spawn(limits::keep_contact(app.clone(), stopped.clone())),
        tokio::spawn(limits::reload_on_hangup(app.clone(), stopped.clone())),
        tokio::spawn(audit::run(app.clone(), stopped.clone())),
        tokio::spawn(auth::keep_keys(app.clone(), stopped.clone())),
        tokio::spawn(auth::follow_revocations(app.clone(), stopped.clone())),
    ];
    if let Some(tls) = serving.tls.clone() {
        tasks.push(tokio::spawn(until(stopped, tls.follow())));
    }
    let census = Census::new(&app.config.connections, &app.config.limits.trusted_proxies);
    let more = (1..app.config.connections.accept_loops).map(|_| listen(address, Sharing::Shared));
    for listener in std::iter::once(Ok(listener)).chain(more) {
        tasks.push(tokio::spawn(accept(serving.clone(), listener?, census.clone())));
    }
    let mut admin = None;
    if let Some(wanted) = admin_address {
        let listener = listen(wanted, Sharing::Alone)?;
        admin = Some(listener.local_addr()?);
        let serving = Serving {
            router: router::admin(&app),
            tls: None,
            ..serving
        };
        // Operators get in however full it is elsewhere.
        let census = Census::new(&app.config.connections, &[]);
        tasks.push(tokio::spawn(accept(serving, listener, census)));
    }
    Ok(Handle {
        address,
        admin,
        stop,
        tasks,
        traces: app.traces.clone(),
    })
}

async fn until(mut stopped: watch::Receiver<bool>, work: impl Future<Output = ()>) {
    tokio::select! {
        () = work => {}
        _ = stopped.changed() => {}
    }
}

async fn accept(serving: Serving, listener: TcpListener, census: Census) {
    let (app, mut stopped) = (serving.app.clone(), serving.stopped.clone());
    if app.config.postgrest {
        // PostgREST opens its socket when its schema cache is loaded, and programs that start one rely on it.
        rest::first_load(&app, FIRST_LOAD).await;
    }
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let place = census.admit(peer.ip());
                    app.metrics.connections(census.total());
                    match place {
                        Ok(place) => {
                            let served = serving.clone().serve(stream, peer);
                            let app = app.clone();
                            let census = census.clone();
                            connections.spawn(async move {
                                served.await;
                                drop(place);
                                app.metrics.connections(census.total());
                            });
                        }
                        Err(full) => refuse(&serving, stream, full),
                    }
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

/// Says so where that costs nothing, and closes: a handshake for a refusal would be what the attacker wants.
fn refuse(serving: &Serving, mut stream: TcpStream, full: Full) {
    serving.app.metrics.refused(full.name());
    if serving.tls.is_some() {
        return;
    }
    let body = r#"{"code":"SEAWALL_CONNECTIONS","details":null,"hint":null,"message":"too many connections","retryAfter":1}"#;
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json; charset=utf-8\r\n\
         content-length: {}\r\nretry-after: 1\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(tokio::time::timeout(FAREWELL, async move {
        // The peer may be gone already; then there is nobody to tell.
        let _ = stream.write_all(answer.as_bytes()).await;
        let _ = stream.shutdown().await;
        // Closing with bytes unread would reset the connection and could take the answer with it.
        while stream.read(&mut [0; 1024]).await.is_ok_and(|count| count > 0) {}
    }));
}
