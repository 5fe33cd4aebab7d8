//! A stand-in for the services behind the server. It is none of them: it answers what a test asks it to answer,
//! remembers what came, and speaks as much of storage's and realtime's protocols as the tests need.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;

use crate::project::{realtime, storage};

pub(crate) type Body = BoxBody<Bytes, Infallible>;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: usize,
    /// The beginning of its body.
    pub(crate) body: Bytes,
}

/// A running stand-in.
pub(crate) struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: tokio::task::JoinHandle<()>,
}

/// What its connections share.
#[derive(Default)]
pub(crate) struct Shared {
    seen: Mutex<Vec<Seen>>,
    pub(crate) storage: storage::Storage,
    connections: Mutex<usize>,
}

impl StandIn {
    pub(crate) async fn start() -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    pub(crate) fn on(listener: TcpListener) -> Self {
        let shared = Arc::<Shared>::default();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            task,
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.shared
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What came last.
    pub(crate) fn last(&self) -> Seen {
        self.seen().pop().expect("nothing came")
    }

    /// Connections accepted so far.
    pub(crate) fn connections(&self) -> usize {
        *self
            .shared
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        *shared.connections.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| answer(Arc::clone(&shared), request));
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        connections.spawn(connection);
    }
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Result<Response<Body>, io::Error> {
    if request.headers().contains_key("upgrade") {
        return Ok(realtime::open(request));
    }
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let (bytes, beginning) = drain(body).await?;
    let seen = Seen {
        method: head.method.clone(),
        path: head.uri.to_string(),
        headers: head.headers.clone(),
        bytes,
        body: beginning,
    };
    shared
        .seen
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(seen.clone());
    if path.starts_with("/storage/v1") {
        return Ok(shared.storage.answer(&head, &path, &seen));
    }
    let (_, what) = path
        .rsplit_once("/v1/")
        .unwrap_or(("", path.trim_start_matches('/')));
    let what: Vec<&str> = what.split('/').collect();
    match *what.as_slice() {
        ["status", status, code] => Ok(text(
            status.parse().unwrap(),
            json!({"code": code, "message": "as you wished"}).to_string(),
        )),
        ["vanish"] => Err(io::Error::other("as you wished")),
        ["hang"] => std::future::pending().await,
        ["drip", count] => Ok(drip(count.parse().unwrap(), Duration::from_millis(30))),
        ["stall"] => Ok(drip(2, Duration::from_secs(3600))),
        ["large", mebibytes] => Ok(large(mebibytes.parse().unwrap())),
        ["moved"] => {
            let host = head.headers["host"].to_str().unwrap();
            let mut response = text(302, String::new());
            let location = format!("http://{host}{}/there?a=b", path.trim_end_matches("/moved"));
            response
                .headers_mut()
                .insert("location", location.parse().unwrap());
            Ok(response)
        }
        _ => Ok(echo(&seen)),
    }
}

/// Counts a body and keeps its beginning.
async fn drain(mut body: Incoming) -> Result<(usize, Bytes), io::Error> {
    let (mut count, mut beginning) = (0, Vec::new());
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(io::Error::other)?.into_data().unwrap_or_default();
        count += data.len();
        if beginning.len() < 1 << 20 {
            beginning.extend_from_slice(&data);
        }
    }
    Ok((count, beginning.into()))
}

fn echo(seen: &Seen) -> Response<Body> {
    let headers: serde_json::Map<String, serde_json::Value> = seen
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().into()))
        .collect();
    let body =
        json!({"method": seen.method.as_str(), "path": seen.path, "headers": headers, "bytes": seen.bytes});
    let mut response = text(200, body.to_string());
    let own = [
        ("connection", "x-hop"),
        ("x-hop", "of one connection"),
        ("access-control-allow-origin", "https://of-the-upstream.example"),
        ("x-request-id", "of-the-upstream"),
        ("alt-svc", "h3=\":443\""),
        ("x-kept", "yes"),
    ];
    for (name, value) in own {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// A short answer of JSON.
pub(crate) fn text(status: u16, body: String) -> Response<Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body)).boxed())
        .unwrap()
}

fn drip(count: usize, pause: Duration) -> Response<Body> {
    let drops = stream::unfold(0, move |sent| async move {
        if sent == count {
            return None;
        }
        if sent > 0 {
            tokio::time::sleep(pause).await;
        }
        let drop = Bytes::from(format!("drop {sent}\n"));
        Some((Ok::<_, Infallible>(Frame::data(drop)), sent + 1))
    });
    Response::new(StreamBody::new(drops).boxed())
}

fn large(mebibytes: usize) -> Response<Body> {
    let piece = Bytes::from(vec![b'x'; 64 << 10]);
    let pieces =
        stream::iter((0..mebibytes * 16).map(move |_| Ok::<_, Infallible>(Frame::data(piece.clone()))));
    Response::new(StreamBody::new(pieces).boxed())
}
