//! Promises of the server that need a look behind its answers: what is left on a connection, in a metric, in a
//! session. One program, since linking a server is what costs.

mod bounds;
mod cache;
mod context;
mod dev;
mod dropped;
mod edge;
mod hardening;
mod health;
mod pooler;
mod refusals;
mod reload;
mod stopping;
mod streams;
