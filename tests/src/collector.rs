//! A stand-in for an OpenTelemetry collector: it speaks OTLP over HTTP and keeps what it is sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use tokio::net::TcpListener;

use crate::must;

/// A collector that listens.
pub struct Collector {
    address: SocketAddr,
    spans: Arc<Mutex<Vec<Span>>>,
}

impl Collector {
    /// Starts one.
    pub async fn start() -> Self {
        let listener = must(
            "the collector cannot listen",
            TcpListener::bind("127.0.0.1:0").await,
        );
        let address = must("the collector has no address", listener.local_addr());
        let spans: Arc<Mutex<Vec<Span>>> = Arc::default();
        let kept = Arc::clone(&spans);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                let service = service_fn(move |request| keep(Arc::clone(&kept), request));
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        Self { address, spans }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until so many spans have come, and gives all of them.
    pub async fn spans(&self, at_least: usize) -> Vec<Span> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            let spans = self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if spans.len() >= at_least || Instant::now() > until {
                return spans;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn keep(
    kept: Arc<Mutex<Vec<Span>>>,
    request: hyper::Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, hyper::Error> {
    assert_eq!(request.uri().path(), "/v1/traces");
    let body = request.into_body().collect().await?.to_bytes();
    let batch = must("what came is not OTLP", ExportTraceServiceRequest::decode(body));
    let spans = batch
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extend(spans.flat_map(|scope| scope.spans));
    Ok(hyper::Response::new(Full::new(Bytes::new())))
}
