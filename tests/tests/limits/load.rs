//! One user who never stops asking, and an exact account of what was let through and when.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// Counted like any other, and answered 404 from the schema cache: what is asked here is the limit alone.
const PATH: &str = "/rest/v1/no_such_table";

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) sent: Instant,
    pub(crate) heard: Instant,
    pub(crate) status: u16,
    pub(crate) is_degraded: bool,
}

/// A connection that broke, which no test here makes it do.
pub(crate) type Broken = Box<dyn std::error::Error + Send + Sync>;

/// Requests under way.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Result<Vec<Seen>, Broken>>>,
}

/// What came of them.
pub(crate) struct Account {
    seen: Vec<Seen>,
}

impl Load {
    /// Asks each server over so many connections, one request after the other with a pause between.
    pub(crate) fn start(servers: &[SocketAddr], connections: usize, token: &str, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let clients = servers
            .iter()
            .flat_map(|server| std::iter::repeat_n(*server, connections))
            .map(|server| tokio::spawn(ask(server, token.to_owned(), pause, Arc::clone(&stop))))
            .collect();
        Self { stop, clients }
    }

    /// Stops asking.
    pub(crate) async fn stop(self) -> Result<Account, Broken> {
        self.stop.store(true, Ordering::Relaxed);
        let mut seen = Vec::new();
        for client in self.clients {
            seen.extend(client.await??);
        }
        seen.sort_by_key(|seen| seen.heard);
        Ok(Account { seen })
    }
}

async fn ask(
    server: SocketAddr,
    token: String,
    pause: Duration,
    stop: Arc<AtomicBool>,
) -> Result<Vec<Seen>, Broken> {
    let mut seen = Vec::new();
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    while !stop.load(Ordering::Relaxed) {
        let request = Request::get(PATH)
            .header(header::HOST, server.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .body(Empty::<Bytes>::new())?;
        let sent = Instant::now();
        let response = sender.send_request(request).await?;
        let (head, body) = response.into_parts();
        body.collect().await?;
        seen.push(Seen {
            sent,
            heard: Instant::now(),
            status: head.status.as_u16(),
            is_degraded: head.headers.get("x-seawall-limiter").is_some(),
        });
        tokio::time::sleep(pause).await;
    }
    connection.abort();
    Ok(seen)
}

impl Account {
    /// Requests that were let through; whatever became of them, they passed the limit.
    pub(crate) fn passed(&self) -> usize {
        self.passed_in(Duration::ZERO, Duration::MAX)
    }

    /// Those that were let through between two moments since the first was sent.
    pub(crate) fn passed_in(&self, from: Duration, to: Duration) -> usize {
        let start = self.start();
        let is_within = |seen: &&Seen| {
            let at = seen.heard.duration_since(start);
            seen.status != 429 && at >= from && at < to
        };
        self.seen.iter().filter(is_within).count()
    }

    /// Whether any answer between two moments was given without Redis.
    pub(crate) fn is_degraded_in(&self, from: Duration, to: Duration) -> bool {
        let start = self.start();
        self.seen.iter().any(|seen| {
            let at = seen.heard.duration_since(start);
            seen.is_degraded && at >= from && at < to
        })
    }

    /// Whether most answers between two moments were given with Redis.
    pub(crate) fn is_shared_in(&self, from: Duration, to: Duration) -> bool {
        let start = self.start();
        let is_within = |seen: &&Seen| (from..to).contains(&seen.heard.duration_since(start));
        let (mut all, mut alone) = (0, 0);
        for seen in self.seen.iter().filter(is_within) {
            all += 1;
            alone += usize::from(seen.is_degraded);
        }
        alone * 2 < all
    }

    /// Answers in all.
    pub(crate) fn answers(&self) -> usize {
        self.seen.len()
    }

    /// From before the first request to after the last answer.
    pub(crate) fn lasted(&self) -> Duration {
        let end = self.seen.last().map_or_else(Instant::now, |last| last.heard);
        end.duration_since(self.start())
    }

    /// The most that an exact limit lets through in that time.
    pub(crate) fn most(&self, burst: u32, per_second: u32) -> f64 {
        f64::from(burst) + f64::from(per_second) * self.lasted().as_secs_f64()
    }

    /// What a single exact limiter would have let through of the very same requests, had it seen each when it was sent.
    pub(crate) fn ideal(&self, burst: u32, per_second: u32) -> u32 {
        let mut sent: Vec<f64> = self
            .seen
            .iter()
            .map(|seen| seen.sent.duration_since(self.start()).as_secs_f64())
            .collect();
        sent.sort_by(f64::total_cmp);
        let (mut left, mut last, mut passed) = (f64::from(burst), 0.0, 0);
        for at in sent {
            left = f64::from(burst).min(left + (at - last) * f64::from(per_second));
            last = at;
            if left >= 1.0 {
                left -= 1.0;
                passed += 1;
            }
        }
        passed
    }

    /// One line for whoever reads the test's output.
    pub(crate) fn tell(&self, what: &str, burst: u32, per_second: u32) {
        println!(
            "{what}: {} of {} passed in {:.2} s; bound {:.1}, ideal {}",
            self.passed(),
            self.answers(),
            self.lasted().as_secs_f64(),
            self.most(burst, per_second),
            self.ideal(burst, per_second),
        );
    }

    fn start(&self) -> Instant {
        let first = self.seen.iter().map(|seen| seen.sent).min();
        first.unwrap_or_else(Instant::now)
    }
}
