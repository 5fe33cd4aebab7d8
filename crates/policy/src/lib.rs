//! Traffic policies without I/O: circuit breaker, limits, retries, classification, one call's life.

pub mod breaker;
pub mod call;
pub mod class;
pub mod error;
pub mod event;
pub mod limit;
pub mod policy;
pub mod retry;
pub mod rng;
#[cfg(feature = "scenario")]
pub mod scenario;
pub mod time;
