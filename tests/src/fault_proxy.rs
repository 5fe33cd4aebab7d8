//! A proxy between the server and PostgreSQL that breaks the connection in the ways networks do.
//!
//! It lives on a thread of its own: when a test's runtime has stopped, connections that were just
//! being opened must still end, or PostgreSQL waits a minute for each to say who it is.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::must;

/// What the proxy does with bytes and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Pass,
    Refuse,
    Stall,
    Delay(Duration),
}

/// What the connections are told: how to behave, and a number that changes when all must end.
#[derive(Clone, Copy, Debug)]
struct Order {
    mode: Mode,
    generation: u64,
    /// Changes when what is said on the connections of the time before is swallowed.
    forgotten: u64,
}

/// A TCP proxy; dropped, it and its connections are gone.
pub struct FaultProxy {
    address: SocketAddr,
    orders: watch::Sender<Order>,
}

impl FaultProxy {
    /// Begins to pass connections on to the given address.
    pub fn start(upstream: String) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0");
        let listener = must("the proxy cannot listen", listener);
        must("the proxy cannot listen", listener.set_nonblocking(true));
        let address = must("the proxy has no address", listener.local_addr());
        let (orders, received) = watch::channel(Order {
            mode: Mode::Pass,
            generation: 0,
            forgotten: 0,
        });
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            must("the proxy's runtime", runtime).block_on(async {
                let listener = must("the proxy cannot listen", TcpListener::from_std(listener));
                accept(listener, address, upstream, received).await;
            });
        });
        Self { address, orders }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Passes everything on, as at the beginning.
    pub fn pass(&self) {
        self.set(Mode::Pass);
    }

    /// Ends every connection and refuses new ones: the database is gone.
    pub fn refuse(&self) {
        self.set(Mode::Refuse);
        self.cut();
    }

    /// Holds every byte back, on old connections and new ones: the network swallows packets.
    pub fn stall(&self) {
        self.set(Mode::Stall);
    }

    /// Delays every piece that passes, each way.
    pub fn delay(&self, span: Duration) {
        self.set(Mode::Delay(span));
    }

    /// Forgets every connection there is without a word, as a router does that loses its table; new ones are welcome.
    pub fn forget(&self) {
        self.orders.send_modify(|order| order.forgotten += 1);
    }

    /// Ends every connection there is; new ones are welcome.
    pub fn cut(&self) {
        self.orders.send_modify(|order| order.generation += 1);
    }

    fn set(&self, mode: Mode) {
        self.orders.send_modify(|order| order.mode = mode);
    }
}

// Refusing means not listening: what accepts and then closes looks like another fault.
async fn accept(
    first: TcpListener,
    address: SocketAddr,
    upstream: String,
    mut orders: watch::Receiver<Order>,
) {
    let mut listener = Some(first);
    loop {
        let refusing = orders.borrow_and_update().mode == Mode::Refuse;
        if refusing {
            listener = None;
            if orders.changed().await.is_err() {
                return;
            }
            continue;
        }
        if listener.is_none() {
            listener = Some(must(
                "the proxy cannot listen again",
                TcpListener::bind(address).await,
            ));
        }
        let Some(listening) = &listener else { continue };
        tokio::select! {
            accepted = listening.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(stream, upstream.clone(), orders.clone()));
                }
            }
            changed = orders.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

async fn serve(client: TcpStream, upstream: String, orders: watch::Receiver<Order>) {
    let Ok(server) = TcpStream::connect(&upstream).await else {
        return;
    };
    let _buffered_if_refused = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_read, client_write) = client.into_split();
    let (server_read, server_write) = server.into_split();
    let mut ending = orders.clone();
    let generation = ending.borrow_and_update().generation;
    tokio::select! {
        () = pump(client_read, server_write, orders.clone()) => {}
        () = pump(server_read, client_write, orders) => {}
        // Also when the proxy is dropped, and with it whoever gives orders.
        _ended = ending.wait_for(|order| order.generation != generation) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut orders: watch::Receiver<Order>,
) {
    let mut buffer = vec![0; 16 * 1024];
    let forgotten = orders.borrow().forgotten;
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let order = *orders.borrow_and_update();
        if order.forgotten != forgotten {
            continue;
        }
        match order.mode {
            Mode::Pass | Mode::Refuse => {}
            Mode::Delay(span) => tokio::time::sleep(span).await,
            Mode::Stall => {
                if orders.wait_for(|order| order.mode != Mode::Stall).await.is_err() {
                    return;
                }
            }
        }
        let piece = buffer.get(..length).unwrap_or_default();
        if to.write_all(piece).await.is_err() {
            return;
        }
    }
}
