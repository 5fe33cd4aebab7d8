//! The seawall server: PostgREST's protocol under limits, row-level security and metrics that cannot be bypassed.
//!
//! [`serve::serve`] takes a validated [`config::Config`] and a listener and gives
//! back a handle. Everything the server knows is in one [`app::App`], built once;
//! there is no global state, so a process may run several servers.

mod active;
pub mod app;
mod audit;
pub mod auth;
pub mod breakers;
mod bus;
mod business;
mod cache;
pub mod cli;
mod client_address;
pub mod clock;
pub mod config;
mod dev;
pub mod error;
mod events;
mod header_values;
mod ingest;
mod instances;
mod limits;
pub mod lint;
mod middleware;
pub mod migrate;
pub mod partitions;
mod plain_path;
mod proxy;
mod queue;
mod redis;
mod reports;
mod rest;
mod router;
mod routes;
pub mod serve;
mod shed;
mod store;
pub mod telemetry;
mod to_its_end;
mod uploads;
mod websocket;
mod wire;

pub use serve::{Handle, serve};
