//! Promises, for any traffic: what is said to a caller is true, and what must never happen does not.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

#[path = "properties/breaker.rs"]
mod breaker;
#[path = "properties/cache.rs"]
mod cache;
#[path = "properties/early.rs"]
mod early;
#[path = "properties/inflight.rs"]
mod inflight;
#[path = "properties/limits.rs"]
mod limits;
#[path = "properties/outbox.rs"]
mod outbox;
#[path = "properties/stored.rs"]
mod stored;
#[path = "properties/tabs.rs"]
mod tabs;

/// Enough cases to find what is there, few enough for a newcomer's minute; failures are cited in tests, not kept
/// in files.
fn config() -> proptest::test_runner::Config {
    proptest::test_runner::Config {
        cases: 200,
        failure_persistence: None,
        ..Default::default()
    }
}
