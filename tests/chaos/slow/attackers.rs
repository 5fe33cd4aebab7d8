//! Clients that hold a connection for as little as they can, and come again when they are cut.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use seawall_e2e::OWNER;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::AbortHandle;

pub(super) const HEADS: usize = 300;
pub(super) const BODIES: usize = 300;
pub(super) const READERS: usize = 50;

/// Between two signs of life, as the usual tools have it.
const PAUSE: Duration = Duration::from_secs(10);

/// What readers ask for: more than the sockets in between hold.
pub(super) const PAGES: &str = "
    insert into messages (room_id, author_id, body)
    select 'aaaaaaaa-0000-4000-8000-000000000001', '11111111-1111-4111-8111-111111111111', repeat('slow ', 380)
    from generate_series(1, 400)";

#[derive(Clone, Copy)]
enum Kind {
    Head,
    Body,
    Reader,
}

/// They go when this is dropped.
pub(super) struct Attackers {
    open: Arc<AtomicUsize>,
    tasks: Vec<AbortHandle>,
}

impl Attackers {
    pub(super) fn start(server: SocketAddr) -> Self {
        let open = Arc::new(AtomicUsize::new(0));
        let kinds = std::iter::repeat_n(Kind::Head, HEADS)
            .chain(std::iter::repeat_n(Kind::Body, BODIES))
            .chain(std::iter::repeat_n(Kind::Reader, READERS));
        let tasks = kinds.enumerate().map(|(number, kind)| {
            let attack = attack_forever(server, kind, number, Arc::clone(&open));
            tokio::spawn(attack).abort_handle()
        });
        Self {
            tasks: tasks.collect(),
            open,
        }
    }

    /// Those that hold a connection now.
    pub(super) fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Drop for Attackers {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn attack_forever(server: SocketAddr, kind: Kind, number: usize, open: Arc<AtomicUsize>) {
    // Nor do they all speak at once.
    let mut pause = PAUSE.mul_f64(f64::from(u32::try_from(number % 100).unwrap_or_default()) / 100.0);
    loop {
        if let Some(stream) = connect(server, kind, number).await {
            open.fetch_add(1, Ordering::Relaxed);
            let _cut = hold(stream, kind, pause).await;
            open.fetch_sub(1, Ordering::Relaxed);
        }
        pause = PAUSE;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// From a few addresses, none of them the good ones'.
async fn connect(server: SocketAddr, kind: Kind, number: usize) -> Option<TcpStream> {
    let socket = TcpSocket::new_v4().ok()?;
    let last = u8::try_from(number % 4).unwrap_or_default() + 2;
    socket.bind((Ipv4Addr::new(127, 0, 0, last), 0).into()).ok()?;
    if matches!(kind, Kind::Reader) {
        socket.set_recv_buffer_size(2048).ok()?;
    }
    socket.connect(server).await.ok()
}

async fn hold(mut stream: TcpStream, kind: Kind, first: Duration) -> std::io::Result<()> {
    stream.write_all(opening(kind).as_bytes()).await?;
    let mut pause = first;
    loop {
        tokio::time::sleep(pause).await;
        pause = PAUSE;
        match kind {
            Kind::Head => stream.write_all(b"X-And: on\r\n").await?,
            Kind::Body => stream.write_all(b" ").await?,
            Kind::Reader => {
                if stream.read(&mut [0; 16]).await? == 0 {
                    return Ok(());
                }
            }
        }
    }
}

fn opening(kind: Kind) -> String {
    let bearer = OWNER.token();
    match kind {
        Kind::Head => "GET /rest/v1/rooms HTTP/1.1\r\nHost: slow\r\n".to_owned(),
        Kind::Body => format!(
            "POST /rest/v1/messages HTTP/1.1\r\nHost: slow\r\nAuthorization: Bearer {bearer}\r\n\
             Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{{"
        ),
        Kind::Reader => format!(
            "GET /rest/v1/messages?select=* HTTP/1.1\r\nHost: slow\r\nAuthorization: Bearer {bearer}\r\n\r\n"
        ),
    }
}
