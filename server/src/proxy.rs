//! Proxy mode: the server in front of a Supabase project or a PostgREST.
//!
//! What passes has been authenticated, counted and bounded like any other request.
//! Bodies stream both ways and are never held whole. One breaker a service stands
//! before its upstream, judged as in the page: by the code in an error's body before
//! the status. Nothing is repeated once a byte of an answer has arrived, nor where
//! repeating could do the work twice.

mod address;
mod attempt;
mod client;
mod credentials;
mod fault;
mod forwarded;
mod handler;
mod headers;
mod judge;
mod pausing;
mod service;

pub(crate) use credentials::{NOBODY, Passing, carries_key, enter as credentials};
pub(crate) use fault::{Fault, spared};
pub(crate) use forwarded::Hop;
pub(crate) use handler::{Mount, Outgoing, answer, pass};
pub(crate) use judge::by_head;
pub(crate) use service::Upstream;

use std::sync::{Mutex, PoisonError};

use http::{HeaderMap, Request, Response};
use hyper::body::Incoming;
use seawall_policy::retry::{Budget, BudgetConfig};

use crate::config::Config;
use crate::serve::StartError;
use crate::uploads::Uploads;
use crate::websocket::Sockets;
use client::Clients;

/// What proxy mode keeps between requests.
pub(crate) struct Proxy {
    clients: Clients,
    pub(crate) sockets: Sockets,
    pub(crate) uploads: Uploads,
    budget: Mutex<Budget>,
}

impl Proxy {
    pub(crate) fn new(config: &Config) -> Result<Self, StartError> {
        Ok(Self {
            clients: Clients::new(&config.proxy)?,
            sockets: Sockets::new(&config.websocket),
            uploads: Uploads::new(&config.uploads),
            budget: Mutex::new(Budget::new(BudgetConfig::default())),
        })
    }

    /// One request that is to become something else than HTTP.
    ///
    /// # Errors
    /// When no answer came.
    pub(crate) async fn switch(
        &self,
        request: Request<axum::body::Body>,
        config: &crate::config::ProxyConfig,
    ) -> Result<Response<Incoming>, Fault> {
        attempt::once(self.clients.switching(), request, config.timeout).await
    }

    fn with_budget<T>(&self, work: impl FnOnce(&mut Budget) -> T) -> T {
        work(&mut self.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes a request's headers those of a request to an upstream.
pub(crate) fn for_upstream(headers: &mut HeaderMap, hop: &Hop) {
    headers::strip_request(headers);
    hop.write(headers);
}

/// Leaves out of an upstream's headers what is between it and us, or ours to say.
pub(crate) fn for_caller(headers: &mut HeaderMap) {
    headers::strip_answer(headers);
}
