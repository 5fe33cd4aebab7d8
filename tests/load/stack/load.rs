//! The same load for everybody: a few connections, each sending its next request when the last was answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use seawall_e2e::ServerProcess;
use seawall_e2e::measure::processor_seconds;
use tokio::net::TcpStream;

use crate::Outcome;

const CONNECTIONS: usize = 8;

/// Somebody to be measured.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
    pub(crate) path: &'static str,
    pub(crate) token: Option<String>,
    pub(crate) status: u16,
}

/// What one round came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) cpu_us: f64,
}

impl Target {
    pub(crate) fn seawall(name: &'static str, server: &ServerProcess, token: Option<&str>) -> Outcome<Self> {
        Ok(Self {
            name,
            address: server.address(),
            pid: server.pid().ok_or("the server is not running")?,
            path: "/rest/v1/messages?order=.",
            token: token.map(str::to_owned),
            status: 400,
        })
    }

    /// Sends for a span; another answer than the expected ends the benchmark.
    pub(crate) async fn measure(&self, span: Duration) -> Outcome<Figures> {
        let (until, before) = (Instant::now() + span, self.spent()?);
        let senders: Vec<_> = (0..CONNECTIONS)
            .map(|_| tokio::spawn(send(self.request(), until)))
            .collect();
        let mut requests = 0;
        for sender in senders {
            requests += sender.await?.map_err(|error| format!("{}: {error}", self.name))?;
        }
        let used = self.spent()? - before;
        #[expect(clippy::cast_precision_loss, reason = "a count of seconds' worth of requests")]
        let cpu_us = used * 1e6 / requests as f64;
        Ok(Figures { requests, cpu_us })
    }

    fn spent(&self) -> Outcome<f64> {
        Ok(processor_seconds(self.pid).ok_or("the process cannot be read")?)
    }

    fn request(&self) -> Asked {
        Asked {
            address: self.address,
            path: self.path,
            token: self.token.clone(),
            status: self.status,
        }
    }
}

struct Asked {
    address: SocketAddr,
    path: &'static str,
    token: Option<String>,
    status: u16,
}

async fn send(asked: Asked, until: Instant) -> Outcome<u64> {
    let stream = TcpStream::connect(asked.address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let mut requests = 0;
    while Instant::now() < until {
        let mut request = Request::get(asked.path).header(header::HOST, asked.address.to_string());
        if let Some(token) = &asked.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        if response.status().as_u16() != asked.status {
            return Err(format!("answered {}", response.status()).into());
        }
        response.into_body().collect().await?;
        requests += 1;
    }
    Ok(requests)
}
