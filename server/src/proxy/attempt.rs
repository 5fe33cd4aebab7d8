//! One attempt at an upstream, bounded until its answer begins.

use std::time::Duration;

use axum::body::Body;
use http::{Request, Response};
use hyper::body::Incoming;

use super::client::Upstreams;
use super::fault::Fault;

pub(super) async fn once(
    client: &Upstreams,
    request: Request<Body>,
    limit: Duration,
) -> Result<Response<Incoming>, Fault> {
    match tokio::time::timeout(limit, client.request(request)).await {
        Ok(Ok(response)) => Ok(response),
        Ok(Err(error)) => Err(Fault::of(&error)),
        Err(_) => Err(Fault::TimedOut(limit)),
    }
}
