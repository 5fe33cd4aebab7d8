//! Finds out whose request it is, once, for everything that counts, logs or limits by address.

use std::ops::ControlFlow;

use axum::extract::Request;
use axum::response::Response;

use crate::app::App;
use crate::client_address::ClientAddress;
use crate::serve::Peer;

pub(super) fn enter(app: &App, request: &mut Request) -> ControlFlow<Response> {
    let config = &app.config.limits;
    let address = request
        .extensions()
        .get::<Peer>()
        .map_or_else(ClientAddress::default, |peer| {
            ClientAddress::of(
                peer.0.ip(),
                request.headers(),
                config.forwarded_header,
                &config.trusted_proxies,
            )
        });
    request.extensions_mut().insert(address);
    ControlFlow::Continue(())
}
