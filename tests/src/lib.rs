//! End-to-end tests of the server over a real PostgreSQL, and the fixtures they share.
//!
//! [`TestApp`] is a whole server in this process with a database of its own, made from a template that holds
//! the example application; a [`FaultProxy`] stands between the two and breaks what a test asks it to break.
//! Nothing here looks inside the server: requests go through a socket.
//!
//! A fixture that cannot be set up panics with a sentence, since a test can do nothing else.

#![expect(
    clippy::panic,
    reason = "a fixture that cannot be set up ends its test with a sentence"
)]

mod answer;
mod app;
mod collector;
mod database;
mod fault_proxy;
pub mod measure;
mod pooler;
mod port;
mod process;
mod prometheus;
mod redis;
mod request;
mod tls;
mod user;

pub use answer::Answer;
pub use app::{Caller, TestApp, TestAppBuilder};
pub use collector::Collector;
pub use database::Database;
pub use fault_proxy::FaultProxy;
pub use pooler::Pooler;
pub use process::ServerProcess;
pub use prometheus::Prometheus;
pub use redis::TestRedis;
pub use request::Request;
pub use tls::Certificate;
pub use user::{GUEST, HARBOUR, LIGHTHOUSE, OWNER, SECRET, User};

use std::fmt::Display;

/// Ends the test with a sentence.
#[track_caller]
pub(crate) fn fail(sentence: &str) -> ! {
    panic!("{sentence}")
}

/// Takes a value out of a result, or ends the test with a sentence that begins with what was being done.
#[track_caller]
pub(crate) fn must<T, E: Display>(doing: &str, result: Result<T, E>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => fail(&format!("{doing}: {error}")),
    }
}
