//! Traffic policies without I/O: circuit breaker, limits, retries, classification, one call's life.

pub mod breaker;
pub mod class;
pub mod error;
pub mod event;
pub mod limit;
pub mod retry;
pub mod rng;
pub mod time;
